import { expect, test } from "vitest";
import { endOf, localTime, mondayAfter, morningAfter, snoozes } from "@/parts/acts/snoozes";

const SATURDAY = new Date(2026, 2, 7, 22, 30).getTime();

test("mornings are those that are still to come, on the wall's clock", () => {
  expect(new Date(morningAfter(SATURDAY)).toString()).toContain("Sun Mar 08 2026 08:00:00");
  expect(new Date(morningAfter(new Date(2026, 2, 7, 3).getTime())).toString()).toContain("Sat Mar 07 2026 08:00:00");
  expect(new Date(mondayAfter(SATURDAY)).toString()).toContain("Mon Mar 09 2026 08:00:00");
  expect(new Date(mondayAfter(new Date(2026, 2, 9, 8).getTime())).toString()).toContain("Mon Mar 16 2026 08:00:00");
});

test("Monday is not offered twice on a Sunday evening", () => {
  expect(snoozes(SATURDAY).map((one) => one.value)).toEqual(["hour", "four", "morning", "monday", "clear"]);
  expect(snoozes(new Date(2026, 2, 8, 22).getTime()).map((one) => one.value)).toEqual(["hour", "four", "morning", "clear"]);
});

test("a time of one's own is to come, and within 30 days", () => {
  expect(endOf(localTime(new Date(SATURDAY + 60_000)), SATURDAY)).toEqual({ until: new Date(SATURDAY + 60_000).toISOString() });
  expect([endOf("", SATURDAY), endOf(localTime(new Date(SATURDAY - 60_000)), SATURDAY), endOf(localTime(new Date(SATURDAY + 31 * 86_400_000)), SATURDAY)]).toEqual([null, null, null]);
});
