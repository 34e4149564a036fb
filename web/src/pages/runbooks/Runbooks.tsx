import { Button, Menu } from "@mantine/core";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import type { Search } from "@/address";
import { type Brief, useRunbooks } from "@/api/runbooks";
import { useSession } from "@/api/session";
import { Drilled } from "@/pages/runbooks/Drilled";
import { platformWord, sieved, undoWord } from "@/pages/runbooks/words";
import { Chip, WordChip } from "@/parts/Chip";
import { Icon } from "@/parts/Icon";
import { counted } from "@/parts/names";
import { Risk } from "@/parts/Risk";
import { Empty, Failure, Skeleton } from "@/parts/States";
import table from "@/parts/Table.module.css";
import { Page } from "@/shell/Page";
import styles from "./Runbooks.module.css";

/** What can be run: the prebuilt runbooks, or those of a company with what it wants otherwise. */
export default function Runbooks() {
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const { companies } = useSession();
  const company = companies.find((one) => one.id === search.company);
  const { data, error, refetch } = useRunbooks(company?.id ?? null);
  const set = (more: Search) => void navigate({ to: ".", search: { ...search, ...more } as never });
  const shown = sieved(data?.items ?? [], search);
  return (
    <Page title="Runbooks">
      <div className={styles.bar}>
        <Chip title="Of" value={company?.name ?? "the product"} set={company !== undefined}>
          <Menu.Item onClick={() => set({ company: undefined })}>The product: the prebuilt ones</Menu.Item>
          {companies.map((one) => <Menu.Item key={one.id} onClick={() => set({ company: one.id })}>{one.name}</Menu.Item>)}
        </Chip>
        <Chip title="Platform" value={search.platform ? platformWord(search.platform) : "any"} set={Boolean(search.platform)}>{[undefined, "linux", "windows"].map((one) => <Menu.Item key={one ?? ""} onClick={() => set({ platform: one })}>{one ? platformWord(one) : "Any"}</Menu.Item>)}</Chip>
        <Chip title="Risk" value={search.risk ?? "any"} set={Boolean(search.risk)}>{[undefined, "low", "medium", "high"].map((one) => <Menu.Item key={one ?? ""} onClick={() => set({ risk: one })}>{one ?? "Any"}</Menu.Item>)}</Chip>
        <WordChip title="Name" hint="In its name, title or summary" value={search.q} onSet={(q) => set({ q })} />
        {data ? <span className="dim">{counted(shown.length, "runbook")}{shown.length < data.items.length ? ` of ${data.items.length}` : ""}</span> : null}
      </div>
      {error && !data ? <Failure what="Runbooks" failure={error} again={() => void refetch()} /> : null}
      {!data && !error ? <Skeleton rows={10} height={48} /> : null}
      {data ? <Broken broken={data.broken} /> : null}
      {data && shown.length === 0 ? <Empty title="No runbook fits." action={<Button onClick={() => set({ q: undefined, platform: undefined, risk: undefined })}>Show all</Button>} /> : null}
      {shown.length ? <RunbookTable items={shown} company={company?.id} /> : null}
    </Page>
  );
}

/** Those that cannot be used, and why: what is wanted otherwise may be what made one safe. */
export function Broken({ broken }: { broken: Record<string, string> }) {
  return <>{Object.entries(broken).map(([slug, why]) => <p key={slug} className={styles.broken} role="status"><Icon name="warning" size={14} /> <span><b>{slug}</b> cannot be used: {why}</span></p>)}</>;
}

/** Runbooks as rows; `acts` has what may be done to each. */
export function RunbookTable({ items, company, acts }: { items: readonly Brief[]; company?: string | undefined; acts?: (one: Brief) => React.ReactNode }) {
  const apart = items.some((one) => one.own || one.disabled);
  return (
    <table className={`${table.table} ${styles.rows}`}>
      <thead><tr><th>Runbook</th><th>Risk</th><th>Platform</th><th>Undo</th><th>Drill</th>{apart ? <th>Here</th> : null}{acts ? <th><span className="visually-hidden">What to do</span></th> : null}</tr></thead>
      <tbody>{items.map((one) => (
        <tr key={one.slug}>
          <td className={styles.what}><Link to="/runbooks/$slug" params={{ slug: one.slug }} search={(company ? { company } : {}) as never}>{one.title}</Link><p className="small">{one.summary}</p></td>
          <td><Risk risk={one.risk} /></td>
          <td>{platformWord(one.platform)}</td>
          <td><span className={styles.tag} data-tone={one.changes && !one.can_be_undone ? "medium" : undefined} title={one.irreversible || undefined}>{undoWord(one)}</span></td>
          <td><Drilled drill={one.drill} /></td>
          {apart ? <td>{[one.own ? "its own" : "", one.disabled ? "switched off" : ""].filter(Boolean).join(", ")}</td> : null}
          {acts ? <td className={table.right}>{acts(one)}</td> : null}
        </tr>
      ))}</tbody>
    </table>
  );
}
