import { answered, client, type Shapes } from "@/api/client";

export type Approval = Shapes["ApprovalShown"];
export type ApprovalWhole = Shapes["ApprovalWhole"];
export type Plan = Shapes["PlanShown"];
export type Which = "yours" | "others" | "settled";

const MOST = 200;

/** What waits for this person (soonest expiry first), what waits for others, or what was settled in the last hour (latest first). */
export async function asked(which: Which): Promise<Approval[]> {
  const page = await answered(client.GET("/api/approvals", { params: { query: { which, limit: MOST } } }));
  return [...page.items].sort((a, b) => which === "settled"
    ? (b.settled_at ?? "").localeCompare(a.settled_at ?? "")
    : a.expires_at.localeCompare(b.expires_at));
}
