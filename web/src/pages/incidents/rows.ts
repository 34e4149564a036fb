/**
 * The list of incidents under a person's eyes: what the server said, and how live changes enter it without moving it.
 *
 * Pure, so that every rule has a test: a change to a row that is shown is written in place; a row that no longer fits
 * stays where it is, marked, until the person asks; new rows wait while the person is in the list.
 */
import type { Listed } from "@/api/incidents";

export type Incident = Listed;
export type Group = Incident["group"];

/** The questions of a shift, in the order in which they stand. */
export const GROUPS: readonly Group[] = ["needs_ack", "working", "waiting", "done"];

export interface Shown {
  incident: Incident;
  /** Under which head it stands: that of when the list was last put in order, whatever it is now. */
  group: Group;
  /** It does not fit the filter any more, and is dimmed. */
  left: boolean;
  /** When it last changed under the person's eyes, in ms; 0: not since it is shown. */
  changedAt: number;
}

export interface Rows {
  shown: readonly Shown[];
  /** New ones that wait behind "n new". */
  waiting: readonly Incident[];
  /** The last that was fetched of each group of which there are more. */
  ends: Partial<Record<Group, Incident>>;
}

/** One page of a group, as the server listed it. */
export interface Part {
  group: Group;
  items: readonly Incident[];
  hasMore: boolean;
}

export const none: Rows = { shown: [], waiting: [], ends: {} };

const RANK = { critical: 0, high: 1, medium: 2, low: 3, info: 4 } as const;

/** The server's order by attention: by group; the worst first, and of equals the oldest; what is over, newest first. */
export function compare(a: Incident, b: Incident): number {
  if (a.group !== b.group) return GROUPS.indexOf(a.group) - GROUPS.indexOf(b.group);
  if (a.group === "done") return b.id.localeCompare(a.id);
  return RANK[a.severity] - RANK[b.severity] || a.id.localeCompare(b.id);
}

const fresh = (incident: Incident): Shown => ({ incident, group: incident.group, left: false, changedAt: 0 });
const ordered = (shown: readonly Shown[]): Shown[] => [...shown].sort((a, b) => compare(a.incident, b.incident));

/** What the server listed, in order; marks and what waited are gone. */
export function listed(parts: readonly Part[]): Rows {
  const all = new Map(parts.flatMap((part) => part.items).map((one) => [one.id, one]));
  return { shown: ordered([...all.values()].map(fresh)), waiting: [], ends: Object.assign({}, ...parts.map(endOf)) as Rows["ends"] };
}

function endOf({ group, items, hasMore }: Part): Rows["ends"] {
  const last = items.at(-1);
  return { [group]: hasMore ? last : undefined };
}

/** The next page of a group: it stands behind what is there of the group, and moves nothing. */
export function extended(rows: Rows, part: Part): Rows {
  const known = new Set(rows.shown.map((one) => one.incident.id));
  const more = part.items.filter((one) => !known.has(one.id)).map((one) => ({ ...fresh(one), group: part.group }));
  const at = rows.shown.findLastIndex((one) => GROUPS.indexOf(one.group) <= GROUPS.indexOf(part.group)) + 1;
  return { ...rows, shown: [...rows.shown.slice(0, at), ...more, ...rows.shown.slice(at)], ends: { ...rows.ends, ...endOf(part) } };
}

/**
 * Take what the server now says of some incidents.
 *
 * `gone` do not fit the filter any more; `busy` says whether the person is in the list, which then keeps still. One that
 * is not shown, and stands behind what was fetched of its group, is left to be fetched.
 */
export function changed(rows: Rows, now: readonly Incident[], gone: ReadonlySet<string>, busy: boolean, at: number): Rows {
  const told = new Map(now.map((one) => [one.id, one]));
  const known = new Set(rows.shown.map((one) => one.incident.id));
  const shown = rows.shown.map((one) => {
    const news = told.get(one.incident.id);
    if (news) return same(news, one.incident) ? (one.left ? { ...one, left: false } : one) : { ...one, incident: { ...one.incident, ...news }, left: false, changedAt: at };
    return gone.has(one.incident.id) && !one.left ? { ...one, left: true, changedAt: at } : one;
  });
  const waiting = [
    ...rows.waiting.filter((one) => !told.has(one.id) && !gone.has(one.id)),
    ...now.filter((one) => !known.has(one.id) && !isBeyond(rows, one)),
  ];
  const all = { ...rows, shown, waiting };
  return busy ? all : settled(all);
}

/** The list was read anew, as after a break of the line: as `changed`, and what was shown and is not there is `unsure`. */
export function reread(rows: Rows, parts: readonly Part[], busy: boolean, at: number): { rows: Rows; unsure: string[] } {
  if (!busy) return { rows: listed(parts), unsure: [] };
  const now = parts.flatMap((part) => part.items);
  const told = new Set(now.map((one) => one.id));
  const unsure = [...rows.shown.filter((one) => !one.left).map((one) => one.incident), ...rows.waiting].map((one) => one.id).filter((id) => !told.has(id));
  return { rows: changed(rows, now, new Set(), true, at), unsure };
}

/** Whether it stands behind what was fetched of its group. */
function isBeyond(rows: Rows, one: Incident): boolean {
  const end = rows.ends[one.group];
  return end !== undefined && compare(one, end) > 0;
}

/** What waited enters at its place, what left goes, and all stands in order: the person asked, or is not in the list. */
export function settled(rows: Rows): Rows {
  const stays = rows.shown.filter((one) => !one.left).map((one) => (one.group === one.incident.group ? one : { ...one, group: one.incident.group }));
  return { ...rows, shown: ordered([...stays, ...rows.waiting.map(fresh)]), waiting: [] };
}

const SEEN = [
  "status", "state", "group", "severity", "title", "assignee", "occurrence_count", "alert_count", "firing_count", "approvals", "closes_at", "snoozed_until", "snoozed_until_clear",
  "resolved_by", "acknowledged_by",
] as const satisfies readonly (keyof Incident)[];

function same(a: Incident, b: Incident): boolean {
  return SEEN.every((one) => a[one] === b[one]) && a.tools.join() === b.tools.join() && a.assets.join() === b.assets.join();
}
