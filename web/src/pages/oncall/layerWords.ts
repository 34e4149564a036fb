import type { LayerWish } from "@/pages/oncall/oncall";
import { personName } from "@/parts/names";

const EACH: Record<LayerWish["unit"], string> = { hour: "hour", day: "day", week: "week" };
const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/** How a layer goes, in a sentence. */
export function layerWords(layer: Pick<LayerWish, "people" | "unit" | "every" | "hand_over" | "hours">): string {
  const names = layer.people.map(personName).join(", then ");
  const each = layer.every === 1 ? `each for one ${EACH[layer.unit]}` : `each for ${layer.every} ${EACH[layer.unit]}s`;
  const turns = layer.people.length === 1 ? names : `${names}, ${each}, from ${layer.hand_over}`;
  const hours = layer.hours.map((one) => `${daysWords(one.days)} ${one.from} to ${one.to}`).join("; ");
  return hours ? `${turns}; only ${hours}` : turns;
}

/** `Mon to Fri`, `Sat, Sun`. */
export function daysWords(days: readonly number[]): string {
  const sorted = [...days].sort((one, other) => one - other);
  const [first, last] = [sorted[0], sorted.at(-1)];
  if (first === undefined || last === undefined) return "";
  if (sorted.length === 7) return "every day";
  const together = sorted.length > 2 && last - first === sorted.length - 1;
  return together ? `${DAYS[first]} to ${DAYS[last]}` : sorted.map((one) => DAYS[one]).join(", ");
}
