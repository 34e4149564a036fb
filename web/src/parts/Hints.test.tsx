import { expect, test } from "vitest";
import { hintOf } from "@/parts/Hints";
import { exact } from "@/parts/Time";

function element(html: string): HTMLElement {
  document.body.innerHTML = html;
  return document.body.firstElementChild as HTMLElement;
}

test("a time says when exactly, and what has a hint says that", () => {
  const at = "2026-11-27T10:00:00Z";
  expect(hintOf(element(`<time datetime="${at}">5 m</time>`))).toBe(exact(at));
  expect(hintOf(element(`<span data-hint="prometheus">Pm</span>`))).toBe("prometheus");
  expect(hintOf(element(`<time datetime="${at}" data-hint="when it opened">5 m</time>`))).toBe("when it opened");
});

test("a time that is none says nothing", () => {
  expect(hintOf(element(`<time datetime="">now</time>`))).toBe("");
  expect(hintOf(element(`<time datetime="soon">soon</time>`))).toBe("");
  expect(hintOf(null)).toBe("");
});
