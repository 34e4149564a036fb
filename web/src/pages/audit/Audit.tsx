import { Button, TextInput } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import type { Search } from "@/address";
import { answered, client, type Shapes } from "@/api/client";
import { useCompanyName, useMay, useSession } from "@/api/session";
import { factsOf, reasonWords, shortId } from "@/pages/audit/words";
import { Empty, Failure, Skeleton } from "@/parts/States";
import table from "@/parts/Table.module.css";
import { Inert } from "@/parts/Inert";
import { Person } from "@/parts/Person";
import { At } from "@/parts/Time";
import { Page } from "@/shell/Page";
import styles from "./Audit.module.css";

/** What was done, by whom, to what and why: an entry for each act, which nobody can change afterwards. */
export default function Audit() {
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const may = useMay();
  const { companies } = useSession();
  const companyName = useCompanyName();
  const [actor, setActor] = useState(search.actor ?? "");
  const [action, setAction] = useState(search.action ?? "");
  const company = search.company ?? (may("audit.read_all") ? "" : (companies[0]?.id ?? ""));
  const found = useInfiniteQuery({
    queryKey: ["audit", company, search.actor, search.action],
    queryFn: ({ pageParam }) => {
      const query = { limit: 100, ...(search.actor ? { actor: search.actor } : {}), ...(search.action ? { action: search.action } : {}), ...(pageParam ? { cursor: pageParam } : {}) };
      return company
        ? answered(client.GET("/api/companies/{company_id}/audit", { params: { path: { company_id: company }, query } }))
        : answered(client.GET("/api/audit", { params: { query } }));
    },
    initialPageParam: null as string | null, getNextPageParam: (last) => last.next,
  });
  const rows = found.data?.pages.flatMap((one) => one.items) ?? [];
  const narrow = (event: FormEvent) => {
    event.preventDefault();
    void navigate({ to: ".", search: { ...search, actor: actor.trim() || undefined, action: action.trim() || undefined } as never });
  };
  return (
    <Page title="Audit log">
      <form role="search" onSubmit={narrow} className={styles.filter}>
        <TextInput aria-label="Who" placeholder="Who, by e-mail" value={actor} onChange={(event) => setActor(event.currentTarget.value)} />
        <TextInput aria-label="Act" placeholder="What, such as signed_in" value={action} onChange={(event) => setAction(event.currentTarget.value)} />
        <Button type="submit">Find</Button>
      </form>
      {found.isPending ? <Skeleton rows={12} /> : null}
      {found.error && !found.data ? <Failure what="The audit log" failure={found.error} again={() => void found.refetch()} /> : null}
      {found.data && rows.length === 0 ? (search.actor || search.action ? <Empty title="No entry fits."><p>Take a word out above: an e-mail and an act are looked for as they are written.</p></Empty> : <Empty title="Nothing was done yet."><p>Each act of a person, of the command line and of the product on itself is written here, and stays.</p></Empty>) : null}
      {rows.length ? (
        <table className={`${table.table} ${table.cards}`}>
          <thead><tr><th>When</th><th>Who</th><th>Did what, to what</th><th className={table.some}>Company</th><th>Why</th></tr></thead>
          <tbody>{rows.map((one) => <Row key={one.id} entry={one} company={companyName(one.company_id)} />)}</tbody>
        </table>
      ) : null}
      {found.hasNextPage ? <Button mt="md" loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>Older ones</Button> : null}
    </Page>
  );
}

/** One act: in its first line what was done and to what, in the second the facts that were kept with it. */
function Row({ entry: one, company }: { entry: Shapes["alertwhisperer__api__audit__EntryShown"]; company: string }) {
  const { kind = "", id = "", ...rest } = one.resource as Record<string, string>;
  const facts = factsOf({ ...rest, ...one.detail });
  return (
    <tr>
      <td className={styles.when}><At at={one.at} seconds /></td>
      <td className={styles.who}><Person email={one.actor} /></td>
      <td className={styles.what}>
        <b>{one.action.replaceAll("_", " ")}</b> {kind && !one.action.startsWith(kind) ? `${kind.replaceAll("_", " ")} ` : ""}<code title={id}>{shortId(id)}</code>
        {facts.length ? <span className={styles.facts}>{facts.map(({ name, value, whole }) => <span key={name} title={whole}>{name} <b><Inert text={value} /></b></span>)}</span> : null}
      </td>
      <td className={`${table.some} ${styles.when}`}>{company}</td>
      <td className={styles.why} data-label={one.reason ? "why" : undefined}><Inert text={reasonWords(one.reason)} /></td>
    </tr>
  );
}
