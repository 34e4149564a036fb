import { expect, test } from "vitest";
import { counted, personName, roleName } from "@/parts/names";

test.each([
  ["dana.whitfield@example.org", "Dana Whitfield"], ["anne-marie.o@example.org", "anne-marie.o@example.org"], ["kim@example.org", "kim@example.org"],
  ["ops.2@example.org", "ops.2@example.org"], ["timer", "timer"], ["søren.ærø@example.org", "Søren Ærø"],
])("%s is called %s", (email, name) => expect(personName(email)).toBe(name));

test("roles and counts are words", () => {
  expect([roleName("msp_admin"), roleName("night_owl")]).toEqual(["MSP admin", "night owl"]);
  expect([counted(1, "alert"), counted(2_310, "alert"), counted(0, "company", "companies")]).toEqual(["1 alert", "2,310 alerts", "0 companies"]);
});
