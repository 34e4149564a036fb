/** What fired, where and when, as lanes of bars: pure, so that folding and ticks have tests. */
import type { Whole } from "@/api/acts";
import { SEVERITIES, type SeverityWord } from "@/parts/Severity";

export type Alert = Whole["alerts"][number];

/** Alerts that began so close together that their bars would lie on each other are one bar. */
export interface Bar {
  alerts: readonly Alert[];
  severity: SeverityWord;
  /** Both from 0 to 1 of the axis. */
  from: number;
  to: number;
  /** Something of it still fires. */
  fires: boolean;
  /** Where the next bar of the lane begins, or the end: its words go no further. */
  room: number;
}

export interface Lane {
  name: string;
  tools: readonly string[];
  bars: readonly Bar[];
}

const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 2_419_200];

/** Lanes by asset or tool, the first to fire at the top; `least` is how far apart two bars begin, of the whole axis. */
export function lanesOf(alerts: readonly Alert[], by: "asset" | "tool", start: number, end: number, least: number): Lane[] {
  const of = new Map<string, Alert[]>();
  for (const one of [...alerts].sort((a, b) => a.first_seen_at.localeCompare(b.first_seen_at))) {
    const name = by === "asset" ? one.asset : one.source;
    of.set(name, [...(of.get(name) ?? []), one]);
  }
  const place = (at: string) => Math.min(1, Math.max(0, (Date.parse(at) - start) / (end - start)));
  return [...of].map(([name, found]) => ({ name, tools: [...new Set(found.map((one) => one.source))], bars: barsOf(found, place, least) }));
}

function barsOf(alerts: readonly Alert[], place: (at: string) => number, least: number): Bar[] {
  const groups: { from: number; alerts: Alert[] }[] = [];
  for (const one of alerts) {
    const from = place(one.first_seen_at);
    const last = groups.at(-1);
    if (last && from - last.from < least) last.alerts.push(one);
    else groups.push({ from, alerts: [one] });
  }
  return groups.map(({ from, alerts: of }, at) => ({
    alerts: of, from, severity: worstOf(of), fires: of.some((one) => one.ended_at === null),
    to: Math.max(...of.map((one) => (one.ended_at === null ? 1 : place(one.ended_at)))),
    room: groups[at + 1]?.from ?? 1,
  }));
}

export function worstOf(alerts: readonly { severity: SeverityWord }[]): SeverityWord {
  return SEVERITIES.find((one) => alerts.some((alert) => alert.severity === one)) ?? "info";
}

/** Round moments between start and end (ms), at most `most`, as a clock on the wall `offsetMin` from UTC shows them. */
export function ticksOf(start: number, end: number, most: number, offsetMin = -new Date(start).getTimezoneOffset()): number[] {
  const step = (STEPS_S.find((one) => (end - start) / (one * 1_000) <= most) ?? STEPS_S.at(-1) ?? 1) * 1_000;
  const shift = offsetMin * 60_000;
  const ticks: number[] = [];
  for (let at = Math.ceil((start + shift) / step) * step - shift; at <= end; at += step) ticks.push(at);
  return ticks;
}
