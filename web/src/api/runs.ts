import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { answered, client, type Shapes } from "@/api/client";

export type Run = Shapes["RunShown"];
export type RunWhole = Shapes["RunWholeShown"];
export type RunTarget = Shapes["TargetRunShown"];
export type RunState = Run["state"];
export type Step = Shapes["RunStep"];
export type Act = Shapes["ActShown"];
export type Preview = Shapes["PreviewShown"];
export type Wish = Shapes["RunWish"];

const PAGE = 100;

/** A company's runs, newest first, page by page; the live line has them read anew. */
export function useRuns(company: string, state: RunState | undefined) {
  return useInfiniteQuery({
    queryKey: ["runs", company, state],
    queryFn: ({ pageParam }) => answered(client.GET("/api/companies/{company_id}/runs", {
      params: { path: { company_id: company }, query: { limit: PAGE, ...(state ? { state } : {}), ...(pageParam ? { cursor: pageParam } : {}) } },
    })),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    enabled: company !== "",
  });
}

/** Runs of a company that a person must look at, newest first. */
export function useEscalations(company: string) {
  return useInfiniteQuery({
    queryKey: ["runs", company, "escalations"],
    queryFn: ({ pageParam }) => answered(client.GET("/api/companies/{company_id}/run-escalations", {
      params: { path: { company_id: company }, query: { limit: PAGE, ...(pageParam ? { cursor: pageParam } : {}) } },
    })),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    enabled: company !== "",
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
