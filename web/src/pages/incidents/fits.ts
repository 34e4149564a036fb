import type { Filter } from "@/pages/incidents/filter";
import type { Incident } from "@/pages/incidents/rows";

/** Whether an incident as it is now belongs into the list; null where only the server can tell. */
export function fits(one: Incident, filter: Filter, me: string): boolean | null {
  if (one.status === "merged" || !filter.groups.includes(one.group)) return false;
  if (filter.statuses.length && !filter.statuses.includes(one.status)) return false;
  if (filter.severity.length && !filter.severity.includes(one.severity)) return false;
  if (filter.company.length && !filter.company.includes(one.company_id)) return false;
  if (filter.tool.length && !filter.tool.some((tool) => one.tools.includes(tool))) return false;
  if (!isOf(filter.owner, one.assignee, me)) return false;
  return filter.q || filter.waited || Object.keys(filter.moments).length ? null : true;
}

function isOf(owner: string, assignee: string | null, me: string): boolean {
  if (owner === "") return true;
  if (owner === "none") return assignee === null;
  return assignee === (owner === "me" ? me : owner);
}
