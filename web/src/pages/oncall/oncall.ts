import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { answered, client, type Shapes } from "@/api/client";

export type CompanyOnCall = Shapes["CompanyOnCall"];
export type Says = CompanyOnCall["schedules"][number];
export type Schedule = Shapes["OnCallScheduleShown"];
export type LayerWish = Schedule["layers"][number];
export type ScheduleWish = Omit<Shapes["OnCallScheduleAdded"], "layers"> & { layers: LayerWish[] };
export type Calendar = Shapes["CalendarShown"];
export type Stretch = Calendar["stretches"][number];
export type Turn = Calendar["layers"][number]["turns"][number];
export type Change = Calendar["changes"][number];
export type Gap = Shapes["GapShown"];
export type Own = Shapes["OwnShown"];
export type Event = Shapes["EventShown"];

export const KEY = "oncall";
const ASK_AGAIN_MS = 60_000; // hand-overs are at whole minutes

/** Who is on call now, of one company or of all. */
export function useNowOnCall(company: string | null, enabled = true) {
  return useQuery({
    queryKey: [KEY, "now", company],
    queryFn: () => answered(client.GET("/api/on-call", { params: { query: company ? { company: [company] } : {} } })),
    refetchInterval: ASK_AGAIN_MS, placeholderData: (was) => was, enabled,
  });
}

/** Who is on call now for one company. */
export function useCompanyOnCall(company: string, enabled: boolean) {
  return useQuery({
    queryKey: [KEY, "company", company],
    queryFn: () => answered(client.GET("/api/companies/{company_id}/on-call", { params: { path: { company_id: company } } })),
    refetchInterval: ASK_AGAIN_MS, enabled,
  });
}

export function useSchedules(enabled = true) {
  return useQuery({ queryKey: [KEY, "schedules"], queryFn: () => answered(client.GET("/api/on-call/schedules")), enabled });
}

export function useSchedule(id: string, enabled: boolean) {
  return useQuery({ queryKey: [KEY, "schedule", id], queryFn: () => answered(client.GET("/api/on-call/schedules/{on_call_id}", { params: { path: { on_call_id: id } } })), enabled });
}

export function useCalendar(id: string, from: string, to: string) {
  return useQuery({
    queryKey: [KEY, "calendar", id, from, to],
    queryFn: () => answered(client.GET("/api/on-call/schedules/{on_call_id}/calendar", { params: { path: { on_call_id: id }, query: { from, to } } })),
    refetchInterval: ASK_AGAIN_MS, placeholderData: (was) => was,
  });
}

export function useGaps() {
  return useQuery({ queryKey: [KEY, "gaps"], queryFn: () => answered(client.GET("/api/on-call/gaps")), refetchInterval: ASK_AGAIN_MS });
}

export function useOwn(enabled = true) {
  return useQuery({ queryKey: [KEY, "mine"], queryFn: () => answered(client.GET("/api/on-call/mine")), refetchInterval: ASK_AGAIN_MS, enabled });
}

export function useFeeds() {
  return useQuery({ queryKey: [KEY, "feeds"], queryFn: () => answered(client.GET("/api/on-call/feeds")) });
}

export function usePeople() {
  return useQuery({ queryKey: [KEY, "people"], queryFn: () => answered(client.GET("/api/on-call/people")), staleTime: ASK_AGAIN_MS });
}

/** Whatever is done about stretches and schedules; all that is shown of them is asked for again. */
export function useActing() {
  const queries = useQueryClient();
  const onSettled = () => void queries.invalidateQueries({ queryKey: [KEY] });
  const schedule = (id: string) => ({ params: { path: { on_call_id: id } } });
  const change = (id: string) => ({ params: { path: { change_id: id } } });
  return {
    override: useMutation({ mutationFn: ({ id, body }: { id: string; body: Shapes["OverrideAsked"] }) => answered(client.POST("/api/on-call/schedules/{on_call_id}/overrides", { ...schedule(id), body })), onSettled }),
    swap: useMutation({ mutationFn: ({ id, body }: { id: string; body: Shapes["SwapAsked"] }) => answered(client.POST("/api/on-call/schedules/{on_call_id}/swaps", { ...schedule(id), body })), onSettled }),
    importing: useMutation({ mutationFn: ({ id, body }: { id: string; body: Shapes["ImportAsked"] }) => answered(client.POST("/api/on-call/schedules/{on_call_id}/import", { ...schedule(id), body })), onSettled }),
    accept: useMutation({ mutationFn: (id: string) => answered(client.POST("/api/on-call/changes/{change_id}/accept", change(id))), onSettled }),
    decline: useMutation({ mutationFn: (id: string) => answered(client.POST("/api/on-call/changes/{change_id}/decline", change(id))), onSettled }),
    withdraw: useMutation({ mutationFn: (id: string) => answered(client.POST("/api/on-call/changes/{change_id}/withdraw", change(id))), onSettled }),
    add: useMutation({ mutationFn: (body: ScheduleWish) => answered(client.POST("/api/on-call/schedules", { body })), onSettled }),
    save: useMutation({ mutationFn: ({ id, body }: { id: string; body: Shapes["OnCallScheduleChanged"] }) => answered(client.PUT("/api/on-call/schedules/{on_call_id}", { ...schedule(id), body })), onSettled }),
    remove: useMutation({ mutationFn: (id: string) => answered(client.DELETE("/api/on-call/schedules/{on_call_id}", schedule(id))), onSettled }),
    preview: useMutation({ mutationFn: (body: Shapes["PreviewAsked"]) => answered(client.POST("/api/on-call/preview", { body })) }),
    addFeed: useMutation({ mutationFn: (schedule_id: string | null) => answered(client.POST("/api/on-call/feeds", { body: { schedule_id } })), onSettled }),
    endFeed: useMutation({ mutationFn: (id: string) => answered(client.DELETE("/api/on-call/feeds/{calendar_feed_id}", { params: { path: { calendar_feed_id: id } } })), onSettled }),
  };
}
