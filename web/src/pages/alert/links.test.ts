import { expect, test } from "vitest";
import { outsideLinks } from "@/pages/alert/links";

test.each([
  "javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:alert(1)", "java\nscript:alert(1)", "data:text/html,<script>", "vbscript:x", "file:///etc/passwd", "//evil.example", "/account",
  "https://bank.example@evil.example/", "not a link", "",
])("%j leads nowhere", (text) => expect(outsideLinks({ graph: text }).shown).toEqual([]));

test("a web address leads where it says, and says where", () => {
  expect(outsideLinks({ graph: "https://zabbix.example.org/g?id=7" }).shown).toEqual([{ name: "graph", href: "https://zabbix.example.org/g?id=7", host: "zabbix.example.org" }]);
});
