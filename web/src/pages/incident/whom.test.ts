import { expect, test } from "vitest";
import { callable, firstToCall, type ToCall } from "@/pages/incident/Whom";
import { isTold } from "@/pages/incident/useIncident";
import type { Whole } from "@/api/acts";

test.each([["+49 30 1234567", "tel:+49301234567"], ["ext. 12", null], ["", null], ["call 112", "tel:112"]])("%j is called by %j", (phone, href) => expect(callable(phone)).toBe(href));

test("one who can be reached now comes first, one who cannot last", () => {
  const contact = (name: string, reachable_now: boolean | null, phone = "+4930123"): ToCall["contacts"][number] => ({ id: name, name, role: "", phone, email: "", hours: "", reachable_now, preferred: "", notes: "" });
  expect(firstToCall([contact("a", false), contact("b", null), contact("c", true)])?.name).toBe("c");
  expect(firstToCall([contact("a", false), contact("b", null), contact("c", true, "none")])?.name).toBe("b");
  expect([firstToCall([contact("a", false)])?.name, firstToCall([])]).toEqual(["a", null]);
});

test("a count that grew is told at once, and the story read later; what a person did is read soon", () => {
  const was = { status: "open", state: "needs_ack", occurrence_count: 4, alert_count: 1, firing_count: 1, assignee: null, severity: "high", acknowledged_at: null, snoozed_by: null } as unknown as Whole;
  expect(isTold(was, { ...was, occurrence_count: 9 })).toBe(true);
  expect(isTold(was, { ...was, assignee: "kim@example.org" })).toBe(false);
  expect(isTold(was, { ...was, alert_count: 2 })).toBe(false);
});
