import type { Search } from "@/address";
import { SEVERITIES, type SeverityWord } from "@/parts/Severity";

/** What the list shows, as its address says it. */
export interface Filter {
  status: "firing" | "resolved" | null;
  severity: SeverityWord[];
  tool: string;
  asset: string;
  signature: string;
  /** First seen at or after, and before; RFC 3339. */
  from: string;
  to: string;
  company: string;
  incident: string;
}

export type Part = "status" | "severity" | "tool" | "asset" | "signature" | "from" | "to" | "incident";

export function filterOf(search: Search): Filter {
  const word = (name: string) => search[name]?.trim() ?? "";
  return {
    status: search.status === "firing" || search.status === "resolved" ? search.status : null,
    severity: SEVERITIES.filter((one) => word("severity").split(",").includes(one)),
    tool: word("tool"), asset: word("asset"), signature: word("signature"), from: moment(word("from")), to: moment(word("to")),
    company: word("company"), incident: word("incident"),
  };
}

/** A moment as the API wants it; what is none is left out. */
function moment(text: string): string {
  const at = Date.parse(text);
  return Number.isNaN(at) ? "" : new Date(at).toISOString();
}

/** The parts that narrow the list, in words, to be taken away one by one. */
export function narrowing(filter: Filter): { part: Part; words: string }[] {
  const found: { part: Part; words: string | null }[] = [
    { part: "status", words: filter.status && "the state" },
    { part: "severity", words: filter.severity.length ? "the severity" : null },
    { part: "tool", words: filter.tool ? "the tool" : null },
    { part: "asset", words: filter.asset ? "the asset" : null },
    { part: "signature", words: filter.signature ? "the check" : null },
    { part: "from", words: filter.from ? "the beginning" : null },
    { part: "to", words: filter.to ? "the end" : null },
    { part: "incident", words: filter.incident ? "the incident" : null },
  ];
  return found.filter((one): one is { part: Part; words: string } => one.words !== null);
}

/** The filter as the API's query. */
export function queryOf(filter: Filter) {
  return {
    severity: filter.severity,
    ...(filter.status ? { status: filter.status } : {}), ...(filter.tool ? { source: filter.tool } : {}),
    ...(filter.asset ? { asset: filter.asset } : {}), ...(filter.signature ? { signature: filter.signature } : {}),
    ...(filter.from ? { from: filter.from } : {}), ...(filter.to ? { to: filter.to } : {}),
  };
}
