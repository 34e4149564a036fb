/** Durations in words: two units at most, and seconds only under ten minutes; never `1:48`. */

const MINUTE = 60;
const HOUR = 3_600;
const DAY = 86_400;

export function duration(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  if (s < MINUTE) return `${s} s`;
  if (s < 10 * MINUTE) return s % MINUTE ? `${Math.floor(s / MINUTE)} m ${s % MINUTE} s` : `${s / MINUTE} m`;
  if (s < HOUR) return `${Math.floor(s / MINUTE)} m`;
  if (s < DAY) return two(Math.floor(s / HOUR), "h", Math.floor((s % HOUR) / MINUTE), "m");
  return two(Math.floor(s / DAY), "d", Math.floor((s % DAY) / HOUR), "h");
}

function two(first: number, unit: string, second: number, smaller: string): string {
  return second ? `${first} ${unit} ${second} ${smaller}` : `${first} ${unit}`;
}

/** Minutes as a figure shows them: one decimal under ten. */
export function minutes(value: number): string {
  return value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString("en");
}
