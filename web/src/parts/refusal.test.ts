import { expect, it } from "vitest";
import { Refused } from "@/api/client";
import { fieldOf, refusalAt, refusalElse } from "@/parts/refusal";

const refused = (where: string, detail = "it is wrong", mend = "mend it") => new Refused(422, detail, mend, where, "r1");

it("is shown at the field that it is about", () => {
  expect(refusalAt(refused("email"), "email")).toBe("it is wrong; mend it");
  expect(refusalAt(refused("body.email"), "email")).toBe("it is wrong; mend it");
  expect(refusalAt(refused("windows[0].to"), "to")).toBe("it is wrong; mend it");
  expect(refusalAt(refused("role"), "email")).toBeUndefined();
});

it("is shown below all where it is about none of them", () => {
  expect(refusalElse(refused("role"), "email")).toBe("it is wrong; mend it");
  expect(refusalElse(refused("email"), "email")).toBeUndefined();
  expect(refusalElse(null, "email")).toBeUndefined();
  expect(refusalElse(new Error("gone"), "email")).toBe("gone");
});

it("does not say twice where it is, nor where programs look", () => {
  expect(refusalAt(refused("body.rules[1].id", "body.rules[1].id: String should match", "see /api/openapi.json"), "id")).toBe("String should match");
  expect(fieldOf("rules[a].group_by")).toBe("group_by");
});
