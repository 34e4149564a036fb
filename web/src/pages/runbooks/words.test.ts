import { expect, test } from "vitest";
import type { Drill, Parameter } from "@/api/runbooks";
import { drillWord, kindWord, sieved, undoWord } from "@/pages/runbooks/words";

const one = (slug: string, more: object = {}) => ({ slug, title: slug.replace("-", " "), summary: "", platform: "linux" as const, risk: "low" as const, ...more });

test("a report changes nothing, and what has no undo says so", () => {
  expect(undoWord({ changes: false, can_be_undone: false })).toBe("changes nothing");
  expect(undoWord({ changes: true, can_be_undone: true })).toBe("can be undone");
  expect(undoWord({ changes: true, can_be_undone: false })).toBe("cannot be undone");
});

test("only a passed drill is called drilled", () => {
  const drill = (state: Drill["state"]): Drill => ({ state, reason: "", at: null, steps: [] });
  expect((["passed", "failed", "not_tried", "not drilled", "untrusted"] as const).filter((state) => drillWord(drill(state)) === "drilled")).toEqual(["passed"]);
});

test("all words must fit, whichever place they stand in", () => {
  const items = [one("disk-cleanup"), one("iis-recycle", { platform: "windows", risk: "medium" }), one("disk-report", { summary: "Says what fills it" })];
  expect(sieved(items, { q: "disk fills" }).map((each) => each.slug)).toEqual(["disk-report"]);
  expect(sieved(items, { platform: "windows" }).map((each) => each.slug)).toEqual(["iis-recycle"]);
  expect(sieved(items, { risk: "low", q: "DISK" })).toHaveLength(2);
  expect(sieved(items, {})).toHaveLength(3);
});

test("what a value may be", () => {
  const given: Parameter = { name: "x", kind: "integer", description: "", default: null, choices: [], least: 1, most: 9, longest: 256, suggested_from: [], allowed: [] };
  expect(kindWord(given)).toBe("integer 1 to 9");
  expect(kindWord({ ...given, least: null, most: null, kind: "choice", choices: ["a", "b"] })).toBe("a, b");
  expect(kindWord({ ...given, least: null, most: null, kind: "unit" })).toBe("unit");
});
