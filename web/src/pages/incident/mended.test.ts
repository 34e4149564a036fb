import { expect, test } from "vitest";
import { healingWord, outcomeWord } from "@/pages/incident/mended";

const timeOf = (at: string): string => at.slice(11, 16);
const healed = { healed_at: "2026-03-01T02:41:00Z", until: "2026-03-02T02:41:00Z" };

test("a provisional healing never claims to be more", () => {
  expect(healingWord({ ...healed, state: "provisional", reason: "verified" }, timeOf)).toBe("Healed by a run alone at 02:41. Counts as self-healed if it holds until 02:41.");
  expect(healingWord({ ...healed, state: "confirmed", reason: "stayed_away" }, timeOf)).toContain("it counts as self-healed");
  expect(healingWord({ ...healed, state: "withdrawn", reason: "came_back" }, timeOf)).toBe("Does not count as self-healed: the same fault came back.");
  expect(healingWord({ ...healed, state: "withdrawn", reason: "person_acted" }, timeOf)).toContain("a person acted");
});

test("each outcome has its sentence", () => {
  expect(new Set((["none", "offered", "started", "asked"] as const).map(outcomeWord)).size).toBe(4);
});
