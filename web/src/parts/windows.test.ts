import { describe, expect, it } from "vitest";
import { quietBy, recurrenceWords, type Running, timeOf, wallOf } from "@/parts/windows";

const running = (assets: string[] | null): Running => ({ company_id: "a", window_id: "w", name: "Patch night", ends_at: "2026-03-11T01:00:00Z", assets, signatures: [] });
const time = (starts_at: string, ends_at: string) => ({ starts_at, ends_at, settled_at: null, suppressed: 0, criticals: 0, firing: 0, opened: 0 });

describe("windows", () => {
  it("says a recurrence in words, and the rule itself where it is an odd one", () => {
    expect(recurrenceWords("")).toBe("once");
    expect(recurrenceWords("FREQ=WEEKLY;BYDAY=SU,MO")).toBe("every Sunday, Monday");
    expect(recurrenceWords("FREQ=MONTHLY;BYDAY=2TU")).toBe("the second Tuesday of the month");
    expect(recurrenceWords("FREQ=MONTHLY;BYDAY=-1FR")).toBe("the last Friday of the month");
    expect(recurrenceWords("FREQ=DAILY;INTERVAL=3")).toBe("FREQ=DAILY;INTERVAL=3");
  });

  it("reads the wall's clock of a zone", () => {
    expect(wallOf(new Date("2026-03-10T21:30:00Z"), "Europe/Berlin")).toBe("2026-03-10T22:30");
  });

  it("takes the time that runs, else the next, else the last", () => {
    const times = [time("2026-03-01T00:00:00Z", "2026-03-01T01:00:00Z"), time("2026-03-02T00:00:00Z", "2026-03-02T01:00:00Z")];
    expect(timeOf({ times }, Date.parse("2026-03-01T00:30:00Z"))).toBe(times[0]);
    expect(timeOf({ times }, Date.parse("2026-03-01T12:00:00Z"))).toBe(times[1]);
    expect(timeOf({ times }, Date.parse("2026-03-09T00:00:00Z"))).toBe(times[1]);
  });

  it("finds what keeps a company or an asset quiet, and nothing of another company", () => {
    expect(quietBy([running(null)], "a")?.name).toBe("Patch night");
    expect(quietBy([running(null)], "b", ["web-01"])).toBeNull();
    expect(quietBy([running(["web-01"])], "a")).toBeNull();
    expect(quietBy([running(["web-01"])], "a", ["WEB-01"])?.name).toBe("Patch night");
    expect(quietBy([running(["web-01"])], "a", ["web-02"])).toBeNull();
  });
});
