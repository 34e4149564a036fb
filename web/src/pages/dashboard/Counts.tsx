import { count, type Report, rowsOf } from "@/pages/dashboard/figures";
import { Meaning } from "@/pages/dashboard/Meaning";
import { Goto } from "@/parts/Goto";
import styles from "./Dashboard.module.css";

const COUNTS = ["total_alerts", "distinct_alerts", "suppressed_alerts", "total_incidents"] as const;

/** How many things a period had, and the period before. */
export function Counts({ report, company }: { report: Report; company: string | null }) {
  return (
    <section className="card" aria-label="In this time">
      <h2>In this time</h2>
      <ul className={styles.counts}>{COUNTS.map((name) => {
        const definition = report.definitions[name];
        const rows = rowsOf(definition, report, company);
        return (
          <li key={name}>
            <span>{definition?.title}</span>
            {definition ? <Meaning title={definition.title} definition={definition} rows={rows} /> : null}
            <b>{rows && report[name] ? <Goto to={rows}>{count(report[name])}</Goto> : count(report[name])}</b>
            <span className="dim small">{report.previous ? `was ${count(report.previous[name])}` : ""}</span>
          </li>
        );
      })}</ul>
    </section>
  );
}
