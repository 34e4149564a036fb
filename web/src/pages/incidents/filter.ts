import type { Search } from "@/address";
import type { Query } from "@/api/incidents";
import { SEVERITIES, type SeverityWord } from "@/parts/Severity";
import type { Group } from "@/pages/incidents/rows";

export type Status = "open" | "acknowledged" | "resolved" | "merged";

/** Moments that a figure's link brings: of which time the list is. */
const MOMENTS = ["from", "to", "resolved_from", "resolved_to", "acknowledged_from", "acknowledged_to"] as const;
type Moment = (typeof MOMENTS)[number];

/** What the list shows, as its address says it. */
export interface Filter {
  state: "open" | "needs_ack" | "acknowledged" | "waiting" | "resolved" | "all";
  groups: readonly Group[];
  /** Only these, where a figure's link says so. */
  statuses: readonly Status[];
  severity: SeverityWord[];
  company: string[];
  owner: string;
  tool: string[];
  q: string;
  moments: Partial<Record<Moment, string>>;
  /** Acknowledged later than so many minutes after it opened. */
  waited: string;
}

const OF_STATE: Record<Filter["state"], readonly Group[]> = {
  open: ["needs_ack", "working", "waiting"], needs_ack: ["needs_ack"], acknowledged: ["working"], waiting: ["waiting"], resolved: ["done"],
  all: ["needs_ack", "working", "waiting", "done"],
};
export const STATES = Object.keys(OF_STATE) as Filter["state"][];
export const stateWords: Record<Filter["state"], string> = {
  open: "open", needs_ack: "needs acknowledgement", acknowledged: "being worked", waiting: "waiting", resolved: "resolved", all: "all",
};
const STATUSES: readonly Status[] = ["open", "acknowledged", "resolved"];

const split = (words: string | undefined): string[] => (words ?? "").split(",").filter(Boolean);

export function filterOf(search: Search): Filter {
  const moments = Object.fromEntries(MOMENTS.flatMap((one) => (search[one] ? [[one, search[one]]] : []))) as Filter["moments"];
  const statuses = STATUSES.filter((one) => split(search.status).includes(one));
  const waited = /^[0-9]{1,7}$/.test(search.acknowledged_after_minutes ?? "") ? (search.acknowledged_after_minutes ?? "") : "";
  // A link that says of which time it is means what is over as well.
  const usual = Object.keys(moments).length || statuses.length ? "all" : "open";
  const state = STATES.find((one) => one === search.state) ?? usual;
  return {
    state, groups: OF_STATE[state], statuses, moments, waited,
    severity: SEVERITIES.filter((one) => split(search.severity).includes(one)),
    company: split(search.company),
    owner: search.owner ?? "",
    tool: split(search.tool),
    q: search.q ?? "",
  };
}

/** The parts of the filter that are set besides the usual state: each by its name in the address, and in words. */
export function narrowed(filter: Filter): { name: string; words: string }[] {
  const set: [string, string, unknown][] = [
    ["severity", "Severity", filter.severity.length], ["company", "Company", filter.company.length], ["owner", "Owner", filter.owner], ["tool", "Tool", filter.tool.length],
    ["q", "Words", filter.q], ["moments", "Time", Object.keys(filter.moments).length || filter.waited || filter.statuses.length],
  ];
  return set.filter((one) => one[2]).map(([name, words]) => ({ name, words }));
}

/** The names in the address that a part of the filter takes. */
export const NAMES: Record<string, readonly string[]> = { moments: [...MOMENTS, "acknowledged_after_minutes", "status"] };

/** The address without one part of the filter. */
export function without(search: Search, name: string): Search {
  const gone = NAMES[name] ?? [name];
  return Object.fromEntries(Object.entries(search).filter(([one]) => !gone.includes(one)));
}

/** The same for the server's door, but for the companies. */
export function sieveOf(filter: Filter): Omit<Query, "company"> {
  const { moments } = filter;
  return {
    severity: filter.severity, tool: filter.tool, status: [...filter.statuses], ...moments,
    ...(filter.waited ? { acknowledged_after_minutes: Number(filter.waited) } : {}),
    ...(filter.q ? { q: filter.q } : {}), ...(filter.owner ? { owner: filter.owner } : {}),
  };
}
