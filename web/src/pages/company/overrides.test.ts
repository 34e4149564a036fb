import { expect, test } from "vitest";
import { allowing, originWord, overrideOf, placeWord, typedOf } from "@/pages/company/overrides";

test("what was left empty is not wanted, and a value is sent as typed", () => {
  const typed = { risk: "", disabled: false, parameters: { port: "", word: " x " }, allowed: { service: [], unit: ["nginx.service"] }, note: " why " };
  expect(overrideOf(typed)).toEqual({ risk: null, disabled: false, parameters: { word: " x " }, allowed: { unit: ["nginx.service"] }, note: "why" });
});

test("the dialog opens with what was wanted, and sends the same again", () => {
  const was = { risk: "high" as const, disabled: true, parameters: { port: "443" }, allowed: { service: ["a"] }, note: "n" };
  expect(overrideOf(typedOf({ override: { ...was, by: "kim@example.org", set_at: "2026-03-01T08:00:00Z" } }))).toEqual(was);
  expect(overrideOf(typedOf({ override: null }))).toEqual({ risk: null, disabled: false, parameters: {}, allowed: {}, note: "" });
});

test("a parameter takes from one thing only", () => {
  const one = { runbook: "restart", parameter: "service", from: "label:service" };
  const other = { runbook: "restart", parameter: "port", from: "label:port" };
  expect(allowing([one, other], { ...one, from: "asset" })).toEqual([other, { ...one, from: "asset" }]);
});

test("where a value comes from, in words", () => {
  expect(originWord("label:service")).toBe("the alert's label service");
  expect(originWord("asset")).toBe("the alert's asset");
});

test("what is wrong in a file has its line", () => {
  expect(placeWord("say-a-word:6 risk", "say-a-word")).toBe("Line 6, risk: ");
  expect(placeWord("say-a-word:12", "say-a-word")).toBe("Line 12: ");
  expect(placeWord("say-a-word", "say-a-word")).toBe("");
  expect(placeWord("name", "say-a-word")).toBe("");
});
