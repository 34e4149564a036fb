/** What happened to an incident, as lines: pure, so that counts and folding have tests. */
import type { Whole } from "@/api/acts";
import type { Act } from "@/api/runs";
import type { Stand } from "@/pages/runs/words";
import { personName } from "@/parts/names";
import { shortTime } from "@/parts/Time";
import { SEVERITIES, type SeverityWord } from "@/parts/Severity";

export type Entry = Whole["timeline"][number];
export type Group = Entry["group"];
export const GROUPS: readonly Group[] = ["alerts", "decisions", "people"];

/** A run of alerts that came one after another is one line until it is asked for. */
export type Line = { kind: "one"; entry: Entry } | { kind: "burst" | "steps"; entries: readonly Entry[] };

const MOST_APART = { burst: 4, steps: 1 };

/** How many of each group; they sum to all. */
export function countsOf(entries: readonly Entry[]): Record<Group, number> {
  const counts: Record<Group, number> = { alerts: 0, decisions: 0, people: 0 };
  for (const one of entries) counts[one.group] += 1;
  return counts;
}

/** Alerts that say something new: what opened it, and what was worse than all before it. `entries` oldest first. */
export function telling(entries: readonly Entry[], severityOf: (alertId: string) => SeverityWord | undefined): ReadonlySet<Entry> {
  const found = new Set<Entry>();
  let worst: number = SEVERITIES.length;
  for (const one of entries) {
    const severity = one.alert_id === null || one.kind === "alert_resolved" ? undefined : severityOf(one.alert_id);
    if (severity === undefined || SEVERITIES.indexOf(severity) >= worst) continue;
    worst = SEVERITIES.indexOf(severity);
    found.add(one);
  }
  return found;
}

/**
 * Lines in the order given; more than four alerts in a row become one, but for those that stand apart, and so do the
 * steps of a run on its way: what the whole run came to, and what failed, stays in sight.
 */
export function folded(entries: readonly Entry[], apart: ReadonlySet<Entry> = new Set()): Line[] {
  const lines: Line[] = [];
  let run: Entry[] = [];
  let kind: Fold = null;
  const flush = (): void => {
    if (kind !== null && run.length > MOST_APART[kind]) lines.push({ kind, entries: run });
    else lines.push(...run.map((entry) => ({ kind: "one" as const, entry })));
    run = [];
  };
  for (const entry of entries) {
    const own: Fold = apart.has(entry) ? null : entry.group === "alerts" ? "burst" : isOnTheWay(entry) ? "steps" : null;
    if (own === null || own !== kind) flush();
    kind = own;
    run.push(entry);
  }
  flush();
  return lines;
}

type Fold = "burst" | "steps" | null;

function isOnTheWay({ kind, detail }: Entry): boolean {
  return kind === "run_step" && detail.after !== "failed" && (typeof detail.asset_id === "string" || detail.after === "running");
}

export function keyOf(entry: Entry): string {
  return `${entry.at} ${entry.kind} ${entry.alert_id ?? ""}`;
}

/** What the tool's line says of the alert after its name: the server writes `CHECK on ASSET: what came of it`. */
export function outcomeOf(entry: Entry, signature: string, asset: string): string {
  const named = `${signature} on ${asset}: `;
  return entry.text.startsWith(named) ? entry.text.slice(named.length) : entry.text;
}

/** What a person or a timer did, as a sentence without its subject; null for kinds that this page does not know. */
export function verbOf(entry: Entry): string | null {
  const { detail } = entry;
  switch (entry.kind) {
    case "acknowledge": return "acknowledged it";
    case "unacknowledge": return "took the acknowledgement back";
    case "snooze": return snoozed(detail.until);
    case "unsnooze": return "woke it";
    case "timer_unsnooze": return `woke it: ${WOKEN[String(detail.why)] ?? "its snooze ended"}`;
    case "assign": return assigned(detail.assignee, entry.actor);
    case "resolve": return "resolved it";
    case "timer_resolve": return "resolved it: all alerts are clear, and its hold is over";
    case "timer_release": return "opened it: its maintenance window is over, and it still fires";
    case "merge": return `merged ${amount(detail.others, "another incident", "other incidents")} into it`;
    case "merged": return "merged it into another incident";
    case "split": return `split ${amount(detail.alerts, "an alert", "alerts")} off`;
    default: return null;
  }
}

const WOKEN: Record<string, string> = { time: "its time came", cleared: "nothing of it fires any more", worse: "it became worse" };

function snoozed(until: unknown): string {
  return typeof until === "string" ? `snoozed it to ${shortTime(until)}` : "snoozed it until it is clear";
}

function assigned(to: unknown, actor: string): string {
  if (typeof to !== "string") return "gave it to nobody";
  return to === actor ? "took it over" : `gave it to ${personName(to)}`;
}

function amount(list: unknown, one: string, several: string): string {
  const count = Array.isArray(list) ? list.length : 1;
  return count === 1 ? one : `${count} ${several}`;
}

export interface RunStepSaid { runId: string; stand: Stand; where: string; why: string; phase: Act["phase"] | null; output: string }

/** The title of a step's run, without the target that the step is on. */
export function runTitleOf(entry: Entry): string {
  const { where } = stepOf(entry);
  const end = typeof entry.detail.asset_id === "string" ? where.lastIndexOf(" on ") : -1;
  return end < 0 ? where : where.slice(0, end);
}

/** A step of a run in parts: the server writes `TITLE on TARGET: STATE. WHY`, and the end of what its script printed beside it. */
export function stepOf({ detail, text }: Pick<Entry, "detail" | "text">): RunStepSaid {
  const word = (name: string): string => (typeof detail[name] === "string" ? detail[name] : "");
  const stand = word("after") as Stand;
  const mark = `: ${stand.replaceAll("_", " ")}. `;
  const at = text.indexOf(mark);
  return {
    runId: word("run_id"), stand, where: at < 0 ? text : text.slice(0, at), why: at < 0 ? "" : text.slice(at + mark.length),
    phase: (word("phase") || null) as Act["phase"] | null, output: [word("stdout"), word("stderr")].filter(Boolean).join("\n"),
  };
}
