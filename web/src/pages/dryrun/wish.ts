/** What is to be run, from what a person typed: pure, so that nothing is sent that was not said. */
import type { Parameter } from "@/api/runbooks";
import type { Preview, Wish } from "@/api/runs";
import { counted } from "@/parts/names";

export type Values = Readonly<Record<string, string>>;

/** What is sent: only values that differ from the runbook's defaults; an empty field means the default. */
export function wishOf(runbook: string, targets: readonly string[], parameters: readonly Parameter[], values: Values): Wish {
  const given = parameters.flatMap((one) => {
    const value = values[one.name] ?? "";
    return value === "" || value === one.default ? [] : [[one.name, value] as const];
  });
  return { runbook, targets: [...targets], parameters: Object.fromEntries(given) };
}

/** Parameters that must be given and are not yet. */
export function missing(parameters: readonly Parameter[], values: Values): string[] {
  return parameters.filter((one) => one.default === null && !values[one.name]).map((one) => one.name);
}

/** Who must agree before it starts. */
export function neededWord(needed: number): string {
  if (needed === 0) return "Nobody else must agree: it starts at once.";
  return needed === 1 ? "Another person must agree before it starts." : `${needed} other people must agree before it starts.`;
}

/** What the button does. */
export function askWord(preview: Pick<Preview, "needed" | "targets">): string {
  const on = counted(preview.targets.length, "target");
  return preview.needed === 0 ? `Start it on ${on}` : `Ask for it on ${on}`;
}

/** Verdicts on which a person can do nothing here: without a target that may be reached there is nothing to plan. */
const NO_WAY: ReadonlySet<string> = new Set(["no_asset", "not_confirmed", "not_bound", "under_way"]);

/** Whether a person can plan a run of a candidate. */
export function canPlan(candidate: { asset_id: string | null; verdict: string }): boolean {
  return candidate.asset_id !== null && !NO_WAY.has(candidate.verdict);
}
