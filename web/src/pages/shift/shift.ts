import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { answered, client, type Shapes } from "@/api/client";
import { useChanges } from "@/live/live";
import { counted, personName } from "@/parts/names";

export type Shift = Shapes["ShiftShown"];
export type Incident = Shift["needs_ack"]["items"][number];
export type Promised = Shift["promises"]["items"][number];
export type Offer = Shapes["HandoverShown"];
export type Whole = Shapes["HandoverWhole"];
type Left = Whole["left_out"][number];
type Outcome = Whole["incidents"][number]["outcome"];

const ASK_AGAIN_MS = 30_000;
const KEY = "handover";

/** What a shift leaves to the next, of one company or of all; kept fresh by the line. */
export function useShift(company: string | null, whose: "all" | "mine", enabled = true) {
  const queries = useQueryClient();
  const again = () => void queries.invalidateQueries({ queryKey: [KEY] });
  useChanges("approval", (change) => { if (change !== null) again(); });
  return useQuery({
    queryKey: [KEY, "shift", company, whose],
    queryFn: () => answered(client.GET("/api/shift", { params: { query: { whose, ...(company ? { company: [company] } : {}) } } })),
    refetchInterval: ASK_AGAIN_MS,
    placeholderData: (was) => was,
    enabled,
  });
}

/** One offer with its incidents. */
export function useOffer(id: string, enabled: boolean) {
  return useQuery({ queryKey: [KEY, "offer", id], queryFn: () => answered(client.GET("/api/handovers/{handover_id}", { params: { path: { handover_id: id } } })), enabled });
}

/** Those to whom one may hand over. */
export function usePeople() {
  return useQuery({ queryKey: [KEY, "people"], queryFn: () => answered(client.GET("/api/shift/people")) });
}

/** Offers, and what is done with them; promises that were kept. */
export function useHanding() {
  const queries = useQueryClient();
  const onSettled = () => {
    for (const key of [KEY, "incidents", "incident", "counts", "board"]) void queries.invalidateQueries({ queryKey: [key] });
  };
  const path = (id: string) => ({ params: { path: { handover_id: id } } });
  return {
    offer: useMutation({ mutationFn: (body: Shapes["Offered"]) => answered(client.POST("/api/handovers", { body })), onSettled }),
    accept: useMutation({ mutationFn: (id: string) => answered(client.POST("/api/handovers/{handover_id}/accept", path(id))), onSettled }),
    withdraw: useMutation({ mutationFn: (id: string) => answered(client.POST("/api/handovers/{handover_id}/withdraw", path(id))), onSettled }),
    keep: useMutation({ mutationFn: (id: string) => answered(client.POST("/api/promises/{promise_id}/keep", { params: { path: { promise_id: id } } })), onSettled }),
  };
}

const OUTCOMES: Record<Outcome, (count: number, receiver: string) => string> = {
  offered: (count) => `${counted(count, "incident waits", "incidents wait")}`,
  moved: (count, receiver) => `${counted(count, "incident is", "incidents are")} ${receiver} now`,
  had: (count, receiver) => `${counted(count, "was", "were")} ${receiver} already`,
  taken: (count) => `${counted(count, "was", "were")} taken by somebody else in between, who keeps ${count === 1 ? "it" : "them"}`,
  over: (count) => `${counted(count, "is", "are")} over`,
  not_served: (count) => `${counted(count, "is", "are")} of companies that are not served any more`,
};

/** What came of a hand-over, in a sentence; null while nothing did. */
export function outcomeWords(one: Pick<Offer, "outcomes" | "you" | "to">): string | null {
  const receiver = one.you === "receiver" ? "yours" : `${personName(one.to)}’s`;
  const parts = (Object.keys(OUTCOMES) as Outcome[]).filter((word) => word !== "offered" && (one.outcomes[word] ?? 0) > 0).map((word) => OUTCOMES[word](one.outcomes[word] ?? 0, receiver));
  return parts.length ? `${parts.join("; ")}.` : null;
}

const WHY: Record<Left["why"], string> = {
  absent: "there is none that you may see", over: "it is over", taken: "it is somebody else’s", had: "it is theirs already", not_served: "they do not serve its company",
};

/** What was not offered, and why; null when all was. */
export function leftWords(left: readonly Pick<Left, "number" | "why">[]): string | null {
  if (left.length === 0) return null;
  return `Left out: ${left.map((one) => `${one.number ?? "one"}, ${WHY[one.why]}`).join("; ")}.`;
}
