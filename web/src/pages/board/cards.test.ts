import { expect, test } from "vitest";
import type { Acted } from "@/api/acts";
import type { Board, Card } from "@/api/board";
import { applied, seats, untakenCriticals } from "@/pages/board/cards";

function line(id: string, more: Partial<Card["incidents"][number]> = {}): Card["incidents"][number] {
  return { id, number: Number(id), title: `t${id}`, severity: "high", state: "needs_ack", asset: "db-01", assignee: null, opened_at: "2026-03-01T08:00:00Z", ...more };
}
function board(card: Partial<Card>): Board {
  const whole: Card = { id: "c", name: "Acme", by_severity: {}, critical_needs_ack: 0, incidents: [], alerts_last_hour: 0, bars: [], usual: null, silent: [], last_alert_at: null, ...card };
  return { as_of: "2026-03-01T09:00:00Z", strip: { criticals_needs_ack: [], approvals: { count: 0, first_expires_at: null }, silent: [] }, companies: [whole], left_out: 0 };
}
function row(id: string, more: Partial<Acted> = {}): Acted {
  return { id, company_id: "c", number: Number(id), title: `t${id}`, status: "open", severity: "high", firing_count: 1, acknowledged_at: null, assignee: null, assets: ["db-01"], opened_at: "2026-03-01T09:01:00Z", ...more } as Acted;
}
const cardOf = (found: { board: Board }) => found.board.companies[0] as Card;

test("one that is taken changes its line, and the card burns no more", () => {
  const start = applied(board({}), [row("1", { severity: "critical" })]);
  expect([cardOf(start).critical_needs_ack, start.board.strip.criticals_needs_ack.map((one) => one.company)]).toEqual([1, ["Acme"]]);
  const now = applied(start.board, [row("1", { severity: "critical", status: "acknowledged", acknowledged_at: "2026-03-01T09:02:00Z" })]);
  expect(now.unsure).toBe(false);
  expect(cardOf(now)).toMatchObject({ critical_needs_ack: 0, by_severity: { critical: 1 }, incidents: [{ state: "acknowledged" }] });
  expect(now.board.strip.criticals_needs_ack).toEqual([]);
});

test("a new one is counted once, however often it is told", () => {
  const twice = applied(board({}), [row("1"), row("1", { title: "later" })]);
  expect(cardOf(twice)).toMatchObject({ by_severity: { high: 1 }, incidents: [{ title: "later" }] });
});

test("what is over leaves; where more are open than are shown, the server is asked which is next", () => {
  const three = board({ by_severity: { high: 4 }, incidents: [line("1"), line("2"), line("3")] });
  const now = applied(three, [row("2", { status: "resolved" })]);
  expect([cardOf(now).incidents.map((one) => one.id), cardOf(now).by_severity, now.unsure]).toEqual([["1", "3"], { high: 3 }, true]);
  expect(applied(board({ by_severity: { high: 1 }, incidents: [line("1")] }), [row("1", { status: "resolved" })])).toMatchObject({ unsure: false, board: { companies: [{ by_severity: {}, incidents: [] }] } });
});

test("one that is not shown and may have been counted is never counted again", () => {
  const many = board({ by_severity: { high: 9 }, incidents: [line("1"), line("2"), line("3")] });
  const now = applied(many, [row("8", { severity: "critical" })]);
  expect([cardOf(now).by_severity, now.unsure]).toEqual([{ high: 9 }, true]);
});

test("another company's row, or one that is not on the board, changes nothing", () => {
  const start = board({});
  expect(applied(start, [row("1", { company_id: "d" })])).toEqual({ board: start, unsure: false });
});

test("whoever has a seat keeps it; new ones wait while somebody reads", () => {
  expect(seats(new Set(["a"]), ["b"], true)).toEqual({ seated: new Set(["a"]), waiting: 1 });
  expect(seats(new Set(["a"]), ["b"], false)).toEqual({ seated: new Set(["a", "b"]), waiting: 0 });
  const same = new Set(["a"]);
  expect(seats(same, [], false).seated).toBe(same);
});

test("where more burn than the server names, the cards count them", () => {
  const named = (count: number) => Array.from({ length: count }, (_, at) => ({ id: String(at), number: at, company_id: "c", company: "Acme" }));
  const stripOf = (count: number) => ({ ...board({}).strip, criticals_needs_ack: named(count) });
  const cards = [board({ critical_needs_ack: 900 }).companies[0] as Card, board({ critical_needs_ack: 423 }).companies[0] as Card];
  expect(untakenCriticals(stripOf(3), cards)).toBe(3);
  expect(untakenCriticals(stripOf(200), cards)).toBe(1_323);
  expect(untakenCriticals(stripOf(200), [])).toBe(200);
});
