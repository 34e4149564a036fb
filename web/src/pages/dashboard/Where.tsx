import { useState } from "react";
import { bucketName, count, type Figures, nice, type Part, type Range, type Report, rowsOf } from "@/pages/dashboard/figures";
import { Goto } from "@/parts/Goto";
import { counted } from "@/parts/names";
import { Empty } from "@/parts/States";
import table from "@/parts/Table.module.css";
import styles from "./Dashboard.module.css";

const HEIGHT = 282;
const STEPS = 4;
const PARTS: readonly { part: Part; title: string }[] = [
  { part: "folded", title: "Repeats folded" }, { part: "correlated", title: "Correlated" }, { part: "suppressed", title: "Suppressed" }, { part: "incidents", title: "Became incidents" },
];
/** Labels that fit side by side. */
const MOST_LABELS = 12;

/** Where the alerts of a period went: folded, correlated, suppressed, incidents; the parts sum to what the tools sent. */
export function Where({ report, company, range }: { report: Report; company: string | null; range: Range }) {
  const [asTable, setAsTable] = useState(false);
  const total = report.total_alerts;
  return (
    <section className="card" aria-label="Where alerts went">
      <h2>Where {counted(total, "alert")} went <span className="dim small">alerts {range === "24h" ? "an hour" : "a day"}; the top label is what the tools sent</span>
        {total ? <button type="button" className={styles.link} onClick={() => setAsTable(!asTable)}>{asTable ? "show as bars" : "show as table"}</button> : null}</h2>
      <p className={styles.legend}>{PARTS.map(({ part, title }) => {
        const value = report.where_alerts_went[part];
        const words = <>{title} <b>{count(value)}</b>{total ? ` (${((100 * value) / total).toFixed(1)}%)` : ""}</>;
        const rows = value ? addressOf(part, report, report, company) : null;
        return <span key={part} data-part={part}>{rows ? <Goto to={rows}>{words}</Goto> : words}</span>;
      })}</p>
      {total === 0 ? <Empty title="No alert in this time." /> : asTable ? <AsTable report={report} company={company} range={range} /> : <Bars report={report} company={company} range={range} />}
    </section>
  );
}

function Bars({ report, company, range }: { report: Report; company: string | null; range: Range }) {
  const most = nice(Math.max(0, ...report.trend.map((one) => one.total_alerts)));
  const peak = report.trend.reduce((best, one, at) => (one.total_alerts > (report.trend[best]?.total_alerts ?? 0) ? at : best), 0);
  const every = Math.ceil(report.trend.length / MOST_LABELS);
  return (
    <div className={styles.chart} role="group" aria-label={described(report, range)} data-dense={report.trend.length > 2 * MOST_LABELS || undefined}>
      <div className={styles.axis} aria-hidden>{Array.from({ length: STEPS + 1 }, (_, at) => <span key={at} style={{ bottom: `${(at / STEPS) * HEIGHT + 20}px` }}>{count(Math.round((most * at) / STEPS))}</span>)}</div>
      {report.trend.map((one, at) => (
        <div key={one.from} className={styles.day}>
          {one.total_alerts && (every === 1 || at === peak) ? <span className={styles.total}>{count(one.total_alerts)}</span> : null}
          {PARTS.map(({ part, title }) => <Bar key={part} one={one} part={part} most={most} title={`${bucketName(one.from, report.time_zone, range)}: ${title.toLowerCase()} ${count(one.where_alerts_went[part])}`} to={addressOf(part, one, report, company)} />)}
          <span className={styles.name}>{at % every === 0 ? bucketName(one.from, report.time_zone, range) : "\u00a0"}</span>
        </div>
      ))}
    </div>
  );
}

/** One part of a bar; for the pointer alone, since the table has the same as links. */
function Bar({ one, part, most, title, to }: { one: Figures; part: Part; most: number; title: string; to: string | null }) {
  const height = (one.where_alerts_went[part] / most) * HEIGHT;
  if (height <= 0) return null;
  const style = { height: Math.max(1, height) };
  return to
    ? <Goto to={to} tabIndex={-1} aria-label={title} title={title} data-part={part} className={styles.part} style={style}>{""}</Goto>
    : <span data-part={part} className={styles.part} style={style} title={title} />;
}

function AsTable({ report, company, range }: { report: Report; company: string | null; range: Range }) {
  return (
    <div className={styles.tall}>
      <table className={table.table}>
        <thead><tr><th>{range === "24h" ? "Hour" : "Day"}</th><th className={table.right}>Received</th>{PARTS.map(({ part, title }) => <th key={part} className={table.right}>{title}</th>)}</tr></thead>
        <tbody>{report.trend.map((one) => (
          <tr key={one.from}>
            <td>{bucketName(one.from, report.time_zone, range)}</td><td className={table.right}>{count(one.total_alerts)}</td>
            {PARTS.map(({ part }) => {
              const to = addressOf(part, one, report, company);
              return <td key={part} className={table.right}>{to && one.where_alerts_went[part] ? <Goto to={to}>{count(one.where_alerts_went[part])}</Goto> : count(one.where_alerts_went[part])}</td>;
            })}
          </tr>
        ))}</tbody>
      </table>
    </div>
  );
}

/** The rows behind a part of a bar, where a list shows them. */
function addressOf(part: Part, one: Figures, report: Report, company: string | null): string | null {
  if (part === "suppressed") return rowsOf(report.definitions.suppressed_alerts, one, company);
  return part === "incidents" ? rowsOf(report.definitions.total_incidents, one, company) : null;
}

function described(report: Report, range: Range): string {
  const of = range === "24h" ? "an hour" : "a day";
  const sorted = [...report.trend].sort((a, b) => a.total_alerts - b.total_alerts);
  const [least, most] = [sorted[0], sorted.at(-1)];
  if (!least || !most) return `Alerts ${of}: none`;
  const name = (one: Figures) => bucketName(one.from, report.time_zone, range);
  return `Alerts ${of}. Most: ${count(most.total_alerts)}, ${name(most)}. Least: ${count(least.total_alerts)}, ${name(least)}.`;
}
