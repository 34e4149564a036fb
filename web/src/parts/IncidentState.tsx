import type { Acted } from "@/api/acts";
import { duration } from "@/parts/duration";
import { personName } from "@/parts/names";
import { useNow } from "@/parts/now";
import { State, stateTitle } from "@/parts/State";
import { shortTime } from "@/parts/Time";

type Said = Pick<Acted, "state" | "snoozed_until" | "snoozed_until_clear" | "closes_at" | "resolved_by">;

/** The state of an incident in words, and until when it lasts where that is known. */
export function IncidentState({ incident: one }: { incident: Said }) {
  if (one.state === "clearing" && one.closes_at) return <Clearing until={one.closes_at} />;
  return <State state={one.state} note={noteOf(one)} />;
}

/** The same in plain words, for those who do not see it. */
export function stateWord(one: Said): string {
  return `${stateTitle[one.state]} ${noteOf(one)}`.trim().toLowerCase();
}

function noteOf(one: Said): string {
  if (one.state === "snoozed") return one.snoozed_until ? `to ${wakes(one.snoozed_until)}` : "until clear";
  if (one.state === "resolved") return one.resolved_by ? `by ${personName(one.resolved_by).split("@")[0]}` : "by itself";
  return "";
}

const weekday = new Intl.DateTimeFormat("en-GB", { weekday: "short", hour: "2-digit", minute: "2-digit" });
const date = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const WEEK_MS = 6 * 86_400_000;

/** In few letters: `04:00`, `Sat 08:00` within a week, `28 Dec` after. */
function wakes(at: string): string {
  const then = new Date(at);
  if (then.toDateString() === new Date().toDateString()) return shortTime(at);
  return then.getTime() - Date.now() < WEEK_MS ? weekday.format(then).replace(",", "") : date.format(then);
}

function Clearing({ until }: { until: string }) {
  const left = Date.parse(until) - useNow(10);
  return <State state="clearing" note={left > 0 ? `closes in ${duration(left / 1_000)}` : "closes soon"} />;
}
