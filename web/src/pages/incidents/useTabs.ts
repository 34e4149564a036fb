import type { Search } from "@/address";
import { useCounts } from "@/api/incidents";
import { useMayChange, useViews } from "@/api/views";
import { inOrder } from "@/pages/incidents/views";
import type { PageTab } from "@/shell/Page";

/** The views that every shift needs, with counts; then the saved ones. */
export function useTabs(search: Search): PageTab[] {
  const views = useViews();
  const mayChange = useMayChange();
  const company = search.company ?? "";
  const { data } = useCounts(company.split(",").filter(Boolean));
  const scope = company ? `&company=${company}` : "";
  const at = (query: string) => `/incidents?${query}${scope}`;
  const here = (state: string, owner: string, severity: string) =>
    !search.view && (search.state ?? "open") === state && (search.owner ?? "") === owner && (search.severity ?? "") === severity;
  return [
    { title: "Open", to: at("state=open"), here: here("open", "", ""), count: data ? data.needs_ack + data.working + data.waiting : null },
    { title: "Unowned", to: at("state=open&owner=none"), here: here("open", "none", ""), count: data?.unowned ?? null },
    { title: "Mine", to: at("state=open&owner=me"), here: here("open", "me", ""), count: data?.mine ?? null },
    { title: "Criticals", to: at("state=open&severity=critical"), here: here("open", "", "critical"), count: data?.by_severity.critical ?? null },
    { title: "Resolved", to: at("state=resolved"), here: here("resolved", "", "") },
    ...inOrder(views, mayChange).map((one) => ({ title: one.name, to: `/incidents?${one.address ? `${one.address}&` : ""}view=${one.id}`, here: search.view === one.id })),
  ];
}
