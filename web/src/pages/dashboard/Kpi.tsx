import type { ReactNode } from "react";
import { Goto } from "@/parts/Goto";
import { Icon } from "@/parts/Icon";
import { minutes } from "@/parts/duration";
import { type Definition, FEWEST, type Figures, percent, type Report, rowsOf, count } from "@/pages/dashboard/figures";
import { counted } from "@/parts/names";
import { Meaning } from "@/pages/dashboard/Meaning";
import { Trend } from "@/pages/dashboard/Trend";
import styles from "./Dashboard.module.css";

export type Name = "noise_reduction_pct" | "mtta_minutes_median" | "mttr_minutes_median" | "self_healed_pct" | "sla_compliance_pct" | "patch_compliance_pct";

interface Shown {
  name: Name;
  title: string;
  unit: "%" | "min";
  /** Whether more is better. */
  up: boolean;
  /** Of how many cases the figure is; null: they are not counted. */
  cases: (figures: Figures) => number | null;
  /** What the figure would look better by, and must not: in the colour of a warning unless it is clean. */
  guard: (report: Report, company: string | null) => ReactNode;
}

const CARDS: readonly Shown[] = [
  { name: "noise_reduction_pct", title: "Noise reduction", unit: "%", up: true, cases: (one) => one.total_alerts, guard: noiseGuard },
  { name: "mtta_minutes_median", title: "Time to acknowledge", unit: "min", up: false, cases: (one) => one.mtta_count, guard: ackGuard },
  { name: "mttr_minutes_median", title: "Time to resolve", unit: "min", up: false, cases: (one) => one.mttr_count, guard: (one) => <>Mean {minutes(one.mttr_minutes ?? 0)} min over {counted(one.mttr_count, "resolved incident", "resolved incidents")}</> },
  { name: "self_healed_pct", title: "Self-healed", unit: "%", up: true, cases: (one) => one.mttr_count, guard: (one) => <>{count(one.self_healed_count ?? 0)} of {count(one.mttr_count)}; {count(one.self_healed_provisional ?? 0)} more are provisional for 24 h</> },
  { name: "sla_compliance_pct", title: "SLA met", unit: "%", up: true, cases: (one) => one.sla?.of ?? null, guard: (one) => <>{count(one.sla?.met ?? 0)} of {counted(one.sla?.of ?? 0, "deadline", "deadlines")}</> },
  { name: "patch_compliance_pct", title: "Patch compliance", unit: "%", up: true, cases: (one) => one.patch?.reporting ?? null, guard: patchGuard },
];

/** The six figures of a period, each with its change, its course and its guard. */
export function Kpis({ report, company }: { report: Report; company: string | null }) {
  return <div className={styles.kpis}>{CARDS.map((one) => <Kpi key={one.name} shown={one} report={report} company={company} />)}</div>;
}

function Kpi({ shown, report, company }: { shown: Shown; report: Report; company: string | null }) {
  const { name, title, unit } = shown;
  const value = report[name];
  const definition = report.definitions[name.replace("_median", "")];
  const rows = rowsOf(definition, report, company);
  const show = unit === "%" ? percent : minutes;
  const figure = value === null ? null : <>{show(value)}<small>{unit === "%" ? "%" : "min median"}</small></>;
  return (
    <section className={`card ${styles.kpi}`} aria-label={title}>
      <h2>{title}{definition ? <Meaning title={title} definition={definition} rows={rows} /> : null}</h2>
      {figure === null ? <p className={styles.absent}>not measured yet</p> : <p className={styles.figure}>{rows ? <Goto to={rows} title={definition?.rows === "incidents" ? "the incidents behind it" : "the alerts behind it"}>{figure}</Goto> : figure}</p>}
      <p className={styles.change}>{value === null ? "\u00a0" : <Change shown={shown} now={report} was={report.previous} show={show} />}</p>
      <Trend label={title} values={report.trend.map((one) => one[name])} before={report.previous_trend.map((one) => one[name])} />
      <div className={styles.guard}>{value === null ? absence(name, definition) : shown.guard(report, company)}</div>
    </section>
  );
}

/** A change in the unit of the figure, and whether it is for the better; too few cases say so instead. */
function Change({ shown, now, was, show }: { shown: Shown; now: Report; was: Figures | null; show: (value: number) => string }) {
  const [value, before] = [now[shown.name], was?.[shown.name] ?? null];
  if (value === null || before === null || was === null) return <span className="dim">none before</span>;
  const [cases, casesBefore] = [shown.cases(now), shown.cases(was)];
  if (cases !== null && casesBefore !== null && Math.min(cases, casesBefore) < FEWEST) {
    return <span className="dim" title={`was ${show(before)}`}>of {count(cases)}, before {count(casesBefore)}: too few to compare</span>;
  }
  const by = value - before;
  if (show(Math.abs(by)) === show(0)) return <span className="dim">as before, {show(before)}</span>;
  const better = by > 0 === shown.up;
  return <><b data-better={better}>{by > 0 ? "▲" : "▼"} {show(Math.abs(by))} {better ? "better" : "worse"}</b> <span className="dim">was {show(before)}</span></>;
}

function noiseGuard(report: Report, company: string | null): ReactNode {
  const split = report.noise_reduction;
  if (!split) return null;
  const { criticals_suppressed: hidden, groups_split: apart, groups_split_pct: share } = split.guards;
  const rows = rowsOf(report.definitions.groups_split_pct, report, company);
  const groups = <>{apart === 0 ? "no group was split" : `${percent(share ?? 0)}% of groups split (${count(apart)})`}</>;
  return (
    <>
      <p>Repeats {percent(split.dedup)}, correlated {percent(split.correlation)}, suppressed {percent(split.suppression)}</p>
      <Guard clean={hidden === 0 && apart === 0}>{hidden === 0 ? "No critical suppressed" : counted(hidden, "critical suppressed", "criticals suppressed")}; {rows && apart ? <Goto to={rows}>{groups}</Goto> : groups}</Guard>
    </>
  );
}

function ackGuard(report: Report, company: string | null): ReactNode {
  const rows = rowsOf(report.definitions.over_30_minutes, report, company);
  const late = `${count(report.over_30_minutes)} took over 30 min`;
  return (
    <>
      <p>Mean {minutes(report.mtta_minutes ?? 0)} min over {counted(report.mtta_count, "incident", "incidents")}</p>
      <Guard clean={report.over_30_minutes === 0}>{report.over_30_minutes === 0 ? "none took over 30 min" : rows ? <Goto to={rows}>{late}</Goto> : late}</Guard>
    </>
  );
}

function patchGuard(report: Report): ReactNode {
  const patch = report.patch;
  if (!patch) return null;
  return <><p>{count(patch.compliant)} of {counted(patch.reporting, "host", "hosts")}</p><Guard clean={patch.silent === 0}>{count(patch.silent)} more do not report</Guard></>;
}

function Guard({ clean, children }: { clean: boolean; children: ReactNode }) {
  return <p data-clean={clean}>{clean ? null : <Icon name="warning" size={12} />} {children}</p>;
}

/** Why there is no figure. */
function absence(name: Name, definition: Definition | undefined): string {
  if (name === "noise_reduction_pct") return "No alert was received in this time";
  return capital(definition?.null.replace("in the period", "in this time") ?? "nothing to measure");
}

const capital = (words: string): string => `${words.slice(0, 1).toUpperCase()}${words.slice(1)}`;
