import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef } from "react";
import { answered, client, type Shapes } from "@/api/client";
import { useChanges } from "@/live/live";

export type Figures = Shapes["FiguresShown"];
export type Report = Omit<Shapes["KpisShown"], "company_id">;
export type Definition = Shapes["DefinitionShown"];
export type Noisy = Shapes["NoisyShown"];
export type Part = keyof Shapes["WhereaboutsShown"];

export const RANGES = [
  { slug: "24h", title: "24 h" }, { slug: "7d", title: "7 days" }, { slug: "30d", title: "30 days" }, { slug: "90d", title: "90 days" },
] as const;
export type Range = (typeof RANGES)[number]["slug"];

/** What a question is about: one company, or all that the person serves taken together. */
export interface Asked {
  company: string | null;
  range: Range;
  soFar: boolean;
}

/** Fewer cases than these carry no change: it would be chance. */
export const FEWEST = 20;

const VIEWER = Intl.DateTimeFormat().resolvedOptions().timeZone;
const ASK_AGAIN_MS = 60_000;
const LEAST_APART_MS = 3_000;

/** The figures with those of the period before. */
export function useReport({ company, range, soFar }: Asked) {
  return useQuery({
    queryKey: ["kpis", "report", company, range, soFar],
    queryFn: async (): Promise<Report> => {
      const query = { range, so_far: soFar };
      return company
        ? answered(client.GET("/api/companies/{company_id}/kpis", { params: { path: { company_id: company }, query } }))
        : answered(client.GET("/api/kpis", { params: { query: { ...query, zone: VIEWER } } }));
    },
    refetchInterval: ASK_AGAIN_MS,
    placeholderData: (was) => was,
  });
}

/** What is open now, by severity. */
export function useOpen(company: string | null) {
  return useQuery({
    queryKey: ["kpis", "now", company],
    queryFn: () => company
      ? answered(client.GET("/api/companies/{company_id}/kpis/now", { params: { path: { company_id: company } } }))
      : answered(client.GET("/api/kpis/now")),
    refetchInterval: ASK_AGAIN_MS,
  });
}

/** The usual alerts of each hour of a week. */
export function useHeat(company: string | null) {
  return useQuery({
    queryKey: ["kpis-heat", company],
    queryFn: () => company
      ? answered(client.GET("/api/companies/{company_id}/kpis/heat", { params: { path: { company_id: company } } }))
      : answered(client.GET("/api/kpis/heat", { params: { query: { zone: VIEWER } } })),
    staleTime: 10 * ASK_AGAIN_MS, // full days alone, so it changes at midnight
  });
}

/** What most alerts were of. */
export function useNoisiest({ company, range }: Asked, by: "check" | "asset") {
  return useQuery({
    queryKey: ["kpis", "noisiest", company, range, by],
    queryFn: () => {
      const query = { range, by, limit: 8 };
      return company
        ? answered(client.GET("/api/companies/{company_id}/kpis/noisiest", { params: { path: { company_id: company }, query } }))
        : answered(client.GET("/api/kpis/noisiest", { params: { query } }));
    },
    refetchInterval: ASK_AGAIN_MS,
    placeholderData: (was) => was,
  });
}

/** Reads the figures anew when the line says that something changed: at once, then not before some seconds are over. */
export function useFresh(company: string | null): void {
  const queries = useQueryClient();
  const timer = useRef(0);
  const last = useRef(0);
  const look = useCallback(() => {
    timer.current = 0;
    last.current = Date.now();
    void queries.invalidateQueries({ queryKey: ["kpis"] });
  }, [queries]);
  useChanges("kpi", (change) => {
    if (change === null || timer.current || (company !== null && change.company_id !== company)) return;
    timer.current = window.setTimeout(look, Math.max(LEAST_APART_MS / 10, last.current + LEAST_APART_MS - Date.now()));
  });
  useEffect(() => () => window.clearTimeout(timer.current), []);
}

/** The address of the rows behind a figure, as its definition says; null where no list shows them. */
export function rowsOf(definition: Definition | undefined, period: { from: string; to: string }, company: string | null): string | null {
  if (!definition?.rows || !definition.filter) return null;
  const query = new URLSearchParams(definition.filter.replaceAll("{from}", period.from).replaceAll("{to}", period.to));
  if (definition.rows === "incidents") {
    query.set("state", query.get("status") ?? "all");
    query.delete("status");
  }
  if (definition.rows === "suppressed" && !company) return null; // that list is of one company
  if (company) query.set("company", company);
  return `/${definition.rows}?${query}`;
}

/** A share or a count as a figure shows it. */
export const percent = (value: number): string => value.toFixed(1);
export const count = (value: number): string => value.toLocaleString("en");

/** The days (or the hours) of a period on the clock of a zone: `11 to 17 Nov`. */
export function daysOf(from: string, to: string, zone: string, range: Range): string {
  const last = new Date(Date.parse(to) - 1);
  if (range === "24h") {
    const at = new Intl.DateTimeFormat("en-GB", { weekday: "short", hour: "2-digit", minute: "2-digit", timeZone: zone });
    return `${at.format(new Date(from))} to ${at.format(new Date(to))}`;
  }
  const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: zone });
  const [first, final] = [day.format(new Date(from)), day.format(last)];
  const [number, month] = first.split(" ");
  return final.endsWith(month ?? "") ? `${number} to ${final}` : `${first} to ${final}`;
}

/** What a bar or a point of the trend is called. */
export function bucketName(from: string, zone: string, range: Range): string {
  const form: Intl.DateTimeFormatOptions = range === "24h" ? { hour: "2-digit", minute: "2-digit" } : range === "7d" ? { weekday: "short", day: "numeric" } : { day: "numeric", month: "short" };
  return new Intl.DateTimeFormat("en-GB", { ...form, timeZone: zone }).format(new Date(from));
}

/** Of an axis with four steps: the next number above whose quarters are whole and round. */
export function nice(value: number): number {
  if (value <= 40) return Math.max(4, Math.ceil(value / 4) * 4);
  const scale = 10 ** Math.floor(Math.log10(value));
  return ([1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8].find((one) => one * scale >= value) ?? 10) * scale;
}

const HOUR_MS = 3_600_000;
const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/** When each hour of the week last began on the clock of a zone; an hour that summer time leaves out is not there. */
export function latestHours(zone: string, now: number): Map<string, number> {
  const clock = new Intl.DateTimeFormat("en-GB", { weekday: "short", hour: "2-digit", hourCycle: "h23", timeZone: zone });
  const found = new Map<string, number>();
  // Half-hour zones: their hours do not begin with those of UTC.
  const shift = (HOUR_MS - minutesOf(zone, now) * 60_000) % HOUR_MS;
  const newest = Math.floor((now - shift) / HOUR_MS) * HOUR_MS + shift - HOUR_MS;
  for (let back = 0; back < 8 * 24; back += 1) {
    const start = newest - back * HOUR_MS;
    const parts = clock.formatToParts(start);
    const day = DAYS.indexOf(parts.find((one) => one.type === "weekday")?.value ?? "");
    const key = `${day} ${Number(parts.find((one) => one.type === "hour")?.value)}`;
    if (!found.has(key)) found.set(key, start);
  }
  return found;
}

function minutesOf(zone: string, now: number): number {
  const whole = Math.floor(now / HOUR_MS) * HOUR_MS;
  return Number(new Intl.DateTimeFormat("en-GB", { minute: "numeric", timeZone: zone }).format(whole));
}
