/** Ends of a snooze that people choose: pure, so that each has a test. */
import type { SnoozeEnd } from "@/api/acts";

const HOUR_MS = 3_600_000;
const LONGEST_MS = 30 * 24 * HOUR_MS; // that the server takes
const MORNING = 8;

/** What is offered at a moment, in the viewer's zone. */
export function snoozes(now: number): { value: string; words: string; end: SnoozeEnd }[] {
  const at = (ms: number): SnoozeEnd => ({ until: new Date(ms).toISOString() });
  return [
    { value: "hour", words: "for an hour", end: at(now + HOUR_MS) },
    { value: "four", words: "for four hours", end: at(now + 4 * HOUR_MS) },
    { value: "morning", words: "until the morning", end: at(morningAfter(now)) },
    ...(mondayAfter(now) === morningAfter(now) ? [] : [{ value: "monday", words: "until Monday", end: at(mondayAfter(now)) }]),
    { value: "clear", words: "until it is clear", end: { until_clear: true } },
  ];
}

/** The next morning that is still to come, on the wall's clock. */
export function morningAfter(now: number): number {
  const at = new Date(now);
  at.setHours(MORNING, 0, 0, 0);
  if (at.getTime() <= now) at.setDate(at.getDate() + 1);
  return at.getTime();
}

/** Monday's morning that is still to come. */
export function mondayAfter(now: number): number {
  const at = new Date(now);
  at.setHours(MORNING, 0, 0, 0);
  while (at.getDay() !== 1 || at.getTime() <= now) at.setDate(at.getDate() + 1);
  return at.getTime();
}

/** What was typed as a time of one's own; null when it is none, past, or too far ahead. */
export function endOf(typed: string, now: number): SnoozeEnd | null {
  const at = Date.parse(typed);
  return Number.isFinite(at) && at > now && at <= now + LONGEST_MS ? { until: new Date(at).toISOString() } : null;
}

/** As a field of the browser wants a time on the wall's clock. */
export function localTime(at: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`;
}
