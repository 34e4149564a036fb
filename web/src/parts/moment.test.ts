import { expect, it } from "vitest";
import { fromField, toField } from "@/parts/moment";

it("comes back as it was written, to the minute", () => {
  const at = new Date("2026-03-01T08:05:00Z");
  expect(fromField(toField(at))).toBe(at.toISOString());
  expect(fromField("")).toBeNull();
});
