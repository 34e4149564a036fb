import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { answered, client, type Shapes } from "@/api/client";
import { useMay, useSession } from "@/api/session";
import type { paths } from "@/api/schema";

export type Listed = Shapes["IncidentShown"] & { company?: string };
export type Counts = Shapes["CountsShown"];
export type Query = NonNullable<paths["/api/incidents"]["get"]["parameters"]["query"]>;
export type Sieve = NonNullable<paths["/api/incidents/counts"]["get"]["parameters"]["query"]>;

/**
 * Lists and counts over the companies that the person serves; a role that may not cross companies is asked for the one
 * that is named, or for its first.
 */
export function useIncidents() {
  const may = useMay();
  const { companies } = useSession();
  const crosses = may("incident.cross");
  const own = companies[0]?.id ?? "";
  return useMemo(() => {
    const one = (company: readonly string[] | undefined) => ({ company_id: company?.[0] ?? own });
    return {
      async list({ company, ...query }: Query): Promise<{ items: Listed[]; next: string | null }> {
        const page = crosses
          ? await answered(client.GET("/api/incidents", { params: { query: { ...query, ...(company ? { company } : {}) } } }))
          : await answered(client.GET("/api/companies/{company_id}/incidents", { params: { path: one(company), query } }));
        return { items: page.items as Listed[], next: page.next };
      },
      /** How many fit, beside the companies, what is said further. */
      async counts(company: string[], sieve: Omit<Sieve, "company"> = {}): Promise<Counts> {
        return crosses
          ? answered(client.GET("/api/incidents/counts", { params: { query: { ...sieve, company } } }))
          : answered(client.GET("/api/companies/{company_id}/incidents/counts", { params: { path: one(company), query: sieve } }));
      },
    };
  }, [crosses, own]);
}

/**
 * How many incidents fit, beside the companies, what is said further; who asks for the same at once is answered once, for
 * counting looks at all that is open.
 */
export function useCounts(company: readonly string[], sieve: Omit<Sieve, "company"> = {}, more: { enabled?: boolean } = {}): UseQueryResult<Counts> {
  const { counts } = useIncidents();
  const said = Object.fromEntries(Object.entries(sieve).filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0)));
  return useQuery({ queryKey: ["counts", "incidents", [...company].sort(), said], queryFn: () => counts([...company], said), ...more });
}
