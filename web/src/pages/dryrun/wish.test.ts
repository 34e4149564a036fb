import { expect, test } from "vitest";
import type { Parameter } from "@/api/runbooks";
import { askWord, canPlan, missing, neededWord, wishOf } from "@/pages/dryrun/wish";

const given = (name: string, more: Partial<Parameter> = {}): Parameter => ({ name, kind: "text", description: "", default: null, choices: [], least: null, most: null, longest: 256, suggested_from: [], allowed: [], ...more });

test("only what differs from the defaults is sent, and exactly as typed", () => {
  const parameters = [given("service"), given("port", { default: "443" }), given("word", { default: "x" })];
  expect(wishOf("one", ["a", "b"], parameters, { service: " nginx ", port: "443", word: "" })).toEqual({ runbook: "one", targets: ["a", "b"], parameters: { service: " nginx " } });
  expect(wishOf("one", ["a"], parameters, { unknown: "1" }).parameters).toEqual({});
});

test("what has no default must be given", () => {
  const parameters = [given("service"), given("port", { default: "443" }), given("note", { default: "" })];
  expect(missing(parameters, {})).toEqual(["service"]);
  expect(missing(parameters, { service: "nginx" })).toEqual([]);
});

test("the button says whether it starts or is asked for", () => {
  const target = { asset_id: "a", name: "a" };
  expect(askWord({ needed: 0, targets: [target] })).toBe("Start it on 1 target");
  expect(askWord({ needed: 2, targets: [target, target] })).toBe("Ask for it on 2 targets");
  expect([0, 1, 2].map(neededWord)).toEqual(["Nobody else must agree: it starts at once.", "Another person must agree before it starts.", "2 other people must agree before it starts."]);
});

test("what has no reachable target cannot be planned", () => {
  expect(canPlan({ asset_id: null, verdict: "no_asset" })).toBe(false);
  expect(canPlan({ asset_id: "a", verdict: "not_bound" })).toBe(false);
  expect(canPlan({ asset_id: "a", verdict: "not_trusted" })).toBe(true);
});
