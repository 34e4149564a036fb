import { duration } from "@/parts/duration";
import { useNow } from "@/parts/now";

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const exactly = new Intl.DateTimeFormat("en-GB", {
  weekday: "short", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "short",
});
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const short = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const datedClock = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" });
const dated = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

/** In the viewer's zone, to the second. */
export const exact = (at: string): string => `${exactly.format(new Date(at))}, ${zone}`;
export const clockTime = (at: string): string => clock.format(new Date(at));
/** `04:00`, or with its day when that is not today. */
export function shortTime(at: string): string {
  const then = new Date(at);
  return then.toDateString() === new Date().toDateString() ? short.format(then) : dated.format(then);
}

/** `04:00:12`, or with its day when that is not today. */
function fullTime(at: string): string {
  const then = new Date(at);
  return then.toDateString() === new Date().toDateString() ? clock.format(then) : datedClock.format(then);
}

/** Whole days from one moment up to another, as people name them: the end is the last day that counts. */
export function daysWords(from: string, to: string): string {
  const [first, last] = [new Date(from), new Date(Date.parse(to) - 1)];
  return first.toDateString() === last.toDateString() ? day.format(first) : `${day.format(first)} to ${day.format(last)}`;
}

/** How long ago (or, with `until`, how long still); the exact time on hover and focus. */
export function Age({ at, suffix = "" }: { at: string; suffix?: string }) {
  const young = Date.now() - Date.parse(at) < 600_000;
  const now = useNow(young ? 1 : 60);
  return <time dateTime={at} tabIndex={-1}>{duration((now - Date.parse(at)) / 1_000)}{suffix}</time>;
}

/** A clock time in the viewer's zone. */
export function At({ at, seconds = false }: { at: string; seconds?: boolean }) {
  return <time dateTime={at}>{seconds ? fullTime(at) : shortTime(at)}</time>;
}
