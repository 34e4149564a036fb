import { expect, test } from "vitest";
import type { Found } from "@/api/search";
import { addressOf, countsOf, toldOf } from "@/shell/found";

function found(kind: Found["kind"], more: Partial<Found> = {}): Found {
  return { kind, id: "x", company_id: "c", company: "Acme", title: "db-01", detail: "", number: null, at: null, exact: false, ...more };
}

test.each([
  [found("incident", { number: 4821 }), { to: "/incidents/4821" }],
  [found("asset"), { to: "/alerts", search: { company: "c", asset: "db-01" } }],
  [found("company", { id: "c" }), { to: "/companies/c/overview" }],
  [found("contact"), { to: "/companies/c/people" }],
  [found("integration"), { to: "/companies/c/integrations/x" }],
  [found("alert"), { to: "/alerts/x" }],
])("%j is shown at %j", (one, address) => expect(addressOf(one)).toEqual(address));

test("what the server tells it by becomes a glyph and our words", () => {
  expect(toldOf(found("incident", { detail: "critical, needs_ack" }))).toEqual({ severity: "critical", words: "needs ack" });
  expect(toldOf(found("asset", { detail: "server, 10.0.0.1" }))).toEqual({ severity: null, words: "server, 10.0.0.1" });
});

test("kinds are counted in their order", () => {
  expect(countsOf([found("alert"), found("incident"), found("alert")])).toEqual([{ kind: "incident", count: 1 }, { kind: "alert", count: 2 }]);
});
