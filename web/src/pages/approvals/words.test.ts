import { expect, test } from "vitest";
import type { Approval, Plan } from "@/api/approvals";
import { capsOf, changedLines, sameQuestion, settledOf, shownText } from "@/pages/approvals/words";

const one = { state: "asked", state_reason: "", settled_by: "", hash: "a", risk: "low", expires_at: "1", agreed: 0, needed: 1 } as Approval;
const script = (text: string) => ({ text, base64: btoa(text) });

test.each<[Partial<Approval>, string | null]>([
  [{}, null], [{ state: "approved", settled_by: "priya.nair@example.org" }, "approved by Priya Nair"], [{ state: "lapsed", settled_by: "timer" }, "lapsed: nobody decided, not run"],
  [{ state: "voided", state_reason: "withdrawn" }, "void: taken back by whoever asked"], [{ state: "voided", state_reason: "some_new_reason" }, "void: some new reason"],
])("%j is told as %j", (more, words) => expect(settledOf({ ...one, ...more })).toBe(words));

test("another plan, risk, time or answer is another question", () => {
  expect(sameQuestion(one, { ...one })).toBe(true);
  for (const more of [{ hash: "b" }, { risk: "high" as const }, { expires_at: "2" }, { agreed: 1 }]) expect(sameQuestion(one, { ...one, ...more })).toBe(false);
});

test("lines that changed are marked, script by script", () => {
  const plan = (act: string) => ({ act: script(act), precheck: script(""), verify: script("df\n"), undo: script("") }) as Plan;
  const marked = changedLines(plan("a\nb\n"), plan("a\nc\n"));
  expect([[...marked.act], marked.verify.size]).toEqual([[1], 0]);
});

test("bytes that are no text are shown as such, in lines", () => {
  expect(shownText({ text: null, base64: "A".repeat(80) })).toBe(`${"A".repeat(76)}\nAAAA`);
});

test("limits are words, also those that this page does not know", () => {
  expect(capsOf({ targets: 1, seconds: 120, retries: 2 })).toBe("at most 1 target, at most 120 seconds, retries 2");
});
