import { afterEach, expect, test, vi } from "vitest";
import { beaten, taking, type Was } from "@/api/acts";
import { offer, takeBack } from "@/api/undo";

const ME = "me@example.org";
afterEach(() => vi.useRealTimers());

test("what another one acknowledged first is told, and not taken back by me", () => {
  vi.useFakeTimers({ now: Date.parse("2026-03-01T08:00:04Z") });
  const theirs = { id: "1", acknowledged_by: "priya.nair@example.org", acknowledged_at: "2026-03-01T08:00:00Z" };
  expect(beaten(theirs, ME)).toBe("Priya Nair acknowledged this 4 s before you");
  expect(beaten({ ...theirs, acknowledged_by: ME }, ME)).toBeNull();
  expect(taking({ kind: "acknowledge" }, [theirs, { id: "2", acknowledged_by: ME }], {}, ME)).toEqual([["2", { kind: "unacknowledge" }]]);
});

const was = (more: Partial<Was[string]> = {}): Was[string] => ({ assignee: null, snoozed_until: null, snoozed_until_clear: false, ...more });

test("giving away goes back to whose it was; what moves alerts does not go back", () => {
  expect(taking({ kind: "assign", assignee: ME }, [{ id: "1", acknowledged_by: null }, { id: "2", acknowledged_by: null }], { 1: was({ assignee: "kim@example.org" }), 2: was() }, ME))
    .toEqual([["1", { kind: "assign", assignee: "kim@example.org" }], ["2", { kind: "assign", assignee: null }]]);
  expect(taking({ kind: "merge", others: [] }, [{ id: "1", acknowledged_by: null }], {}, ME)).toEqual([]);
});

test("a snooze goes back to the one that was before, or to none; a waking to the snooze, if it would still last", () => {
  vi.useFakeTimers({ now: Date.parse("2026-03-01T08:00:00Z") });
  const [one, two, three] = ["1", "2", "3"].map((id) => ({ id, acknowledged_by: null })) as [{ id: string; acknowledged_by: null }, { id: string; acknowledged_by: null }, { id: string; acknowledged_by: null }];
  const before = { 1: was(), 2: was({ snoozed_until: "2026-03-01T09:00:00Z" }), 3: was({ snoozed_until_clear: true }) };
  const until = { kind: "snooze", end: { until: "2026-03-01T09:00:00Z" }, note: "" };
  const clear = { kind: "snooze", end: { until_clear: true }, note: "" };
  expect(taking({ kind: "snooze", end: { until_clear: true }, note: "x" }, [one, two, three], before, ME)).toEqual([["1", { kind: "unsnooze" }], ["2", until], ["3", clear]]);
  expect(taking({ kind: "unsnooze" }, [one, two, three], before, ME)).toEqual([["2", until], ["3", clear]]);
  expect(taking({ kind: "unsnooze" }, [one], { 1: was({ snoozed_until: "2026-03-01T07:59:00Z" }) }, ME)).toEqual([]);
});

test("an act is taken back once, by the key or the button, and not after its time", () => {
  vi.useFakeTimers({ now: 0 });
  const undo = vi.fn(() => Promise.resolve());
  const button = offer(undo, 10_000, () => undefined);
  takeBack();
  button();
  expect(undo).toHaveBeenCalledTimes(1);
  const late = offer(undo, 10_000, () => undefined);
  vi.setSystemTime(10_001);
  late();
  takeBack();
  expect(undo).toHaveBeenCalledTimes(1);
});
