import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { answered, client, type Shapes } from "@/api/client";

export type Run = Shapes["RunShown"] & { company?: string };
export type Escalation = Shapes["EscalationShown"] & { company?: string };
export type RunWhole = Shapes["RunWholeShown"];
export type RunTarget = Shapes["TargetRunShown"];
export type RunState = Run["state"];
export type Step = Shapes["RunStep"];
export type Act = Shapes["ActShown"];
export type Preview = Shapes["PreviewShown"];
export type Wish = Shapes["RunWish"];

const PAGE = 100;

interface Paged<T> { items: T[]; next: string | null }

/** Which runs: null takes all; `company` of all that the person serves, `since` as a moment of RFC 3339. */
export interface RunsWanted { company: string | null; state: RunState | null; runbook: string | null; since: () => string | null }

/** Runs, newest first, page by page; the live line has them read anew. `span` names what `since` means, for it moves. */
export function useRuns({ company, state, runbook, since }: RunsWanted, span: string | null) {
  return useInfiniteQuery({
    queryKey: ["runs", company, state, runbook, span],
    queryFn: ({ pageParam }): Promise<Paged<Run>> => {
      const from = since();
      const query = { limit: PAGE, ...(state ? { state } : {}), ...(runbook ? { runbook } : {}), ...(from ? { since: from } : {}), ...(pageParam ? { cursor: pageParam } : {}) };
      if (company === null) return answered(client.GET("/api/runs", { params: { query } }));
      return answered(client.GET("/api/companies/{company_id}/runs", { params: { path: { company_id: company }, query } }));
    },
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
  });
}

/** Runs that a person must look at, newest first; of all companies that the person serves where none is named. */
export function useEscalations(company: string | null) {
  return useInfiniteQuery({
    queryKey: ["runs", company, "escalations"],
    queryFn: ({ pageParam }): Promise<Paged<Escalation>> => {
      const query = { limit: PAGE, ...(pageParam ? { cursor: pageParam } : {}) };
      if (company === null) return answered(client.GET("/api/run-escalations", { params: { query } }));
      return answered(client.GET("/api/companies/{company_id}/run-escalations", { params: { path: { company_id: company }, query } }));
    },
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
  });
}

/** One run with its scripts and its transitions. */
export function useRun(id: string) {
  return useQuery({ queryKey: ["run", id], queryFn: () => answered(client.GET("/api/runs/{run_id}", { params: { path: { run_id: id } } })) });
}

/** What one script said; asked for when somebody wants to read it, and again while it has no end. */
export function useOutput(runId: string, actId: string) {
  return useQuery({
    queryKey: ["run", runId, "act", actId],
    queryFn: () => answered(client.GET("/api/runs/{run_id}/acts/{act_id}", { params: { path: { run_id: runId, act_id: actId } } })),
  });
}

/** Ends a run; what is told is the run as it is then. */
export function useCancel(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => answered(client.POST("/api/runs/{run_id}/cancel", { params: { path: { run_id: id } } })),
    onSuccess: (now) => {
      queries.setQueryData(["run", id], now);
      for (const key of ["runs", "mending"]) void queries.invalidateQueries({ queryKey: [key] });
    },
  });
}

/** What could mend an incident, and what was done. */
export function useMending(incidentId: string, may: boolean) {
  return useQuery({
    queryKey: ["mending", incidentId],
    queryFn: () => answered(client.GET("/api/incidents/{incident_id}/mending", { params: { path: { incident_id: incidentId } } })),
    enabled: may,
  });
}
