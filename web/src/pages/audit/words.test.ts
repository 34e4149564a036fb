import { describe, expect, it } from "vitest";
import { factsOf, reasonWords, shortId } from "@/pages/audit/words";

const ID = "01a21da0-2c70-77b8-a337-b3d503871c1b";

describe("an entry of the audit log", () => {
  it("shows the ends of an id and the beginning of a hash, and a name whole", () => {
    expect(shortId(ID)).toBe("01a21da0…1c1b");
    expect(shortId("9f".repeat(32))).toBe("9f9f9f9f9f…");
    expect(shortId("web-01")).toBe("web-01");
  });

  it("tells its facts by name, leaves out what is empty, and keeps the whole at hand", () => {
    expect(factsOf({ run_id: ID, note: "", until: null, signed: true, roles: ["reader", ID], limits: { at_once: 2 }, version: `1 ${"ab".repeat(32)}` })).toEqual([
      { name: "run id", value: "01a21da0…1c1b", whole: ID },
      { name: "signed", value: "yes", whole: "yes" },
      { name: "roles", value: "reader, 01a21da0…1c1b", whole: `reader, ${ID}` },
      { name: "limits", value: "at once 2", whole: "at once 2" },
      { name: "version", value: "1 ababababab…", whole: `1 ${"ab".repeat(32)}` },
    ]);
    expect(factsOf({ note: "x".repeat(300) })[0]?.value).toHaveLength(121);
  });

  it("says a code in words, and leaves a person's words alone", () => {
    expect(reasonWords("run_cancelled")).toBe("run cancelled");
    expect(reasonWords("It pages every_night")).toBe("It pages every_night");
  });
});
