/** Which runs a page shows, as its address says it: pure, so that an address means one thing. */
import type { Search } from "@/address";
import type { RunState } from "@/api/runs";
import { RUN_STATES, standWord } from "@/pages/runs/words";

/** What is asked for since when; a span in the address moves with the clock. */
export const SPANS = { "1h": ["last hour", 3_600_000], "24h": ["last 24 hours", 86_400_000], "7d": ["last 7 days", 7 * 86_400_000], "30d": ["last 30 days", 30 * 86_400_000] } as const;
export type Span = keyof typeof SPANS;

export interface Filter { state: RunState | null; runbook: string | null; span: Span | null }

/** The filter of an address; a word that means nothing filters nothing. */
export function filterOf(search: Search): Filter {
  return {
    state: RUN_STATES.find((one) => one === search.state) ?? null,
    runbook: search.runbook?.trim() || null,
    span: (Object.keys(SPANS) as Span[]).find((one) => one === search.since) ?? null,
  };
}

/** The moment from which on a span counts. */
export function sinceOf(span: Span | null, now: number): string | null {
  return span === null ? null : new Date(now - SPANS[span][1]).toISOString();
}

/** What a filter leaves out, in words, each with the part of the address that says so. */
export function narrowing(filter: Filter): { part: string; words: string }[] {
  const parts: { part: string; words: string }[] = [];
  if (filter.state) parts.push({ part: "state", words: `“${standWord(filter.state).toLowerCase()}”` });
  if (filter.runbook) parts.push({ part: "runbook", words: filter.runbook });
  if (filter.span) parts.push({ part: "since", words: SPANS[filter.span][0] });
  return parts;
}
