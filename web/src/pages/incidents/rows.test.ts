import { expect, test } from "vitest";
import { fits } from "@/pages/incidents/fits";
import { filterOf } from "@/pages/incidents/filter";
import { between, linesOf } from "@/pages/incidents/lines";
import { changed, extended, type Incident, listed, type Part, reread, type Rows, settled } from "@/pages/incidents/rows";

function incident(id: string, more: Partial<Incident> = {}): Incident {
  return {
    id, company_id: "c", number: Number(id), title: `incident ${id}`, status: "open", group: "needs_ack", state: "needs_ack", severity: "high", opened_at: "2026-03-01T08:00:00Z",
    last_activity_at: "2026-03-01T08:00:00Z", acknowledged_at: null, acknowledged_by: null, assignee: null, resolved_at: null, resolved_by: null, snoozed_by: null, snoozed_until: null,
    snoozed_until_clear: false, clear_since: null, closes_at: null, approvals: 0, distinct_count: 1,
    alert_count: 1, firing_count: 1, occurrence_count: 1, tools: [], assets: [], aggregation_key: "k",
    rule: { id: "default", name: "", version: 0 }, merged_into: null, split_from: null, ...more,
  };
}
const taken = { status: "acknowledged", group: "working", state: "acknowledged" } as const;
const part = (items: Incident[], hasMore = false): Part => ({ group: items[0]?.group ?? "needs_ack", items, hasMore });
const of = (...items: Incident[]): Rows => listed([part(items)]);
const none = new Set<string>();
const ids = (rows: Rows) => rows.shown.map((one) => one.incident.id);

test("what nobody took stands first, then the worst, then the oldest", () => {
  const rows = of(incident("1", { ...taken, severity: "critical" }), incident("2"), incident("3", { severity: "critical" }), incident("0"));
  expect(ids(rows)).toEqual(["3", "0", "2", "1"]);
});

test("a change is written in place, whatever order it would ask for", () => {
  const after = changed(of(incident("1"), incident("2")), [incident("2", { severity: "critical" })], none, true, 5);
  expect(ids(after)).toEqual(["1", "2"]);
  expect(after.shown[1]).toMatchObject({ incident: { severity: "critical" }, changedAt: 5, left: false });
  expect(ids(settled(after))).toEqual(["2", "1"]);
});

test("one that is taken stays under its head while the person is in the list", () => {
  const after = changed(of(incident("1"), incident("2"), incident("3", taken)), [incident("1", taken)], none, true, 5);
  const heads = (rows: Rows) => rows.shown.map((one) => [one.incident.id, one.group]);
  expect(heads(after)).toEqual([["1", "needs_ack"], ["2", "needs_ack"], ["3", "working"]]);
  expect(heads(settled(after))).toEqual([["2", "needs_ack"], ["1", "working"], ["3", "working"]]);
});

test("the same said again changes nothing that is seen", () => {
  const rows = of(incident("1"));
  expect(changed(rows, [incident("1")], none, true, 5).shown[0]).toBe(rows.shown[0]);
});

test("new rows wait while the person is in the list, and enter at their place when not", () => {
  const rows = of(incident("2"));
  const busy = changed(rows, [incident("1")], none, true, 5);
  expect([ids(busy), busy.waiting.map((one) => one.id)]).toEqual([["2"], ["1"]]);
  expect(ids(settled(busy))).toEqual(["1", "2"]);
  expect(ids(changed(rows, [incident("1")], none, false, 5))).toEqual(["1", "2"]);
});

test("a new row that is told twice waits once, and one that is over before it was shown is forgotten", () => {
  const once = changed(of(), [incident("1")], none, true, 5);
  expect(changed(once, [incident("1", { title: "later" })], none, true, 6).waiting).toMatchObject([{ title: "later" }]);
  expect(changed(once, [], new Set(["1"]), true, 6).waiting).toEqual([]);
});

test("a row that no longer fits stays where it is until the person asks", () => {
  const after = changed(of(incident("1"), incident("2")), [], new Set(["1"]), true, 5);
  expect(after.shown.map((one) => one.left)).toEqual([true, false]);
  expect(ids(settled(after))).toEqual(["2"]);
  expect(changed(after, [incident("1")], none, true, 6).shown[0]?.left).toBe(false);
});

test("of a group that goes on, what stands behind its fetched part is left to be fetched", () => {
  const rows = listed([part([incident("1"), incident("2")], true)]);
  expect(changed(rows, [incident("3")], none, false, 5)).toMatchObject({ waiting: [], shown: rows.shown });
  expect(ids(changed(rows, [incident("3", { severity: "critical" })], none, false, 5))).toEqual(["3", "1", "2"]);
});

test("the next page of a group stands behind it and before the next group, and moves nothing", () => {
  const rows = listed([part([incident("1")], true), part([incident("5", taken)])]);
  const more = extended(rows, part([incident("2"), incident("1"), incident("3")]));
  expect(ids(more)).toEqual(["1", "2", "3", "5"]);
  expect(more.ends.needs_ack).toBeUndefined();
});

test("a list that is read anew under a person's hand keeps still, and asks for what it does not find", () => {
  const rows = of(incident("1"), incident("2"));
  const busy = reread(rows, [part([incident("0"), incident("2", { title: "later" })])], true, 5);
  expect([ids(busy.rows), busy.unsure, busy.rows.waiting.map((one) => one.id)]).toEqual([["1", "2"], ["1"], ["0"]]);
  expect(ids(reread(rows, [part([incident("0")])], false, 5).rows)).toEqual(["0"]);
});

test("lines have a head for each group that has rows, and say how many there are behind what was fetched", () => {
  const rows = listed([part([incident("1")], true), part([incident("5", taken)])]);
  const options = { counts: { needs_ack: 98_000 }, folded: new Set(["working"] as const), hasMore: (group: string) => group === "needs_ack" };
  expect(linesOf(rows, options).map((one) => (one.kind === "row" ? one.key : `${one.kind} ${one.group} ${one.count}`))).toEqual(["head needs_ack 98000", "1", "more needs_ack 98000", "head working 1"]);
});

test("a range goes from either end", () => {
  const order = ["1", "2", "3", "4"].map((id) => incident(id));
  expect([between(order, "2", "4"), between(order, "3", "1"), between(order, "9", "1")]).toEqual([["2", "3", "4"], ["1", "2", "3"], []]);
});

test.each([
  [{}, {}, true], [{}, { group: "done", status: "resolved" }, false], [{ state: "all" }, { group: "done", status: "resolved" }, true], [{ state: "all" }, { group: "done", status: "merged" }, false],
  [{ severity: "critical,low" }, {}, false], [{ severity: "high" }, {}, true], [{ company: "d" }, {}, false], [{ company: "d,c" }, {}, true],
  [{ owner: "me" }, {}, false], [{ owner: "me" }, { assignee: "me@example.org" }, true], [{ owner: "none" }, {}, true], [{ owner: "kim@example.org" }, { assignee: "kim@example.org" }, true],
  [{ tool: "zabbix" }, { tools: ["nagios", "zabbix"] }, true], [{ tool: "zabbix" }, { tools: ["nagios"] }, false],
  [{ q: "disk" }, {}, null], [{ q: "disk", severity: "low" }, {}, false], [{ from: "2026-03-01T00:00:00Z" }, {}, null], [{ state: "waiting" }, { group: "waiting" }, true],
] as [Record<string, string>, Partial<Incident>, boolean | null][])("of an address %j, one with %j fits: %s", (address, more, verdict) => {
  expect(fits(incident("1", more), filterOf(address), "me@example.org")).toBe(verdict);
});
