import { expect, test } from "vitest";
import { countsOf, type Entry, folded, outcomeOf, runTitleOf, stepOf, telling, verbOf } from "@/pages/incident/lines";

function entry(kind: string, group: Entry["group"] = "people", more: Partial<Entry> = {}): Entry {
  return { at: "2026-03-01T08:00:00Z", kind, group, actor: "dana.whitfield@example.org", text: "", alert_id: null, detail: {}, ...more };
}
const alerts = (count: number) => Array.from({ length: count }, () => entry("joined_window", "alerts"));

test("more than four alerts in a row fold into one line, and what a person did parts them", () => {
  const lines = folded([...alerts(5), entry("acknowledge"), ...alerts(4)]);
  expect(lines.map((one) => (one.kind === "one" ? one.entry.kind : one.entries.length))).toEqual([5, "acknowledge", ...alerts(4).map((one) => one.kind)]);
});

test("what began and what was worse than all before stands apart from a burst", () => {
  const of = ["high", "medium", "critical", "critical", "high", "low", "low", "low", "low"] as const;
  const entries = of.map((_, at) => entry("joined_window", "alerts", { alert_id: String(at) }));
  const apart = telling(entries, (id) => of[Number(id)]);
  expect([...apart].map((one) => one.alert_id)).toEqual(["0", "2"]);
  expect(folded(entries, apart).map((one) => (one.kind === "one" ? one.entry.alert_id : one.entries.length))).toEqual(["0", "1", "2", 6]);
});

test("steps of a run on its way fold into one line; what it came to, and a target that failed, stay in sight", () => {
  const step = (after: string, asset: string | null) => entry("run_step", "decisions", { detail: { after, asset_id: asset, run_id: "r" }, text: `Restart a service${asset ? ` on ${asset}` : ""}: ${after}. It said so.` });
  const lines = folded([step("failed", null), step("failed", "web-02"), step("acting", "web-02"), step("acting", "web-01"), step("running", null), step("waits_approval", null)]);
  expect(lines.map((one) => (one.kind === "one" ? one.entry.detail.after : one.entries.length))).toEqual(["failed", "failed", 3, "waits_approval"]);
  expect([step("acting", "web-01"), step("running", null)].map(runTitleOf)).toEqual(["Restart a service", "Restart a service"]);
});

test("counts of the groups sum to all", () => {
  const entries = [...alerts(3), entry("assign"), entry("timer_resolve", "decisions")];
  const counts = countsOf(entries);
  expect(counts).toEqual({ alerts: 3, decisions: 1, people: 1 });
  expect(Object.values(counts).reduce((sum, one) => sum + one, 0)).toBe(entries.length);
});

test("acts are sentences", () => {
  expect(verbOf(entry("assign", "people", { detail: { assignee: "dana.whitfield@example.org" } }))).toBe("took it over");
  expect(verbOf(entry("assign", "people", { detail: { assignee: "priya.nair@example.org" } }))).toBe("gave it to Priya Nair");
  expect(verbOf(entry("assign", "people", { detail: { assignee: null } }))).toBe("gave it to nobody");
  expect(verbOf(entry("split", "people", { detail: { alerts: ["1", "2"] } }))).toBe("split 2 alerts off");
  expect(verbOf(entry("something_new"))).toBeNull();
});

test("a check with a colon in its name is not cut", () => {
  expect(outcomeOf(entry("opened_first", "alerts", { text: "Disk D: full on fs: It opened an incident." }), "Disk D: full", "fs")).toBe("It opened an incident.");
});

test("a step of a run is taken apart: where, how it stands, why, and what was said", () => {
  const detail = { run_id: "r", after: "rolling_back", phase: "verify", stdout: "still down", stderr: "" };
  expect(stepOf({ detail, text: "Restart it on db-01: rolling back. The probe says that the symptom is still there. It exited with 1." })).toEqual({
    runId: "r", stand: "rolling_back", where: "Restart it on db-01", why: "The probe says that the symptom is still there. It exited with 1.", phase: "verify", output: "still down",
  });
  expect(stepOf({ detail: { run_id: "r", after: "ready" }, text: "other words" })).toEqual({ runId: "r", stand: "ready", where: "other words", why: "", phase: null, output: "" });
});
