import { Refused, type Shapes } from "@/api/client";
import { duration } from "@/parts/duration";
import { fieldOf } from "@/parts/refusal";

export type Rule = Shapes["RuleBody"];

/** As the API fills in what is not said. */
export const USUAL: Omit<Rule, "id" | "name"> = {
  condition: "", group_by: ["asset", "signature"], window_s: 900, window: "sliding", least_count: 1, life_s: 86_400, hold_s: 0, reopen_s: 300, cross_tool: true,
};

const FIELDS: Record<string, string> = { asset: "asset", signature: "check", source: "tool", severity: "severity" };

/** What a rule does, in words. */
export function ruleWords(rule: Rule): string {
  const { condition, group_by: by, window_s: window, window: kind, least_count: least, life_s: life, hold_s: hold, reopen_s: reopen, cross_tool: cross } = { ...USUAL, ...rule };
  const same = by.map((one) => FIELDS[one] ?? (one.startsWith("labels.") ? `label “${one.slice("labels.".length)}”` : one));
  const first = `${condition?.trim() ? "Alerts that fit the condition" : "All alerts"} with the same ${listed(same)}${cross ? "" : ", of one tool,"} become one incident`;
  const takes = kind === "fixed" ? `for ${duration(window)} from its opening` : `until none came for ${duration(window)}`;
  const opens = least > 1 ? ` It opens with the ${ordinal(least)} alert.` : "";
  const ends = ` It resolves ${hold ? `${duration(hold)} after` : "when"} the last alert ended${reopen ? `, and comes back if it fires again within ${duration(reopen)}` : ""}.`;
  return `${first}, ${takes}${life ? `, at most ${duration(life)}` : ""}.${opens}${ends}`;
}

function listed(words: readonly string[]): string {
  return words.length < 2 ? (words[0] ?? "") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

function ordinal(value: number): string {
  const ending = value % 100 >= 11 && value % 100 <= 13 ? "th" : (["th", "st", "nd", "rd"][value % 10] ?? "th");
  return `${value.toLocaleString("en")}${ending}`;
}

/** Which rule a refusal is about, and which of its fields; null: none of them. */
export function refusedRule(failure: Error | null, rules: readonly Rule[]): { at: number; field: string } | null {
  if (!(failure instanceof Refused)) return null;
  const named = /rules\[([^\]]*)\]/.exec(failure.where)?.[1];
  if (named === undefined) return null;
  const found = rules.findIndex((one) => one.id === named);
  const at = found >= 0 ? found : /^\d+$/.test(named) ? Number(named) : -1;
  return at >= 0 && at < rules.length ? { at, field: fieldOf(failure.where) } : null;
}

/** An id made of a name, different from those that are there. */
export function idOf(name: string, taken: readonly string[]): string {
  const plain = name.normalize("NFKD").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 56) || "rule";
  for (let more = 1; ; more += 1) {
    const id = more === 1 ? plain : `${plain}-${more}`;
    if (!taken.includes(id)) return id;
  }
}

/** A first draft of a rule for a noisy check, or for one asset's. */
export function draftOf(check: string | undefined, asset: string | undefined, taken: readonly string[]): Rule {
  const name = [check, asset].filter(Boolean).join(" on ") || "New rule";
  const terms = [check ? `signature == ${JSON.stringify(check)}` : "", asset ? `asset == ${JSON.stringify(asset)}` : ""].filter(Boolean);
  return { ...USUAL, id: idOf(name, taken), name: name.slice(0, 200), condition: terms.join(" && "), group_by: check ? ["signature"] : ["asset"], window_s: 3_600 };
}
