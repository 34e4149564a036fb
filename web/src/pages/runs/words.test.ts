import { expect, test } from "vitest";
import type { Act, RunTarget, Step } from "@/api/runs";
import { endingWord, GLYPHS, isOver, linesOf, outputText, RUN_STATES, standWord, targetsWord } from "@/pages/runs/words";

const target = (name: string, state: RunTarget["state"]): RunTarget => ({ asset_id: name, name, state, reason: "asked", why: "", said: "", changed_at: "2026-03-01T08:00:00Z" });

test("one target is told by its name, several by where they stand, the worst first", () => {
  expect(targetsWord({ targets: [target("db-01", "acting")] })).toBe("db-01");
  expect(targetsWord({ targets: [target("a", "succeeded"), target("b", "failed"), target("c", "succeeded")] })).toBe("3 targets: 1 failed, 2 succeeded");
  expect(targetsWord({ targets: [target("a", "acting"), target("b", "acting")] })).toBe("2 targets");
});

test("each state has a word and a glyph, and an end is an end", () => {
  for (const state of RUN_STATES) {
    expect(standWord(state)).not.toContain("_");
    expect(GLYPHS[state]).toBeDefined();
  }
  expect(RUN_STATES.filter(isOver).sort()).toEqual(["cancelled", "failed", "rolled_back", "succeeded", "uncertain"]);
  expect(standWord("uncertain")).toBe("Outcome unknown");
});

const step = (asset: string | null, act: string | null): Step => ({ at: "2026-03-01T08:00:00Z", asset_id: asset, before: "ready", after: "acting", reason: "ready", why: "", actor: "timer", said: "", act_id: act });
const act = (id: string, asset: string, more: Partial<Act> = {}): Act => ({ id, asset_id: asset, phase: "act", begun_at: "2026-03-01T08:00:00Z", ending: "succeeded", exit_code: 0, said: "", cut: false, reference: "", link: "", started_at: null, ended_at: null, output_removed_at: null, ...more });

test("a target has its own transitions with their scripts; one without an outcome is under way", () => {
  const run = { steps: [step(null, null), step("a", "1"), step("b", null)], acts: [act("1", "a"), act("2", "a", { ending: null, exit_code: null }), act("3", "b")] };
  expect(linesOf(run, null).lines).toHaveLength(1);
  expect(linesOf(run, null).underWay).toEqual([]);
  const { lines, underWay } = linesOf(run, "a");
  expect(lines.map((one) => one.act?.id)).toEqual(["1"]);
  expect(underWay.map((one) => one.id)).toEqual(["2"]);
});

test("an unknown end is not called a failure", () => {
  expect(endingWord(act("1", "a", { ending: "uncertain", exit_code: null }))).toBe("may have run");
  expect(endingWord(act("1", "a", { ending: null, exit_code: null }))).toContain("not ended");
  expect(endingWord(act("1", "a", { ending: "failed", exit_code: 3 }))).toBe("exited with 3");
});

test("output that is no text is shown as its bytes", () => {
  expect(outputText({ text: "", base64: "" })).toBeNull();
  expect(outputText({ text: "up\n", base64: "dXAK" })).toBe("up\n");
  expect(outputText({ text: null, base64: "/w==" })).toBe("/w==");
});
