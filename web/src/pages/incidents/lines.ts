/** The list as lines of fixed heights: heads, rows, and what is still to be fetched. Pure. */
import type { Counts } from "@/api/incidents";
import { GROUPS, type Group, type Incident, type Rows, type Shown } from "@/pages/incidents/rows";

export type Line =
  | { kind: "head"; key: string; group: Group; count: number }
  | ({ kind: "row"; key: string } & Shown)
  | { kind: "more"; key: string; group: Group; shown: number; count: number };

/** Lines of the groups that have any; of a folded one the head alone. */
export function linesOf(rows: Rows, { counts, folded, hasMore }: { counts: Partial<Record<Group, number>>; folded: ReadonlySet<Group>; hasMore: (group: Group) => boolean }): Line[] {
  return GROUPS.flatMap((group): Line[] => {
    const of = rows.shown.filter((one) => one.group === group);
    if (of.length === 0) return [];
    const count = hasMore(group) ? Math.max(counts[group] ?? 0, of.length) : of.filter((one) => !one.left).length;
    const head: Line = { kind: "head", key: group, group, count };
    if (folded.has(group)) return [head];
    const more: Line[] = hasMore(group) ? [{ kind: "more", key: `${group} more`, group, shown: of.length, count }] : [];
    return [head, ...of.map((one): Line => ({ kind: "row", key: one.incident.id, ...one })), ...more];
  });
}

/** How many each group has, where the server counts them. */
export function countsOf(counts: Counts | undefined): Partial<Record<Group, number>> {
  return counts ? { needs_ack: counts.needs_ack, working: counts.working, waiting: counts.waiting } : {};
}

/** Ids from one row to another, both among them, in the order in which they stand. */
export function between(order: readonly Incident[], from: string, to: string): string[] {
  const ends = [order.findIndex((one) => one.id === from), order.findIndex((one) => one.id === to)].sort((a, b) => a - b);
  const [first = -1, last = -1] = ends;
  return first < 0 ? [] : order.slice(first, last + 1).map((one) => one.id);
}
