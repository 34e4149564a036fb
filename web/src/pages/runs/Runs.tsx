import { Button, Menu } from "@mantine/core";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import type { Search } from "@/address";
import { type Run, useEscalations, useRuns } from "@/api/runs";
import { useMay, useSession } from "@/api/session";
import { type Filter, filterOf, narrowing, sinceOf, SPANS, type Span } from "@/pages/runs/filter";
import { Stand } from "@/pages/runs/Stand";
import { RUN_STATES, standWord, targetsWord } from "@/pages/runs/words";
import { Chip, WordChip } from "@/parts/Chip";
import { Icon } from "@/parts/Icon";
import { IncidentLink } from "@/parts/IncidentLink";
import { Inert } from "@/parts/Inert";
import { Person } from "@/parts/Person";
import { Risk } from "@/parts/Risk";
import { Empty, Failure, Skeleton } from "@/parts/States";
import table from "@/parts/Table.module.css";
import { Age } from "@/parts/Time";
import { Page } from "@/shell/Page";
import styles from "./Runs.module.css";

/** What was run, runs or waits for a yes, in all companies or in the chosen one, live; and what of it a person must look at. */
export default function Runs() {
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const may = useMay();
  const { companies } = useSession();
  const chosen = companies.find((one) => one.id === search.company);
  // A role that may not cross companies, or has one alone, looks at one.
  const company = chosen ?? (companies.length > 1 && may("run.cross") ? null : companies[0]);
  const filter = filterOf(search);
  const looking = search.tab === "look";
  const set = (more: Search) => void navigate({ to: ".", search: { ...search, ...more } as never, replace: true });
  const address = (tab: string) => `/runs?${new URLSearchParams(Object.entries({ ...search, tab }).filter((one): one is [string, string] => Boolean(one[1]))).toString()}`;
  const tabs = [{ title: "Runs", to: address(""), here: !looking }, { title: "To look at", to: address("look"), here: looking }];
  if (company === undefined) return <Page title="Runs"><Empty title="No company yet."><p>A run is a runbook carried out on a company's machines.</p></Empty></Page>;
  return (
    <Page title="Runs" tabs={tabs}>
      <div className={styles.bar} role="toolbar" aria-label="Filters">
        {companies.length > 1 ? (
          <Chip title="Company" value={company?.name ?? "any"} set={company !== null}>
            {may("run.cross") ? <Menu.Item onClick={() => set({ company: undefined })}>any</Menu.Item> : null}
            {companies.map((one) => <Menu.Item key={one.id} onClick={() => set({ company: one.id })}>{one.name}</Menu.Item>)}
          </Chip>
        ) : null}
        {looking ? null : <Filters filter={filter} onSet={set} />}
      </div>
      {looking ? <Looks company={company} /> : <List company={company} filter={filter} onSet={set} />}
    </Page>
  );
}

type Company = { id: string; name: string } | null;

function Filters({ filter, onSet }: { filter: Filter; onSet: (more: Search) => void }) {
  return (
    <>
      <Chip title="State" value={filter.state ? standWord(filter.state).toLowerCase() : "any"} set={filter.state !== null}>
        <Menu.Item onClick={() => onSet({ state: undefined })}>any</Menu.Item>
        {RUN_STATES.map((one) => <Menu.Item key={one} onClick={() => onSet({ state: one })}>{standWord(one)}</Menu.Item>)}
      </Chip>
      <WordChip title="Runbook" value={filter.runbook ?? undefined} hint="Its whole name, as service-restart" onSet={(runbook) => onSet({ runbook })} />
      <Chip title="Asked" value={filter.span ? SPANS[filter.span][0] : "at any time"} set={filter.span !== null}>
        <Menu.Item onClick={() => onSet({ since: undefined })}>at any time</Menu.Item>
        {(Object.keys(SPANS) as Span[]).map((one) => <Menu.Item key={one} onClick={() => onSet({ since: one })}>{SPANS[one][0]}</Menu.Item>)}
      </Chip>
    </>
  );
}

function List({ company, filter, onSet }: { company: Company; filter: Filter; onSet: (more: Search) => void }) {
  const found = useRuns({ company: company?.id ?? null, state: filter.state, runbook: filter.runbook, since: () => sinceOf(filter.span, Date.now()) }, filter.span);
  const rows = found.data?.pages.flatMap((one) => one.items) ?? [];
  if (found.error && !found.data) return <Failure what="Runs" failure={found.error} again={() => void found.refetch()} />;
  if (!found.data) return <Skeleton rows={8} />;
  if (rows.length === 0) return <NoRun company={company} filter={filter} onSet={onSet} />;
  return (
    <>
      <RunTable runs={rows} several={company === null} />
      {found.hasNextPage ? <Button mt="md" loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>Older ones</Button> : null}
    </>
  );
}

function NoRun({ company, filter, onSet }: { company: Company; filter: Filter; onSet: (more: Search) => void }) {
  const parts = narrowing(filter);
  const of = company ? ` of ${company.name}` : "";
  if (parts.length) {
    return (
      <Empty title={parts.length === 1 ? `No run${of} fits this filter.` : `No run${of} fits ${parts.length} filters.`} action={<Button onClick={() => onSet({ state: undefined, runbook: undefined, since: undefined })}>Show all its runs</Button>}>
        {parts.length > 1 ? <p className={styles.without}>{parts.map((one) => <Button key={one.part} onClick={() => onSet({ [one.part]: undefined })}>Without {one.words}</Button>)}</p> : null}
      </Empty>
    );
  }
  return (
    <Empty title={company ? `Nothing was run for ${company.name} yet.` : "Nothing was run for any company yet."}>
      <p>A run begins on an incident's page, or on a <Link to="/runbooks" search={(company ? { company: company.id } : {}) as never}>runbook's</Link>: first a dry run, with exactly what would run.</p>
    </Empty>
  );
}

/** Runs as rows: what, on what, where it stands and why. */
function RunTable({ runs, several }: { runs: readonly Run[]; several: boolean }) {
  return (
    <table className={`${table.table} ${styles.rows}`}>
      <thead><tr><th>Run</th>{several ? <th>Company</th> : null}<th>State</th><th className={table.some}>Why</th><th>On</th><th className={table.few}>Risk</th><th className={table.some}>For</th><th className={table.few}>Asked by</th><th className={table.right}>Asked</th></tr></thead>
      <tbody>{runs.map((one) => (
        <tr key={one.id}>
          <td className={styles.title}><Link to="/runs/$id" params={{ id: one.id }}>{one.title}</Link></td>
          {several ? <td>{one.company}</td> : null}
          <td><Stand stand={one.state} /></td>
          <td className={`${table.some} ${styles.reason}`}>{one.why}</td>
          <td><Inert text={targetsWord(one)} /></td>
          <td className={table.few}><Risk risk={one.risk} /></td>
          <td className={table.some}>{one.incident_id ? <IncidentLink id={one.incident_id} /> : null}</td>
          <td className={`${table.few} ${styles.by}`} title={one.by_itself ? undefined : one.requested_by}>{one.by_itself ? "chosen by itself" : <Person email={one.requested_by} />}</td>
          <td className={table.right}><Age at={one.requested_at} suffix=" ago" /></td>
        </tr>
      ))}</tbody>
    </table>
  );
}

function Looks({ company }: { company: Company }) {
  const found = useEscalations(company?.id ?? null);
  const rows = found.data?.pages.flatMap((one) => one.items) ?? [];
  if (found.error && !found.data) return <Failure what="Escalations" failure={found.error} again={() => void found.refetch()} />;
  if (!found.data) return <Skeleton rows={4} height={56} />;
  if (rows.length === 0) return <Empty title={company ? `No run of ${company.name} needs a person.` : "No run needs a person."}><p>An outcome that nobody knows, a rollback that failed, a fix that did not help and a question that nobody answered appear here.</p></Empty>;
  return (
    <>
      <ul className={styles.looks}>{rows.map((one) => <li key={one.id} className={styles.look}><Icon name="warning" size={14} /><span>{company ? null : <><b>{one.company}</b> </>}<Inert text={one.said} /> <span className="dim"><Age at={one.at} suffix=" ago" /></span></span><span>{one.run_id ? <Link to="/runs/$id" params={{ id: one.run_id }}>its run</Link> : null}{one.run_id && one.incident_id ? ", " : ""}{one.incident_id ? <>incident <IncidentLink id={one.incident_id} /></> : null}</span></li>)}</ul>
      {found.hasNextPage ? <Button mt="md" loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>Older ones</Button> : null}
    </>
  );
}
