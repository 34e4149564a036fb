import { type InfiniteData, useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { answered, client, type Shapes } from "@/api/client";
import { useMay, useSession } from "@/api/session";
import { useChanges } from "@/live/live";
import { type Filter, queryOf } from "@/pages/alerts/filter";

export type Alert = Shapes["AlertShown"] & { company?: string };
interface Paged { items: Alert[]; next: string | null }

const PAGE = 100;
const LEAST_APART_MS = 2_000;

/**
 * The alerts of a filter, newest first, page by page. While the person is in the list (`busy`) it keeps still and `stale`
 * says since when there may be newer ones; otherwise it is read anew from its top.
 */
export function useAlerts(filter: Filter, busy: () => boolean) {
  const may = useMay();
  const { companies } = useSession();
  const queries = useQueryClient();
  // Alerts of one incident are asked for in its company; a role that may not cross companies has one.
  const company = filter.company || (may("alert.cross") ? "" : (companies[0]?.id ?? ""));
  const key = useMemo(() => ["alert-list", filter, company], [filter, company]);
  const query = useInfiniteQuery({
    queryKey: key,
    queryFn: async ({ pageParam }): Promise<Paged> => {
      const asked = { ...queryOf(filter), limit: PAGE, ...(pageParam ? { cursor: pageParam } : {}) };
      if (!company) return answered(client.GET("/api/alerts", { params: { query: asked } }));
      const of = filter.incident ? { incident_id: filter.incident } : {};
      return answered(client.GET("/api/companies/{company_id}/alerts", { params: { path: { company_id: company }, query: { ...asked, ...of } } }));
    },
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    refetchOnMount: "always",
    staleTime: Number.POSITIVE_INFINITY, // the live line says what changed; a list that is read anew would move
  });
  const [stale, setStale] = useState<string | null>(null);
  const timer = useRef(0);
  const anew = useCallback(() => {
    setStale(null);
    // From the top alone: what was scrolled to is read again when it is scrolled to again.
    queries.setQueryData<InfiniteData<Paged, string | null>>(key, (was) => was && { pages: was.pages.slice(0, 1), pageParams: was.pageParams.slice(0, 1) });
    void queries.invalidateQueries({ queryKey: key, exact: true });
  }, [queries, key]);
  const look = useCallback(() => {
    timer.current = 0;
    if (busy()) setStale((was) => was ?? new Date().toISOString());
    else anew();
  }, [busy, anew]);
  useChanges("alert", (change) => {
    if (change !== null && company && change.company_id !== company) return;
    if (timer.current === 0) timer.current = window.setTimeout(look, LEAST_APART_MS);
  });
  useEffect(() => {
    setStale(null);
    return () => {
      window.clearTimeout(timer.current);
      timer.current = 0;
    };
  }, [key]);
  const rows = useMemo(() => query.data?.pages.flatMap((one) => one.items) ?? [], [query.data]);
  return { rows, query, stale, anew, company };
}
