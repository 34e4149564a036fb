import { expect, test } from "vitest";
import { type Alert, lanesOf, ticksOf } from "@/pages/incident/bars";

const START = Date.parse("2026-03-01T08:00:00Z");
const END = START + 100_000;

function alert(asset: string, second: number, more: Partial<Alert> = {}): Alert {
  return { id: `${asset}-${second}`, asset, source: "zabbix", severity: "high", ended_at: null, first_seen_at: new Date(START + second * 1_000).toISOString(), ...more } as Alert;
}

test("the first to fire is at the top, whatever came first in the list", () => {
  const lanes = lanesOf([alert("web", 20), alert("db", 5), alert("web", 60)], "asset", START, END, 0.05);
  expect(lanes.map((one) => [one.name, one.bars.length])).toEqual([["db", 1], ["web", 2]]);
  expect(lanes[1]?.bars[0]).toMatchObject({ from: 0.2, to: 1, room: 0.6, fires: true });
});

test("bars that would lie on each other are one, of the worst severity, until the last ends", () => {
  const over = new Date(START + 50_000).toISOString();
  const [lane] = lanesOf([alert("db", 10, { ended_at: over }), alert("db", 12, { severity: "critical", ended_at: over }), alert("db", 30)], "asset", START, END, 0.05);
  expect(lane?.bars.map((one) => [one.alerts.length, one.severity, one.to, one.fires])).toEqual([[2, "critical", 0.5, false], [1, "high", 1, true]]);
});

test("by tool, several assets share a lane", () => {
  const lanes = lanesOf([alert("db", 10), alert("web", 40, { source: "datadog" }), alert("app", 70)], "tool", START, END, 0.05);
  expect(lanes.map((one) => [one.name, one.bars.length])).toEqual([["zabbix", 2], ["datadog", 1]]);
});

test("ticks are round on the wall's clock, also half an hour off", () => {
  expect(ticksOf(START + 1_000, END, 5, 0).map((one) => (one - START) / 1_000)).toEqual([30, 60, 90]);
  const day = 86_400_000;
  expect(ticksOf(START, START + day, 4, 330).map((one) => new Date(one).toISOString().slice(11, 16))).toEqual(["12:30", "18:30", "00:30", "06:30"]);
  expect(ticksOf(START, START + 90 * day, 6, 0).length).toBeLessThanOrEqual(7);
});
