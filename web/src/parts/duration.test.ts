import { expect, test } from "vitest";
import { duration, minutes } from "@/parts/duration";

test.each([
  [-5, "0 s"], [0, "0 s"], [59, "59 s"], [60, "1 m"], [108, "1 m 48 s"], [599, "9 m 59 s"], [600, "10 m"],
  [3_599, "59 m"], [3_600, "1 h"], [6_240, "1 h 44 m"], [86_399, "23 h 59 m"], [86_400, "1 d"], [273_600, "3 d 4 h"],
])("%d seconds are %s", (seconds, words) => expect(duration(seconds)).toBe(words));

test("minutes of a figure have one decimal while they are few", () => {
  expect([minutes(2.84), minutes(18.4), minutes(1_234.5)]).toEqual(["2.8", "18", "1,235"]);
});
