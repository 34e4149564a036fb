import { expect, it } from "vitest";
import { scheduleWords } from "@/pages/reports/Schedules";

it("says when a schedule asks", () => {
  expect(scheduleWords({ every: "week", day: 7, hour: 6, zone: "Europe/Berlin" })).toBe("every Sunday at 06:00, Europe/Berlin");
  expect(scheduleWords({ every: "month", day: 1, hour: 18, zone: "UTC" })).toBe("on day 1 of every month at 18:00, UTC");
});
