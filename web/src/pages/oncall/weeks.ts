/** The calendar's geometry: weeks of the viewer's clock, and what of a line falls into each. */

export interface Timed { from: string; to: string }
export interface Week { start: number; end: number; days: { start: number; end: number }[] }
export interface Bar<T> { one: T; left: number; width: number; begins: boolean; ends: boolean }

/** Weeks from the Monday of a day on, as the viewer's clock has them: a day with a change of clocks is shorter or longer. */
export function weeksFrom(at: Date, count: number): Week[] {
  const monday = new Date(at.getFullYear(), at.getMonth(), at.getDate() - ((at.getDay() + 6) % 7));
  return Array.from({ length: count }, (_, week) => {
    const midnight = (day: number) => new Date(monday.getFullYear(), monday.getMonth(), monday.getDate() + week * 7 + day).getTime();
    const days = Array.from({ length: 7 }, (_, day) => ({ start: midnight(day), end: midnight(day + 1) }));
    return { start: midnight(0), end: midnight(7), days };
  });
}

/** What of some times falls into a week: places in per cent of its width. */
export function barsOf<T extends Timed>(line: readonly T[], week: Week): Bar<T>[] {
  const whole = week.end - week.start;
  return line.flatMap((one) => {
    const [from, to] = [Date.parse(one.from), Date.parse(one.to)];
    const [start, end] = [Math.max(from, week.start), Math.min(to, week.end)];
    if (start >= end) return [];
    return [{ one, left: ((start - week.start) / whole) * 100, width: ((end - start) / whole) * 100, begins: from >= week.start, ends: to <= week.end }];
  });
}

/** Neighbours of one person as one, for what asks only who it is. */
export function joined<T extends Timed & { on_call: string | null }>(line: readonly T[]): T[] {
  const found: T[] = [];
  for (const one of line) {
    const last = found.at(-1);
    if (last && last.on_call === one.on_call && last.to === one.from) found[found.length - 1] = { ...last, to: one.to };
    else found.push(one);
  }
  return found;
}

/** A colour's number for each person of a line, in the order in which they come. */
export function hues(line: readonly { on_call: string | null }[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const { on_call } of line) if (on_call && !found.has(on_call)) found.set(on_call, found.size % 5);
  return found;
}

const moment = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });

/** `Mon 2 Mar, 08:00 to 20:00`, in the viewer's zone. */
export function spanWords({ from, to }: Timed): string {
  const [start, end] = [new Date(from), new Date(to)];
  const same = start.toDateString() === end.toDateString();
  return `${moment.format(start)} to ${same ? clock.format(end) : moment.format(end)}`;
}
