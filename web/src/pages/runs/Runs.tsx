import { Button, Menu } from "@mantine/core";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { type Run, type RunState, useEscalations, useRuns } from "@/api/runs";
import { useSession } from "@/api/session";
import { Stand } from "@/pages/runs/Stand";
import { RUN_STATES, standWord, targetsWord } from "@/pages/runs/words";
import { Chip } from "@/parts/Chip";
import { Icon } from "@/parts/Icon";
import { IncidentLink } from "@/parts/IncidentLink";
import { Inert } from "@/parts/Inert";
import { Person } from "@/parts/Person";
import { Risk } from "@/parts/Risk";
import { Empty, Failure, Skeleton } from "@/parts/States";
import table from "@/parts/Table.module.css";
import { Age } from "@/parts/Time";
import type { Search } from "@/router";
import { Page } from "@/shell/Page";
import styles from "./Runs.module.css";

/** What was run, runs or waits for a yes in one company, live; and what of it a person must look at. */
export default function Runs() {
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const { companies } = useSession();
  const company = companies.find((one) => one.id === search.company) ?? companies[0];
  const state = RUN_STATES.find((one) => one === search.state);
  const looking = search.tab === "look";
  const of: Record<string, string> = search.company ? { company: search.company } : {};
  const query = (more: Record<string, string>) => new URLSearchParams({ ...more, ...of }).toString();
  const set = (more: Search) => void navigate({ to: ".", search: { ...search, ...more } as never });
  const tabs = [
    { title: "Runs", to: `/runs?${query({})}`, here: !looking },
    { title: "To look at", to: `/runs?${query({ tab: "look" })}`, here: looking },
  ];
  if (!company) return <Page title="Runs"><Empty title="No company yet."><p>A run is a runbook carried out on a company's machines.</p></Empty></Page>;
  return (
    <Page title="Runs" tabs={tabs}>
      <div className={styles.bar}>
        {companies.length > 1 ? <Chip title="Company" value={company.name} set>{companies.map((one) => <Menu.Item key={one.id} onClick={() => set({ company: one.id })}>{one.name}</Menu.Item>)}</Chip> : null}
        {looking ? null : (
          <Chip title="State" value={state ? standWord(state).toLowerCase() : "any"} set={state !== undefined}>
            <Menu.Item onClick={() => set({ state: undefined })}>Any</Menu.Item>
            {RUN_STATES.map((one) => <Menu.Item key={one} onClick={() => set({ state: one })}>{standWord(one)}</Menu.Item>)}
          </Chip>
        )}
      </div>
      {looking ? <Looks company={company.id} name={company.name} /> : <List company={company.id} name={company.name} state={state} onAny={() => set({ state: undefined })} />}
    </Page>
  );
}

function List({ company, name, state, onAny }: { company: string; name: string; state: RunState | undefined; onAny: () => void }) {
  const found = useRuns(company, state);
  const rows = found.data?.pages.flatMap((one) => one.items) ?? [];
  if (found.error && !found.data) return <Failure what="Runs" failure={found.error} again={() => void found.refetch()} />;
  if (!found.data) return <Skeleton rows={8} />;
  if (rows.length === 0) {
    return state
      ? <Empty title={`No run of ${name} is at “${standWord(state).toLowerCase()}”.`} action={<Button onClick={onAny}>Show all its runs</Button>} />
      : <Empty title={`Nothing was run for ${name} yet.`}><p>A run begins on an incident's page, or on a <Link to="/runbooks" search={{ company } as never}>runbook's</Link>: first a dry run, with exactly what would run.</p></Empty>;
  }
  return (
    <>
      <RunTable runs={rows} incidents />
      {found.hasNextPage ? <Button mt="md" loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>Older ones</Button> : null}
    </>
  );
}

/** Runs as rows: what, on what, where it stands and why. */
export function RunTable({ runs, incidents }: { runs: readonly Run[]; incidents: boolean }) {
  return (
    <table className={`${table.table} ${styles.rows}`}>
      <thead><tr><th>Run</th><th>State</th><th className={table.some}>Why</th><th>On</th><th className={table.few}>Risk</th>{incidents ? <th className={table.some}>For</th> : null}<th className={table.few}>Asked by</th><th className={table.right}>Asked</th></tr></thead>
      <tbody>{runs.map((one) => (
        <tr key={one.id}>
          <td className={styles.title}><Link to="/runs/$id" params={{ id: one.id }}>{one.title}</Link></td>
          <td><Stand stand={one.state} /></td>
          <td className={`${table.some} ${styles.reason}`}>{one.why}</td>
          <td><Inert text={targetsWord(one)} /></td>
          <td className={table.few}><Risk risk={one.risk} /></td>
          {incidents ? <td className={table.some}>{one.incident_id ? <IncidentLink id={one.incident_id} /> : null}</td> : null}
          <td className={table.few}>{one.by_itself ? "chosen by itself" : <Person email={one.requested_by} />}</td>
          <td className={table.right}><Age at={one.requested_at} suffix=" ago" /></td>
        </tr>
      ))}</tbody>
    </table>
  );
}

function Looks({ company, name }: { company: string; name: string }) {
  const found = useEscalations(company);
  const rows = found.data?.pages.flatMap((one) => one.items) ?? [];
  if (found.error && !found.data) return <Failure what="Escalations" failure={found.error} again={() => void found.refetch()} />;
  if (!found.data) return <Skeleton rows={4} height={56} />;
  if (rows.length === 0) return <Empty title={`No run of ${name} needs a person.`}><p>An outcome that nobody knows, a rollback that failed, a fix that did not help and a question that nobody answered appear here.</p></Empty>;
  return (
    <>
      <ul className={styles.looks}>{rows.map((one) => <li key={one.id} className={styles.look}><Icon name="warning" size={14} /><span><Inert text={one.said} /> <span className="dim"><Age at={one.at} suffix=" ago" /></span></span><span>{one.run_id ? <Link to="/runs/$id" params={{ id: one.run_id }}>its run</Link> : null}{one.run_id && one.incident_id ? ", " : ""}{one.incident_id ? <>incident <IncidentLink id={one.incident_id} /></> : null}</span></li>)}</ul>
      {found.hasNextPage ? <Button mt="md" loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>Older ones</Button> : null}
    </>
  );
}
