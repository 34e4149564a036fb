import { expect, it } from "vitest";
import { barsOf, hues, joined, weeksFrom } from "@/pages/oncall/weeks";

const at = (day: number, hour = 0) => new Date(2026, 2, day, hour).toISOString();

it("begins weeks on Mondays, each where the one before ends", () => {
  const [first, second] = weeksFrom(new Date(2026, 2, 4, 15), 2);
  expect(new Date(first?.start ?? 0).getDay()).toBe(1);
  expect(first?.end).toBe(second?.start);
  expect(first?.days).toHaveLength(7);
});

it("cuts a stretch at the edges of the week and says so", () => {
  const [week] = weeksFrom(new Date(2026, 2, 4), 1);
  if (!week) throw new Error("no week");
  const [bar] = barsOf([{ from: at(1), to: at(3) }], week);
  expect(bar).toMatchObject({ left: 0, begins: false, ends: true });
  expect(bar?.width).toBeCloseTo(100 / 7, 1);
  expect(barsOf([{ from: at(20), to: at(21) }], week)).toEqual([]);
});

it("joins neighbours of one person and gives each person a colour", () => {
  const line = [{ from: at(2), to: at(3), on_call: "a@b" }, { from: at(3), to: at(4), on_call: "a@b" }, { from: at(4), to: at(5), on_call: null }];
  expect(joined(line)).toEqual([{ from: at(2), to: at(4), on_call: "a@b" }, line[2]]);
  expect([...hues(line)]).toEqual([["a@b", 0]]);
});
