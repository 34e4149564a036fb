import { describe, expect, it } from "vitest";
import { blocksOf, spansOf } from "@/parts/prose";

describe("a tool's steps", () => {
  it("are a list whose items hold their own lists and code", () => {
    const [list, ...rest] = blocksOf("1. Open *Media*\n   types:\n   - `url`\n   - `key`\n2. Then:\n\n   ```sh\n   curl \\\n       -d x\n   ```\n\n   and save.\n\nDone.");
    expect(list).toEqual({
      kind: "list", ordered: true, items: [
        [{ kind: "text", text: "Open *Media* types:" }, { kind: "list", ordered: false, items: [[{ kind: "text", text: "`url`" }], [{ kind: "text", text: "`key`" }]] }],
        [{ kind: "text", text: "Then:" }, { kind: "code", text: "curl \\\n    -d x" }, { kind: "text", text: "and save." }],
      ],
    });
    expect(rest).toEqual([{ kind: "text", text: "Done." }]);
  });

  it("may have a table, without the line that rules its head off", () => {
    expect(blocksOf("| Field | Meaning |\n|---|---|\n| `host` | needed |")).toEqual([{ kind: "table", head: ["Field", "Meaning"], rows: [["`host`", "needed"]] }]);
  });

  it("lose nothing when a fence is never closed", () => {
    expect(blocksOf("```\na\nb")).toEqual([{ kind: "code", text: "a\nb" }]);
  });
});

describe("a line of them", () => {
  it("has code, strong and slanted words, and the words of its links", () => {
    expect(spansOf("Set `a*b` to **on**, *Save*; see [the file](files/x.yaml).")).toEqual([
      { kind: "plain", text: "Set " }, { kind: "code", text: "a*b" }, { kind: "plain", text: " to " }, { kind: "strong", text: "on" }, { kind: "plain", text: ", " },
      { kind: "em", text: "Save" }, { kind: "plain", text: "; see " }, { kind: "code", text: "the file" }, { kind: "plain", text: "." },
    ]);
  });

  it("keeps a star that marks nothing", () => {
    expect(spansOf("2 * 3 * 4")).toEqual([{ kind: "plain", text: "2 * 3 * 4" }]);
  });
});
