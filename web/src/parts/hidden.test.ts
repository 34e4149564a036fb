import { expect, test } from "vitest";
import { linesOf, newLines, revealed } from "@/parts/hidden";

test("what turns text around or is not seen is shown by its code", () => {
  expect(revealed("rm \u202Eggnp\u200B x")).toEqual([
    { text: "rm ", hidden: false }, { text: "U+202E", hidden: true }, { text: "ggnp", hidden: false },
    { text: "U+200B", hidden: true }, { text: " x", hidden: false },
  ]);
});

test("a return before a line feed is no accident of a script, and is shown", () => {
  expect(revealed("a\r")).toEqual([{ text: "a", hidden: false }, { text: "U+000D", hidden: true }]);
});

test("plain text of any language stays as it is", () => {
  for (const text of ["über", "日本語", "🙂 ok", "tab\there", ""]) {
    expect(revealed(text).map((one) => one.text).join("")).toBe(text);
    expect(revealed(text).some((one) => one.hidden)).toBe(false);
  }
});

test.each([["a\nb\n", 2], ["a\nb", 2], ["", 1], ["\n", 1], ["a\n\n", 2]])("%j has %d lines", (text, count) => {
  expect(linesOf(text)).toHaveLength(count);
});

test("lines that are new are marked, also a second copy of a known one", () => {
  expect([...newLines("a\nb\n", "a\nx\nb\nb\n")]).toEqual([1, 3]);
  expect(newLines("a\n", "a\n").size).toBe(0);
});
