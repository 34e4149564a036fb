/** The board as incidents change under it: pure, so that what is counted and what must be asked for has tests. */
import type { Acted } from "@/api/acts";
import type { Board, Card } from "@/api/board";
import { SEVERITIES } from "@/parts/Severity";

export type Line = Card["incidents"][number];

const MOST_LINES = 3; // that the server puts on a card

/** The board with what incidents are now; `unsure` where a card must be asked for, since the server knows more of it. */
export function applied(board: Board, rows: readonly Acted[]): { board: Board; unsure: boolean } {
  let now = board;
  let unsure = false;
  for (const row of rows) {
    const card = now.companies.find((one) => one.id === row.company_id);
    if (!card) continue;
    const next = onCard(card, row);
    unsure ||= next.unsure;
    if (next.card !== card) now = { ...now, companies: now.companies.map((one) => (one === card ? next.card : one)) };
    now = { ...now, strip: { ...now.strip, criticals_needs_ack: untaken(now.strip.criticals_needs_ack, row, card.name) } };
  }
  return { board: now, unsure };
}

function onCard(card: Card, row: Acted): { card: Card; unsure: boolean } {
  const was = card.incidents.find((one) => one.id === row.id);
  const isOpen = row.status === "open" || row.status === "acknowledged";
  const beyond = openOf(card) > card.incidents.length;
  if (!was) {
    if (!isOpen) return { card, unsure: beyond };
    const last = card.incidents.at(-1);
    const enters = card.incidents.length < MOST_LINES || (last !== undefined && byWorst(lineOf(row), last) < 0);
    // Where the card shows all that is open, it is new; otherwise it may have been counted before.
    if (beyond || !enters) return { card, unsure: true };
    return { card: counted({ ...card, incidents: [...card.incidents, lineOf(row)].sort(byWorst).slice(0, MOST_LINES) }, null, lineOf(row)), unsure: card.incidents.length >= MOST_LINES };
  }
  if (!isOpen) return { card: counted({ ...card, incidents: card.incidents.filter((one) => one !== was) }, was, null), unsure: beyond };
  const line = { ...lineOf(row), asset: was.asset };
  const moved = line.severity !== was.severity;
  const lines = card.incidents.map((one) => (one === was ? line : one));
  return { card: counted({ ...card, incidents: moved ? lines.sort(byWorst) : lines }, was, line), unsure: moved && beyond };
}

/** With one line less, and one more, in its counts. */
function counted(card: Card, was: Line | null, is: Line | null): Card {
  const by = { ...card.by_severity };
  let untakenCriticals = card.critical_needs_ack;
  for (const [line, by_one] of [[was, -1], [is, 1]] as const) {
    if (!line) continue;
    by[line.severity] = Math.max(0, (by[line.severity] ?? 0) + by_one);
    if (burns(line)) untakenCriticals += by_one;
  }
  const by_severity = Object.fromEntries(Object.entries(by).filter(([, count]) => count > 0)) as Card["by_severity"];
  return { ...card, by_severity, critical_needs_ack: Math.max(0, untakenCriticals) };
}

const burns = (line: Line): boolean => line.severity === "critical" && line.state === "needs_ack";

export function openOf(card: Card): number {
  return Object.values(card.by_severity).reduce((sum, one) => sum + one, 0);
}

function lineOf(row: Acted): Line {
  const { id, number, title, severity, assignee, opened_at } = row;
  const state = row.firing_count <= 0 ? "clearing" : row.acknowledged_at ? "acknowledged" : "needs_ack";
  return { id, number, title, severity, assignee, opened_at, state, asset: row.assets[0] ?? null };
}

function byWorst(a: Line, b: Line): number {
  return SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) || a.id.localeCompare(b.id);
}

const MOST_NAMED = 200; // criticals that the server names above the cards; the cards count all of them

/** How many critical incidents nobody took. */
export function untakenCriticals(strip: Board["strip"], cards: readonly Card[]): number {
  const named = strip.criticals_needs_ack.length;
  return named < MOST_NAMED ? named : Math.max(named, cards.reduce((sum, one) => sum + one.critical_needs_ack, 0));
}

type Untaken = Board["strip"]["criticals_needs_ack"];

function untaken(criticals: Untaken, row: Acted, company: string): Untaken {
  const isOpen = row.status === "open" || row.status === "acknowledged";
  const others = criticals.filter((one) => one.id !== row.id);
  if (!isOpen || !burns(lineOf(row))) return others.length === criticals.length ? criticals : others;
  return [...others, { id: row.id, number: row.number, company_id: row.company_id, company }].sort((a, b) => a.id.localeCompare(b.id));
}

/** Which companies have a card: whoever has one keeps it; new ones come when nothing may move under a person's hand. */
export function seats(seated: ReadonlySet<string>, burning: readonly string[], still: boolean): { seated: ReadonlySet<string>; waiting: number } {
  const fresh = burning.filter((id) => !seated.has(id));
  if (fresh.length === 0) return { seated, waiting: 0 };
  return still ? { seated, waiting: fresh.length } : { seated: new Set([...seated, ...fresh]), waiting: 0 };
}
