import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { answered, client, type Shapes } from "@/api/client";
import { useMay } from "@/api/session";

export type Brakes = Shapes["BrakesShown"];
export type Freeze = Shapes["FreezeShown"];
export type Window = Shapes["WindowGiven"];

/** Of one company, or (null) of all. */
export type Whose = string | null;

const ASK_AGAIN_MS = 30_000;

/** What keeps acts from starting. */
export function useBrakes(company: Whose) {
  return useQuery({
    queryKey: ["brakes", company],
    queryFn: () => company
      ? answered(client.GET("/api/companies/{company_id}/brakes", { params: { path: { company_id: company } } }))
      : answered(client.GET("/api/brakes")),
    refetchInterval: ASK_AGAIN_MS,
  });
}

/** Stops, lets go on, and sets freezes. */
export function useBraking(company: Whose) {
  const queries = useQueryClient();
  const path = { params: { path: { company_id: company ?? "" } } };
  const onSuccess = () => void queries.invalidateQueries({ queryKey: ["brakes"] });
  const stop = useMutation({
    mutationFn: (reason: string) => company
      ? answered(client.PUT("/api/companies/{company_id}/kill-switch", { ...path, body: { reason } }))
      : answered(client.PUT("/api/kill-switch", { body: { reason } })),
    onSuccess,
  });
  const release = useMutation({
    mutationFn: () => company
      ? answered(client.DELETE("/api/companies/{company_id}/kill-switch", path))
      : answered(client.DELETE("/api/kill-switch")),
    onSuccess,
  });
  const freeze = useMutation({
    mutationFn: (windows: Window[]) => company
      ? answered(client.PUT("/api/companies/{company_id}/freeze", { ...path, body: { windows } }))
      : answered(client.PUT("/api/freeze", { body: { windows } })),
    onSuccess,
  });
  return { stop, release, freeze };
}

/** What the role may do to them. */
export function useMayBrake(company: Whose): { stop: boolean; release: boolean; freeze: boolean } {
  const may = useMay();
  const all = may("brakes_for_all.set");
  return company ? { stop: may("kill_switch.set"), release: may("kill_switch.release"), freeze: may("brake.set") } : { stop: all, release: all, freeze: all };
}
