import { expect, it } from "vitest";
import { daysWords, layerWords } from "@/pages/oncall/layerWords";

const layer = { people: ["kim.berger@example.org", "lee.park@example.org"], unit: "week" as const, every: 1, hand_over: "08:00", hours: [] };

it("says how a layer goes", () => {
  expect(layerWords(layer)).toBe("Kim Berger, then Lee Park, each for one week, from 08:00");
  expect(layerWords({ ...layer, unit: "hour", every: 12 })).toContain("each for 12 hours");
  expect(layerWords({ ...layer, people: ["kim.berger@example.org"], hours: [{ days: [5, 6], from: "18:00", to: "08:00" }] })).toBe("Kim Berger; only Sat, Sun 18:00 to 08:00");
});

it("says days of the week", () => {
  expect(daysWords([4, 0, 1, 2, 3])).toBe("Mon to Fri");
  expect(daysWords([0, 1, 2, 3, 4, 5, 6])).toBe("every day");
  expect(daysWords([0, 2])).toBe("Mon, Wed");
});
