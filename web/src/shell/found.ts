/** What was found, as addresses and words: pure, so that each kind has a test. */
import type { Found, Kind } from "@/api/search";
import type { IconName } from "@/parts/Icon";
import { SEVERITIES, type SeverityWord } from "@/parts/Severity";
import { stateTitle, type StateWord } from "@/parts/State";

export const KINDS: readonly Kind[] = ["incident", "asset", "company", "contact", "integration", "alert"];
export const KIND: Record<Kind, { one: string; several: string; icon: IconName }> = {
  incident: { one: "incident", several: "Incidents", icon: "incidents" },
  asset: { one: "asset", several: "Assets", icon: "asset" },
  company: { one: "company", several: "Companies", icon: "companies" },
  contact: { one: "contact", several: "Contacts", icon: "phone" },
  integration: { one: "integration", several: "Integrations", icon: "handover" },
  alert: { one: "alert", several: "Alerts", icon: "alerts" },
};

/** Where it is shown. */
export function addressOf(one: Found): { to: string; search?: Record<string, string> } {
  switch (one.kind) {
    case "incident": return { to: `/incidents/${one.number}` };
    case "asset": return { to: "/alerts", search: { company: one.company_id, asset: one.title } };
    case "company": return { to: `/companies/${one.id}/overview` };
    case "contact": return { to: `/companies/${one.company_id}/people` };
    case "integration": return { to: `/companies/${one.company_id}/integrations/${one.id}` };
    case "alert": return { to: `/alerts/${one.id}` };
  }
}

/** What an incident or alert is, of the words that the server tells it by: its severity, and the rest. */
export function toldOf(one: Found): { severity: SeverityWord | null; words: string } {
  const parts = one.detail.split(", ");
  const severity = one.kind === "incident" || one.kind === "alert" ? (SEVERITIES.find((word) => word === parts[0]) ?? null) : null;
  const rest = (severity ? parts.slice(1) : parts).map((word) => (word in stateTitle ? stateTitle[word as StateWord].toLowerCase() : word));
  return { severity, words: rest.filter(Boolean).join(", ") };
}

/** How many of each kind there are, in the order of kinds. */
export function countsOf(found: readonly Found[]): { kind: Kind; count: number }[] {
  return KINDS.map((kind) => ({ kind, count: found.filter((one) => one.kind === kind).length })).filter((one) => one.count > 0);
}
