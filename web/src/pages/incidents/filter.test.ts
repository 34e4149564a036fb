import { expect, test } from "vitest";
import { filterOf, narrowed, sieveOf, without } from "@/pages/incidents/filter";
import { addressOf, behind, differs, inOrder, moved } from "@/pages/incidents/views";
import type { View } from "@/api/views";

test("a figure's link reproduces its rows: what is over is among them, and its times go to the server", () => {
  const filter = filterOf({ status: "resolved", resolved_from: "2026-03-01T00:00:00Z", resolved_to: "2026-03-08T00:00:00Z", company: "c" });
  expect(filter.groups).toContain("done");
  expect(sieveOf(filter)).toMatchObject({ status: ["resolved"], resolved_from: "2026-03-01T00:00:00Z", resolved_to: "2026-03-08T00:00:00Z" });
  expect(sieveOf(filterOf({ acknowledged_from: "2026-03-01T00:00:00Z", acknowledged_after_minutes: "30" }))).toMatchObject({ acknowledged_after_minutes: 30 });
  expect(filterOf({}).groups).toEqual(["needs_ack", "working", "waiting"]);
});

test("a part of the filter can be dropped by name, with all it says in the address", () => {
  const search = { severity: "high", from: "2026-03-01T00:00:00Z", acknowledged_after_minutes: "30", state: "open" };
  expect(narrowed(filterOf(search)).map((one) => one.words)).toEqual(["Severity", "Time"]);
  expect(without(search, "moments")).toEqual({ severity: "high", state: "open" });
});

function view(id: string, position: number, more: Partial<View> = {}): View {
  return { id, name: id, address: "state=open&severity=critical", shared: false, company_id: null, owner: "me@example.org", position, made_at: "2026-03-01T08:00:00Z", ...more };
}

test("a view moves one place, and only what changed is written", () => {
  const own = [view("a", 10), view("b", 20), view("c", 30)];
  expect(moved(own, "b", 1)).toEqual([{ id: "c", change: { position: 20 } }, { id: "b", change: { position: 30 } }]);
  expect([moved(own, "a", -1), moved(own, "c", 1), moved(own, "x", 1)]).toEqual([[], [], []]);
  expect(moved([view("a", 0), view("b", 0)], "b", -1)).toEqual([{ id: "b", change: { position: 10 } }, { id: "a", change: { position: 20 } }]);
  expect([behind(own), behind([])]).toEqual([40, 10]);
});

test("what others shared stands before one's own", () => {
  const mine = (one: View) => !one.shared;
  expect(inOrder([view("a", 1), view("b", 2, { shared: true }), view("c", 3)], mine).map((one) => one.id)).toEqual(["b", "a", "c"]);
});

test("a view is the page's address, whatever the order of its parts", () => {
  expect(addressOf({ state: "open", severity: "critical,high", q: "disk full", view: "x", owner: undefined })).toBe("state=open&severity=critical,high&q=disk+full");
  expect(differs(view("a", 1), { severity: "critical", state: "open", view: "a" })).toBe(false);
  expect(differs(view("a", 1), { severity: "high", state: "open", view: "a" })).toBe(true);
});
