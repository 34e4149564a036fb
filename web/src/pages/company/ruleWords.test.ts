import { describe, expect, it } from "vitest";
import { Refused } from "@/api/client";
import { draftOf, idOf, refusedRule, ruleWords, USUAL } from "@/pages/company/ruleWords";

const rule = (more: object = {}) => ({ ...USUAL, id: "a", name: "A", ...more });
const refused = (where: string) => new Refused(422, "wrong", "", where, "");

describe("a rule in words", () => {
  it("says what becomes one incident, and for how long", () => expect(ruleWords(rule())).toBe(
    "All alerts with the same asset and check become one incident, until none came for 15 m, at most 1 d. It resolves when the last alert ended, and comes back if it fires again within 5 m.",
  ));
  it("says each thing that is set otherwise", () => expect(ruleWords(rule({ condition: "true", group_by: ["labels.service"], window: "fixed", window_s: 300, least_count: 3, life_s: 0, hold_s: 120, reopen_s: 0, cross_tool: false }))).toBe(
    "Alerts that fit the condition with the same label “service”, of one tool, become one incident, for 5 m from its opening. It opens with the 3rd alert. It resolves 2 m after the last alert ended.",
  ));
});

describe("a refusal", () => {
  const rules = [rule(), rule({ id: "b" })];
  it("is about the rule that it names, by id or by place", () => {
    expect(refusedRule(refused("rules[b].group_by"), rules)).toEqual({ at: 1, field: "group_by" });
    expect(refusedRule(refused("rules[0].condition"), rules)).toEqual({ at: 0, field: "condition" });
    expect(refusedRule(refused("body.rules[1].window_s"), rules)).toEqual({ at: 1, field: "window_s" });
  });
  it("may be about none", () => expect([refusedRule(refused("rules"), rules), refusedRule(refused("rules[7].id"), rules), refusedRule(new Error("x"), rules)]).toEqual([null, null, null]));
});

describe("a draft", () => {
  it("has an id of its own", () => expect([idOf("CPU above 90%", []), idOf("CPU above 90%", ["cpu-above-90"]), idOf("…", [])]).toEqual(["cpu-above-90", "cpu-above-90-2", "rule"]));
  it("of a check quotes what the tool calls it", () => expect(draftOf('Disk "C:"', "srv", [])).toMatchObject({ condition: 'signature == "Disk \\"C:\\"" && asset == "srv"', group_by: ["signature"] }));
});
