import { type Shapes } from "@/api/client";

export type Window = Shapes["WindowShown"];
export type Asked = Shapes["WindowAsked"];
export type Running = Shapes["RunningShown"];

const DAYS: Record<string, string> = { MO: "Monday", TU: "Tuesday", WE: "Wednesday", TH: "Thursday", FR: "Friday", SA: "Saturday", SU: "Sunday" };
const NUMBERS: Record<string, string> = { 1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth", "-1": "last" };

/** What the clock on the wall of a zone shows, as `datetime-local` writes it. */
export function wallOf(at: Date, zone: string): string {
  return new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "short", timeZone: zone }).format(at).replace(" ", "T");
}

/** A recurrence as people say it; the rule itself where it is none of the usual ones. */
export function recurrenceWords(rule: string): string {
  if (!rule) return "once";
  const parts = new Map(rule.split(";").map((one) => one.split("=") as [string, string]));
  const only = (...names: string[]) => [...parts.keys()].every((one) => names.includes(one));
  const days = (parts.get("BYDAY") ?? "").split(",").filter(Boolean);
  const frequency = parts.get("FREQ");
  if (frequency === "DAILY" && only("FREQ")) return "every day";
  if (frequency === "WEEKLY" && only("FREQ")) return "every week";
  if (frequency === "WEEKLY" && only("FREQ", "BYDAY")) return `every ${days.map((one) => DAYS[one] ?? one).join(", ")}`;
  if (frequency === "MONTHLY" && only("FREQ")) return "every month";
  const [day = ""] = days;
  const number = NUMBERS[day.slice(0, -2)];
  if (frequency === "MONTHLY" && only("FREQ", "BYDAY") && days.length === 1 && number) return `the ${number} ${DAYS[day.slice(-2)] ?? ""} of the month`;
  return rule;
}

/** The time that runs, or else the next one, or else the last. */
export function timeOf(window: Pick<Window, "times">, now: number): Window["times"][number] | undefined {
  return window.times.find((one) => Date.parse(one.ends_at) > now) ?? window.times.at(-1);
}

/** The window that keeps a company, or an asset of it, quiet now; null where none does. */
export function quietBy(running: readonly Running[], company: string, assets?: readonly string[]): Running | null {
  const same = (one: string, other: string) => one.toLowerCase() === other.toLowerCase();
  return running.find((one) => one.company_id === company && (one.assets === null || (assets ?? []).some((asset) => (one.assets ?? []).some((held) => same(held, asset))))) ?? null;
}

/** What is doubtful about a window, and what to do. */
export const FINDINGS: Record<Window["findings"][number], string> = {
  unused: "held nothing back for 30 days: end it, or make it smaller",
  everything: "hides everything of the company: name sites, assets or checks",
  old: "made half a year ago: is its reason still true?",
};
