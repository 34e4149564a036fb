/** What became of an incident's candidates and of its healing, in sentences: pure. */
import type { Shapes } from "@/api/client";

const OUTCOMES: Record<Shapes["ChoiceShown"]["outcome"], string> = {
  none: "No runbook applies to what fires here.", offered: "Nothing was started by itself; a person may.",
  started: "One was started by itself.", asked: "One was chosen, and somebody is asked.",
};

export function outcomeWord(outcome: Shapes["ChoiceShown"]["outcome"]): string {
  return OUTCOMES[outcome];
}

const WITHDRAWN: Partial<Record<Shapes["HealingShown"]["reason"], string>> = {
  came_back: "the same fault came back", reopened: "the incident was opened again", person_acted: "a person acted",
};

/** Whether it counts as self-healed, and until when that is open. */
export function healingWord(one: Pick<Shapes["HealingShown"], "state" | "reason" | "healed_at" | "until">, timeOf: (at: string) => string): string {
  if (one.state === "confirmed") return `Healed by a run alone at ${timeOf(one.healed_at)}; it stayed away, so it counts as self-healed.`;
  if (one.state === "provisional") return `Healed by a run alone at ${timeOf(one.healed_at)}. Counts as self-healed if it holds until ${timeOf(one.until)}.`;
  return `Does not count as self-healed: ${WITHDRAWN[one.reason] ?? "it did not hold"}.`;
}
