import { Button, Textarea } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type RefObject, useMemo, useState } from "react";
import type { Whole } from "@/api/acts";
import { type Alert, worstOf } from "@/pages/incident/bars";
import { RunStep } from "@/pages/incident/RunStep";
import { countsOf, type Entry, folded, type Group, GROUPS, keyOf, outcomeOf, runTitleOf, telling, verbOf } from "@/pages/incident/lines";
import { Icon, type IconName } from "@/parts/Icon";
import { IncidentLink } from "@/parts/IncidentLink";
import { Inert } from "@/parts/Inert";
import { Kbd } from "@/parts/Kbd";
import { counted } from "@/parts/names";
import { Person } from "@/parts/Person";
import { duration } from "@/parts/duration";
import { SeverityGlyph } from "@/parts/Severity";
import { StateGlyph, type StateWord } from "@/parts/State";
import { At } from "@/parts/Time";
import { ToolTile } from "@/parts/Tool";
import styles from "./Timeline.module.css";

const TITLES: Record<Group, string> = { alerts: "Alerts", decisions: "Decisions", people: "People" };
const MOST_COMMENT = 10_000;
const zone = new Intl.DateTimeFormat("en-GB", { timeZoneName: "short" }).formatToParts(new Date()).find((one) => one.type === "timeZoneName")?.value ?? "";

/** Everything that happened, newest first. */
export function Timeline({ incident, box, onComment }: {
  incident: Whole;
  box: RefObject<HTMLTextAreaElement | null>;
  onComment: ((text: string) => Promise<unknown>) | null;
}) {
  const [shown, setShown] = useState<Group | "all">("all");
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const entries = useMemo(() => [...incident.timeline].reverse(), [incident.timeline]);
  const alerts = useMemo(() => new Map(incident.alerts.map((one) => [one.id, one])), [incident.alerts]);
  const counts = useMemo(() => countsOf(entries), [entries]);
  const apart = useMemo(() => telling(incident.timeline, (id) => alerts.get(id)?.severity), [incident.timeline, alerts]);
  const lines = useMemo(() => folded(entries.filter((one) => shown === "all" || one.group === shown), apart), [entries, shown, apart]);
  return (
    <section className="card" aria-label="Timeline">
      <div className={styles.title}>
        <h2>Timeline</h2>
        <Chip title="All" count={entries.length} here={shown === "all"} onClick={() => setShown("all")} />
        {GROUPS.filter((one) => counts[one] > 0).map((one) => <Chip key={one} title={TITLES[one]} count={counts[one]} here={shown === one} onClick={() => setShown(one)} />)}
        <span className="dim small">newest first, {zone}</span>
      </div>
      <ol className={styles.list}>
        {lines.flatMap((line) => {
          if (line.kind === "one") return [<Item key={keyOf(line.entry)} entry={line.entry} alert={alertOf(line.entry, alerts)} />];
          const [last] = line.entries;
          const key = last ? keyOf(last) : "";
          if (opened.has(key)) return line.entries.map((entry) => <Item key={keyOf(entry)} entry={entry} alert={alertOf(entry, alerts)} />);
          const show = () => setOpened((was) => new Set(was).add(key));
          return [line.kind === "steps" ? <Steps key={key} entries={line.entries} onShow={show} /> : <Burst key={key} entries={line.entries} alerts={alerts} onShow={show} />];
        })}
      </ol>
      {onComment ? <CommentBox box={box} onComment={onComment} /> : null}
    </section>
  );
}

function Chip({ title, count, here, onClick }: { title: string; count: number; here: boolean; onClick: () => void }) {
  return <button type="button" className={styles.chip} aria-pressed={here} onClick={onClick}>{title} {count.toLocaleString("en")}</button>;
}

function alertOf(entry: Entry, alerts: ReadonlyMap<string, Alert>): Alert | undefined {
  return entry.alert_id === null ? undefined : alerts.get(entry.alert_id);
}

const MOST_NAMED = 4;

/** Alerts that came one after another. */
function Burst({ entries, alerts, onShow }: { entries: readonly Entry[]; alerts: ReadonlyMap<string, Alert>; onShow: () => void }) {
  const last = entries[0];
  const first = entries.at(-1);
  if (!last || !first) return null;
  const of = entries.flatMap((one) => alertOf(one, alerts) ?? []);
  const assets = [...new Set(of.map((one) => one.asset))];
  const seconds = Math.max(1, (Date.parse(last.at) - Date.parse(first.at)) / 1_000);
  return (
    <li className={styles.item}>
      <At at={last.at} seconds /><span className={styles.glyph}><SeverityGlyph severity={worstOf(of)} /></span>
      <span>
        <b>{entries.length} alerts in {duration(seconds)}</b> from <Inert text={assets.slice(0, MOST_NAMED).join(", ")} />{assets.length > MOST_NAMED ? ` and ${assets.length - MOST_NAMED} more` : ""}{" "}
        {[...new Set(of.map((one) => one.source))].map((tool) => <ToolTile key={tool} tool={tool} />)} <button type="button" className={styles.more} onClick={onShow}>show {entries.length}</button>
      </span>
    </li>
  );
}

/** Steps of runs on their way. */
function Steps({ entries, onShow }: { entries: readonly Entry[]; onShow: () => void }) {
  const [last] = entries;
  if (!last) return null;
  const runs = [...new Set(entries.map((one) => runTitleOf(one)))];
  return (
    <li className={styles.item}>
      <At at={last.at} seconds /><span className={styles.icon} data-kind={last.group}><Icon name="runs" size={12} /></span>
      <span>{counted(entries.length, "step")} of <Inert text={runs.join(" and ")} /> <button type="button" className={styles.more} onClick={onShow}>show {entries.length}</button></span>
    </li>
  );
}

function Item({ entry, alert }: { entry: Entry; alert: Alert | undefined }) {
  if (entry.kind === "comment") {
    return (
      <li className={styles.item}>
        <At at={entry.at} seconds /><span className={styles.icon}><Icon name="comment" size={12} /></span>
        <span className={styles.comment}><span className={styles.words}><Inert text={entry.text} /></span><span className="dim small"><Person email={entry.actor} />, internal</span></span>
      </li>
    );
  }
  if (alert) {
    const ended = entry.kind === "alert_resolved";
    return (
      <li className={styles.item}>
        <At at={entry.at} seconds />{ended ? <span className={styles.icon} data-kind="ended"><Icon name="check" size={12} /></span> : <span className={styles.glyph}><SeverityGlyph severity={alert.severity} /></span>}
        <span>
          <Link to="/alerts/$id" params={{ id: alert.id }} className={styles.check}><Inert text={alert.signature} /></Link> on <Inert text={alert.asset} /> <ToolTile tool={alert.source} />{" "}
          <span className="dim">{ended ? "It ended." : outcomeOf(entry, alert.signature, alert.asset)}{!ended && alert.count > 1 ? ` Said ${alert.count.toLocaleString("en")} times by now.` : ""}</span>
        </span>
      </li>
    );
  }
  if (entry.kind === "run_step") return <RunStep entry={entry} />;
  return <Deed entry={entry} />;
}

const GLYPHS: Record<string, StateWord> = { acknowledge: "acknowledged", unacknowledge: "needs_ack", resolve: "resolved", timer_resolve: "resolved", merge: "merged", merged: "merged", snooze: "snoozed", unsnooze: "needs_ack", timer_unsnooze: "needs_ack" };

/** What a person or a timer did. */
function Deed({ entry }: { entry: Entry }) {
  const state = GLYPHS[entry.kind];
  const icon: IconName = entry.kind === "split" ? "split" : entry.group === "people" ? "person" : "clock";
  const verb = verbOf(entry);
  const other = typeof entry.detail.into === "string" ? entry.detail.into : null;
  const note = typeof entry.detail.note === "string" ? entry.detail.note : "";
  return (
    <li className={styles.item}>
      <At at={entry.at} seconds /><span className={styles.icon} data-kind={entry.group}>{state ? <StateGlyph state={state} /> : <Icon name={icon} size={12} />}</span>
      <span>
        {verb ? <><b>{entry.group === "decisions" ? "The rule" : <Person email={entry.actor} />} {verb}</b></> : <b><Inert text={entry.text.replaceAll("_", " ")} /></b>}
        {other ? <> : <IncidentLink id={other} title /></> : null}{note ? <> <q className={styles.note}><Inert text={note} /></q></> : null}
      </span>
    </li>
  );
}

/** Where people write to each other about it; what was written is kept until the server has it. */
function CommentBox({ box, onComment }: { box: RefObject<HTMLTextAreaElement | null>; onComment: (text: string) => Promise<unknown> }) {
  const [text, setText] = useState("");
  const [sending, setSending] = useState(false);
  const send = async (): Promise<void> => {
    if (!text.trim() || sending) return;
    setSending(true);
    try {
      await onComment(text.trim());
      setText("");
    } catch {
      // What failed was said by the act; the words stay in the box.
    } finally {
      setSending(false);
    }
  };
  return (
    <form className={styles.box} onSubmit={(event) => { event.preventDefault(); void send(); }}>
      <Textarea
        ref={box} aria-label="Comment" placeholder="Comment, internal: the client never sees it" autosize minRows={1} maxRows={8} maxLength={MOST_COMMENT} value={text}
        rightSection={text ? null : <Kbd>c</Kbd>} onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void send(); if (event.key === "Escape") event.currentTarget.blur(); }}
      />
      {text.trim() ? <Button type="submit" loading={sending}>Write</Button> : null}
    </form>
  );
}
