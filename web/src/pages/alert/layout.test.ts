import { expect, test } from "vitest";
import { pretty } from "@/pages/alert/layout";

test.each<unknown>([[[1]], [{ a: [], b: {}, c: [{ d: "x, {y}: [z] \\\" \\\\" }] }], [[{ a: null, b: true, c: -1.5e3 }, "ü"]], [{ "": "" }]])("%j is laid out as JSON is", (value) => {
  expect(pretty(JSON.stringify(value))).toBe(JSON.stringify(value, null, 2) === JSON.stringify(value) ? null : JSON.stringify(value, null, 2));
});

test("a long number and a repeated name stay what they are", () => {
  expect(pretty('{"id":12345678901234567890,"id":1.0}')).toBe('{\n  "id": 12345678901234567890,\n  "id": 1.0\n}');
});

test("other text, broken JSON and what is laid out already stay as they came", () => {
  for (const text of ["plain words", '{"half', "", '"text"', '{\n  "a": 1\n}\n', `[${"1,".repeat(150_000)}1]`]) expect(pretty(text)).toBeNull();
});
