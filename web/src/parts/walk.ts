import { useQuery } from "@tanstack/react-query";
import { answered, client } from "@/api/client";
import { useMay } from "@/api/session";

/** One step from nothing to the first incident: ticked by a fact, never by a visit. */
export interface Step {
  title: string;
  done: boolean;
  /** Where it is done, and the word for that; null where there is nothing to do but wait. */
  to: string | null;
  word: string;
  /** What to do, in a sentence. */
  how: string;
}

/** The steps of a company; of nobody's yet when there is none. Null until the facts are known. */
export function useWalk(company: string | null): Step[] | null {
  const may = useMay();
  const path = { path: { company_id: company ?? "" } };
  const known = company !== null;
  const tools = useQuery({ queryKey: ["integrations", company, "walk"], queryFn: () => answered(client.GET("/api/companies/{company_id}/integrations", { params: { ...path, query: { limit: 1 } } })), enabled: known && may("integration.read") });
  const alerts = useQuery({ queryKey: ["alerts", "first", company], queryFn: () => answered(client.GET("/api/companies/{company_id}/alerts", { params: { ...path, query: { limit: 1 } } })), enabled: known && may("alert.read") });
  const incidents = useQuery({ queryKey: ["incidents", "first", company], queryFn: () => answered(client.GET("/api/companies/{company_id}/incidents", { params: { ...path, query: { limit: 1 } } })), enabled: known && may("incident.read") });
  if (known && [tools, alerts, incidents].some((one) => one.isLoading)) return null;
  const tool = tools.data?.items[0];
  const [alert, incident] = [(alerts.data?.items.length ?? 0) > 0, incidents.data?.items[0]];
  const connected = tool !== undefined || alert;
  const setUp = tool ? `/companies/${company}/integrations/${tool.id}` : null;
  return [
    { title: "A company", done: known, to: !known && may("company.add") ? "/companies?add=1" : null, word: "add one", how: "A client whose tools send alerts; nothing of one is ever shown to another." },
    { title: "A tool that may send", done: connected, to: known && !connected && may("integration.add") ? `/companies/${company}/integrations?add=1` : null, word: "connect one", how: "You get an address, a key and the steps for the tool's own menus." },
    { title: "Its first alert", done: alert, to: setUp ?? (known ? `/alerts?company=${company}` : null), word: alert ? "alerts" : "see it arrive", how: "Let the tool send, or try it by hand; the page shows what came and how it was read." },
    { title: "Its first incident", done: incident !== undefined, to: incident?.number ? `/incidents/${incident.number}` : null, word: `open ${incident?.number ?? ""}`, how: "Alerts that belong together become one, and it says why." },
  ];
}
