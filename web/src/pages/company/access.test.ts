import { expect, test } from "vitest";
import type { Credential, WayValue } from "@/api/access";
import { begun, fieldTitle, filled, isWhole, placeOf, usable, wayTitle } from "@/pages/company/access";

const value = (name: string, more: Partial<WayValue> = {}): WayValue => ({ name, description: "", required: true, secret: false, default: "", pattern: "", lines: false, ...more });
const VALUES = [value("address"), value("port", { required: false, default: "22" }), value("become", { required: false })];

test("a binding's place is said in a line, whatever the way", () => {
  expect(placeOf({ settings: { address: "10.0.0.5", port: "22", user: "aw" } })).toBe("aw@10.0.0.5 port 22");
  expect(placeOf({ settings: { region: "eu-central-1", instance: "i-0abc" } })).toBe("i-0abc in eu-central-1");
  expect(placeOf({ settings: { region: "eu-central-1", tag: "role=web" } })).toBe("tag role=web in eu-central-1");
  expect(placeOf({ settings: { container: "0123456789abcdef" } })).toBe("0123456789ab");
});

test("a form begins with what is set, sends what is filled in, and knows when it is whole", () => {
  expect(begun(VALUES)).toEqual({ address: "", port: "22", become: "" });
  expect(begun(VALUES, { address: "a", port: "23" })).toEqual({ address: "a", port: "23", become: "" });
  expect(filled(VALUES, { address: "a", port: "22", become: " ", of: "another way" })).toEqual({ address: "a", port: "22" });
  expect(isWhole(VALUES, { address: " " })).toBe(false);
  expect(isWhole(VALUES, { address: "a" })).toBe(true);
});

test("a way is named by its title, and takes its own credentials alone", () => {
  expect(wayTitle([], "telnet")).toBe("telnet");
  const kept = [{ executor: "ssh" }, { executor: "ssm" }] as Credential[];
  expect(usable(kept, "ssm")).toEqual([kept[1]]);
  expect(usable(kept, null)).toEqual([]);
  expect([fieldTitle("private_key"), fieldTitle("role_arn")]).toEqual(["Private key", "Role ARN"]);
});
