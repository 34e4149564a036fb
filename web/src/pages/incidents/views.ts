/** Saved views as tabs: pure, so that their order and what a change of it writes have tests. */
import type { Search } from "@/address";
import type { View } from "@/api/views";

const STEP = 10;

/** Those that one finds stand first; one's own follow in the order that one gave them. */
export function inOrder(views: readonly View[], mayChange: (view: View) => boolean): View[] {
  return [...views.filter((one) => !mayChange(one)), ...views.filter(mayChange)];
}

/** What to write so that a view stands one place further left or right among `own`, which stand in order. */
export function moved(own: readonly View[], id: string, by: -1 | 1): { id: string; change: { position: number } }[] {
  const from = own.findIndex((one) => one.id === id);
  const to = from + by;
  if (from < 0 || to < 0 || to >= own.length) return [];
  const order = [...own];
  order.splice(to, 0, ...order.splice(from, 1));
  return order.flatMap((one, place) => (one.position === (place + 1) * STEP ? [] : [{ id: one.id, change: { position: (place + 1) * STEP } }]));
}

/** Where a new one stands: behind all others. */
export function behind(own: readonly View[]): number {
  return Math.max(0, ...own.map((one) => one.position)) + STEP;
}

/** What a view keeps of the page's address. */
export function addressOf(search: Search): string {
  const kept = Object.entries(search).filter((one): one is [string, string] => one[0] !== "view" && Boolean(one[1]));
  return new URLSearchParams(kept).toString().replaceAll("%2C", ",");
}

/** Whether the page shows something else than the view does. */
export function differs(view: View, search: Search): boolean {
  const sorted = (words: string) => [...new URLSearchParams(words)].map((one) => one.join("=")).sort().join("&");
  return sorted(view.address) !== sorted(addressOf(search));
}
