import { SegmentedControl } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import type { Whole } from "@/api/acts";
import { type Bar, type Lane, lanesOf, ticksOf } from "@/pages/incident/bars";
import { Inert } from "@/parts/Inert";
import { counted, personName } from "@/parts/names";
import { useNow } from "@/parts/now";
import { SeverityGlyph, severityTitle } from "@/parts/Severity";
import { clockTime, shortTime } from "@/parts/Time";
import { ToolTile } from "@/parts/Tool";
import { useKeys } from "@/shell/keys";
import styles from "./Lanes.module.css";

const FEW_LANES = 8;
const MOST_TICKS = 6;
const LEAST_APART = 0.05; // of the axis: less, and glyphs lie on each other
const LEAST_SAID = 0.09;
const MARK_WIDE = 0.16; // what "Dana took it" covers of the axis
const LEAST_SPAN_MS = 10_000;
const FINE_MS = 600_000;
const MARGIN = 0.02; // after "now", so that its word has a place

/** What fired, where, when: a lane for each asset or tool, the first to fire on top. */
export function Lanes({ incident }: { incident: Whole }) {
  const [by, setBy] = useState<"asset" | "tool">("asset");
  const [all, setAll] = useState(false);
  const now = useNow(10);
  useKeys([{ key: "t", does: "lanes by asset or tool", act: () => setBy((was) => (was === "asset" ? "tool" : "asset")) }]);
  const start = Math.min(...incident.alerts.map((one) => Date.parse(one.first_seen_at)));
  const until = Math.max(incident.resolved_at ? Date.parse(incident.resolved_at) : now, start + LEAST_SPAN_MS);
  const end = until + (until - start) * MARGIN;
  const lanes = useMemo(() => lanesOf(incident.alerts, by, start, until, LEAST_APART), [incident.alerts, by, start, until]);
  if (incident.alerts.length === 0) return null;
  const at = (time: number) => `${(time - start) / (end - start) * 100}%`;
  // A tick so near to "now" that its words would lie on it has none.
  const ticks = ticksOf(start, until, MOST_TICKS);
  const taken = incident.acknowledged_at ? Date.parse(incident.acknowledged_at) : null;
  const free = (tick: number) => taken === null || Math.abs(tick - taken) / (until - start) > MARK_WIDE;
  const said = ticks.filter((tick) => (until - tick) / (until - start) > LEAST_SAID && free(tick));
  const shown = all || lanes.length <= FEW_LANES + 1 ? lanes : lanes.slice(0, FEW_LANES);
  const word = until - start < FINE_MS ? clockTime : shortTime;
  return (
    <section className={`card ${styles.card}`} aria-label="What fired, where, when">
      <div className={styles.title}>
        <h2>What fired, where, when</h2>
        <Link to="/alerts" search={{ company: incident.company_id, incident: incident.id } as never} className="small">{counted(incident.alert_count, "distinct alert")}</Link>
        <span className="dim small">first to fire at the top</span>
        <SegmentedControl size="xs" value={by} onChange={(value) => setBy(value as "asset" | "tool")} data={[{ value: "asset", label: "by asset" }, { value: "tool", label: "by tool" }]} aria-label="Lanes" />
      </div>
      <div className={styles.lanes}>
        <div className={styles.over} aria-hidden>
          {ticks.map((tick) => <span key={tick} className={styles.tick} style={{ left: at(tick) }} />)}
          <span className={styles.now} style={{ left: at(until) }} />
        </div>
        {shown.map((lane) => <OneLane key={lane.name} lane={lane} by={by} incident={incident} stretch={(until - start) / (end - start)} />)}
        <div className={styles.axis} aria-hidden>
          {said.map((tick) => <span key={tick} className={styles.at} style={{ left: at(tick) }}>{word(new Date(tick).toISOString())}</span>)}
          {taken !== null && taken >= start && taken <= until ? (
            <span className={styles.mark} style={{ left: at(taken) }} data-late={(taken - start) / (end - start) > 0.5 || undefined}>{takenBy(incident)}</span>
          ) : null}
          <span className={styles.end} style={{ left: at(until) }}>{incident.resolved_at ? "over" : "now"}</span>
        </div>
      </div>
      {shown.length < lanes.length ? <button type="button" className={styles.more} onClick={() => setAll(true)}>Show {lanes.length - shown.length} more {by === "asset" ? "assets" : "tools"}</button> : null}
      {incident.alert_count > incident.alerts.length ? <p className="dim small">The first {incident.alerts.length} of {counted(incident.alert_count, "alert")}.</p> : null}
    </section>
  );
}

function OneLane({ lane, by, incident, stretch }: { lane: Lane; by: "asset" | "tool"; incident: Whole; stretch: number }) {
  return (
    <div className={styles.lane} role="group" aria-label={lane.name}>
      <span className={styles.name} title={lane.name}><Inert text={lane.name} /></span>
      <span className={styles.tool}>{by === "asset" ? lane.tools.slice(0, 2).map((tool) => <ToolTile key={tool} tool={tool} />) : <ToolTile tool={lane.name} />}</span>
      <div className={styles.track}>
        {lane.bars.map((bar) => <OneBar key={bar.alerts[0]?.id} bar={bar} by={by} incident={incident} stretch={stretch} />)}
      </div>
    </div>
  );
}

function OneBar({ bar, by, incident, stretch }: { bar: Bar; by: "asset" | "tool"; incident: Whole; stretch: number }) {
  const [first] = bar.alerts;
  if (!first) return null;
  const several = bar.alerts.length > 1;
  const search = { company: incident.company_id, incident: incident.id, ...(by === "asset" ? { asset: first.asset } : { tool: first.source }) };
  const worst = bar.alerts.find((one) => one.severity === bar.severity) ?? first;
  const what = by === "asset" ? worst.signature : `${worst.asset}: ${worst.signature}`;
  const words = several ? `${what} and ${bar.alerts.length - 1} more` : what;
  const told = `${severityTitle[bar.severity]}: ${bar.alerts.slice(0, 6).map((one) => `${one.signature} on ${one.asset}, ${clockTime(one.first_seen_at)} to ${one.ended_at ? clockTime(one.ended_at) : "now"}`).join("\n")}`;
  const percent = (part: number) => `${part * stretch * 100}%`;
  return (
    <Link
      {...(several ? { to: "/alerts", search: search as never } : { to: "/alerts/$id", params: { id: first.id } })}
      className={styles.bar} data-severity={bar.severity} data-over={!bar.fires || undefined} title={told}
      style={{ left: percent(bar.from), width: `max(18px, ${percent(bar.to - bar.from)})` }}
    >
      <SeverityGlyph severity={bar.severity} size={16} decorative />
      <span className={styles.words} style={{ maxWidth: `calc((${bar.room - bar.from} / ${Math.max(bar.to - bar.from, 0.001)}) * 100% - 24px)` }}><Inert text={words} /></span><span className="visually-hidden">. {told}</span>
    </Link>
  );
}

function takenBy(incident: Whole): string {
  const [name = ""] = personName(incident.acknowledged_by ?? "").split(" ");
  return name && !name.includes("@") ? `${name} took it` : "taken";
}
