import { expect, test } from "vitest";
import { filterOf, narrowing, sinceOf } from "@/pages/runs/filter";

test("an address says which runs; a word that means nothing filters nothing", () => {
  expect(filterOf({ state: "failed", runbook: " service-restart ", since: "24h" })).toEqual({ state: "failed", runbook: "service-restart", span: "24h" });
  expect(filterOf({ state: "broken", runbook: " ", since: "yesterday" })).toEqual({ state: null, runbook: null, span: null });
});

test("a span begins that long before now, and none begins nowhere", () => {
  const now = Date.parse("2026-03-02T08:00:00Z");
  expect(sinceOf("24h", now)).toBe("2026-03-01T08:00:00.000Z");
  expect(sinceOf(null, now)).toBeNull();
});

test("each part of a filter can be named and taken away by itself", () => {
  expect(narrowing({ state: "failed", runbook: "x", span: "1h" }).map((one) => one.part)).toEqual(["state", "runbook", "since"]);
  expect(narrowing({ state: null, runbook: null, span: null })).toEqual([]);
});
