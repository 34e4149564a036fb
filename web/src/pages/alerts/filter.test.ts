import { expect, test } from "vitest";
import { filterOf, narrowing, queryOf } from "@/pages/alerts/filter";

test("an address is read as far as it makes sense", () => {
  const filter = filterOf({ severity: "critical,purple,low", status: "burning", asset: " db-01 ", from: "2026-03-01T00:00:00Z", to: "tomorrow" });
  expect(queryOf(filter)).toEqual({ severity: ["critical", "low"], asset: "db-01", from: "2026-03-01T00:00:00.000Z" });
  expect(narrowing(filter).map((one) => one.part)).toEqual(["severity", "asset", "from"]);
});

test("the company narrows nothing: it is where one is", () => {
  expect(narrowing(filterOf({ company: "1" }))).toEqual([]);
});
