import { count, useOpen } from "@/pages/dashboard/figures";
import { Goto } from "@/parts/Goto";
import { SEVERITIES, SeverityGlyph, severityTitle } from "@/parts/Severity";
import { Failure, Skeleton } from "@/parts/States";
import styles from "./Dashboard.module.css";

/** What is open now, worst first, how much of it nobody took, and how it was a week ago. */
export function Open({ company }: { company: string | null }) {
  const { data, error, refetch } = useOpen(company);
  if (error && !data) return <section className="card" aria-label="Open now"><Failure what="What is open" failure={error} again={() => void refetch()} /></section>;
  if (!data) return <section className="card" aria-label="Open now"><Skeleton rows={6} height={30} /></section>;
  const by = SEVERITIES.map((severity) => ({ severity, ...(data.by_severity[severity] ?? { open: 0, needs_ack: 0, week_ago: 0 }) }));
  const most = Math.max(1, ...by.map((one) => one.open));
  const total = by.reduce((sum, one) => sum + one.open, 0);
  const of = (more: string) => `/incidents?${new URLSearchParams({ ...(company ? { company } : {}), ...Object.fromEntries(new URLSearchParams(more)) })}`;
  return (
    <section className="card" aria-label="Open now">
      <h2>Open now <Goto to={of("")}>{count(total)}</Goto> <span className="dim small">change since this time last week</span></h2>
      <ul className={styles.open}>{by.map((one) => (
        <li key={one.severity}>
          <SeverityGlyph severity={one.severity} decorative />
          <Goto to={of(`severity=${one.severity}`)}>{severityTitle[one.severity]}</Goto>
          <b>{count(one.open)}</b>
          <span className={styles.bar}><span data-severity={one.severity} style={{ width: `${(one.open / most) * 100}%` }} /></span>
          <span className={styles.unacked}>{one.needs_ack ? <Goto to={of(`state=needs_ack&severity=${one.severity}`)}>{count(one.needs_ack)} unacked</Goto> : <span className="dim">0 unacked</span>}</span>
          <span className={styles.since} title={`a week ago ${count(one.week_ago)}`}><Since by={one.open - one.week_ago} /></span>
        </li>
      ))}</ul>
    </section>
  );
}

function Since({ by }: { by: number }) {
  if (by === 0) return <span className="dim">0</span>;
  return <><span aria-hidden>{by > 0 ? "▲" : "▼"}</span><span className="visually-hidden">{by > 0 ? "more by" : "fewer by"}</span> {count(Math.abs(by))}</>;
}
