import { describe, expect, it } from "vitest";
import { bordersOf } from "@/pages/dashboard/Heat";
import { type Definition, bucketName, daysOf, latestHours, nice, rowsOf } from "@/pages/dashboard/figures";
import { runs } from "@/pages/dashboard/Trend";

const period = { from: "2026-03-01T00:00:00Z", to: "2026-03-08T00:00:00Z" };
const definition = (rows: Definition["rows"], filter: string | null): Definition => ({ title: "T", unit: "incidents", formula: "f", null: "never", rows, filter });

describe("the rows behind a figure", () => {
  it("are an address with the period's ends in their places", () => {
    const to = rowsOf(definition("incidents", "acknowledged_from={from}&acknowledged_to={to}&acknowledged_after_minutes=30"), period, "c1");
    expect(Object.fromEntries(new URL(to ?? "", "http://x").searchParams)).toEqual({
      acknowledged_from: period.from, acknowledged_to: period.to, acknowledged_after_minutes: "30", state: "all", company: "c1",
    });
  });
  it("say a state where the API says a status", () => {
    const to = new URL(rowsOf(definition("incidents", "status=resolved&resolved_from={from}&resolved_to={to}"), period, null) ?? "", "http://x");
    expect([to.pathname, to.searchParams.get("state"), to.searchParams.get("status"), to.searchParams.get("company")]).toEqual(["/incidents", "resolved", null, null]);
  });
  it("of alerts are the alerts", () => expect(rowsOf(definition("alerts", "from={from}&to={to}"), period, null)).toBe("/alerts?from=2026-03-01T00%3A00%3A00Z&to=2026-03-08T00%3A00%3A00Z"));
  it("are nowhere where no list shows them", () => expect([rowsOf(definition(null, null), period, null), rowsOf(undefined, period, null)]).toEqual([null, null]));
});

describe("a period in words", () => {
  it("names its days in the zone, the last one included", () => expect(daysOf("2026-03-10T23:00:00Z", "2026-03-17T23:00:00Z", "Europe/Berlin", "7d")).toBe("11 to 17 Mar"));
  it("names both months where there are two", () => expect(daysOf("2026-01-29T00:00:00Z", "2026-02-05T00:00:00Z", "UTC", "7d")).toBe("29 Jan to 4 Feb"));
  it("of 24 hours says the hours", () => expect(bucketName("2026-03-01T08:00:00Z", "Europe/Berlin", "24h")).toBe("09:00"));
});

describe("the last hours of a week", () => {
  it("are all there, and have begun", () => {
    const now = Date.parse("2026-03-04T12:20:00Z");
    const found = latestHours("UTC", now);
    expect(found.size).toBe(168);
    expect(found.get("2 11")).toBe(Date.parse("2026-03-04T11:00:00Z"));
    expect(found.get("2 12")).toBe(Date.parse("2026-02-25T12:00:00Z"));
  });
  it("begin on the zone's clock, also by half an hour", () => expect(latestHours("Asia/Kolkata", Date.parse("2026-03-04T12:20:00Z")).get("2 16")).toBe(Date.parse("2026-03-04T10:30:00Z")));
  it("leave out what the clock left out: that hour is of the week before", () => {
    // On 29 March 2026 at 01:00 UTC, Berlin goes from 02:00 to 03:00.
    expect(latestHours("Europe/Berlin", Date.parse("2026-03-29T12:20:00Z")).get("6 2")).toBe(Date.parse("2026-03-22T01:00:00Z"));
  });
});

describe("charts", () => {
  it("end at a round number", () => expect([0, 3, 9, 41, 101, 1_215, 9_000].map(nice)).toEqual([4, 4, 12, 60, 120, 1_600, 10_000]));
  it("shade few alerts by whole numbers, each once", () => expect([bordersOf(0), bordersOf(3), bordersOf(60)]).toEqual([[1, 2, 3, 4, 5], [1, 2, 3, 4, 5], [10, 20, 30, 40, 50]]));
  it("break a line where nothing is known", () => expect(runs([1, null, 2, 3, null])).toEqual([[[0, 1]], [[2, 2], [3, 3]]]));
});
