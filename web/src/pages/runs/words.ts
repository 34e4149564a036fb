/** Runs in words: pure, so that each state has its sentence and its test. */
import type { Act, Run, RunState, RunTarget, Step } from "@/api/runs";
import type { Shapes } from "@/api/client";
import type { StateWord } from "@/parts/State";
import type { IconName } from "@/parts/Icon";
import { counted } from "@/parts/names";

export type Stand = RunTarget["state"] | RunState;

const WORDS: Record<Stand, string> = {
  planned: "Planned", waiting_for_approval: "Waits for approval", ready: "Approved, its turn has not come", running: "Running",
  prechecking: "Prechecks", snapshotting: "Writes down what will change", acting: "Acts", verifying: "Verifies", rolling_back: "Puts it back",
  succeeded: "Succeeded", rolled_back: "Put back", failed: "Failed", cancelled: "Cancelled", uncertain: "Outcome unknown",
};

/** Where a run or a target stands, in words. */
export function standWord(stand: string): string {
  return WORDS[stand as Stand] ?? stand.replaceAll("_", " ");
}

/** Its glyph: one of the states of an incident where the meaning is the same, else an icon. */
export const GLYPHS: Record<Stand, { state: StateWord } | { icon: IconName; tone: "critical" | "high" | "medium" | "text3" }> = {
  planned: { state: "needs_ack" }, ready: { state: "needs_ack" }, waiting_for_approval: { state: "needs_approval" },
  running: { state: "fix_running" }, prechecking: { state: "fix_running" }, snapshotting: { state: "fix_running" }, acting: { state: "fix_running" },
  verifying: { state: "verifying" }, rolling_back: { icon: "back", tone: "medium" }, succeeded: { state: "resolved" },
  rolled_back: { icon: "back", tone: "medium" }, failed: { icon: "warning", tone: "critical" }, cancelled: { icon: "close", tone: "text3" },
  uncertain: { icon: "warning", tone: "high" },
};

export const RUN_STATES: readonly RunState[] = ["waiting_for_approval", "running", "uncertain", "failed", "rolled_back", "succeeded", "cancelled", "planned"];
const ENDS: ReadonlySet<string> = new Set<RunState>(["succeeded", "rolled_back", "failed", "cancelled", "uncertain"]);

/** Whether nothing more happens in it. */
export function isOver(stand: string): boolean {
  return ENDS.has(stand);
}

/** `app-01`, or how many targets stand where, the worst first; where all stand alike, only how many. */
export function targetsWord(run: Pick<Run, "targets">): string {
  const [first] = run.targets;
  if (run.targets.length === 1 && first) return first.name;
  const order = ["uncertain", "failed", "rolling_back", "rolled_back", "cancelled", "acting", "verifying", "snapshotting", "prechecking", "ready", "waiting_for_approval", "planned", "succeeded"];
  const counts = new Map<string, number>();
  for (const one of run.targets) counts.set(one.state, (counts.get(one.state) ?? 0) + 1);
  if (counts.size === 1) return counted(run.targets.length, "target");
  const parts = [...counts].sort(([a], [b]) => order.indexOf(a) - order.indexOf(b)).map(([state, count]) => `${count.toLocaleString("en")} ${standWord(state).toLowerCase()}`);
  return `${counted(run.targets.length, "target")}: ${parts.join(", ")}`;
}

/** A transition with the script whose outcome led to it. */
export interface Line { step: Step; act: Act | null }

/** What happened on one target (null: to the run as a whole), oldest first; a script that has no outcome yet stands by itself at the end. */
export function linesOf(run: { steps: readonly Step[]; acts: readonly Act[] }, target: string | null): { lines: Line[]; underWay: Act[] } {
  const acts = new Map(run.acts.map((one) => [one.id, one]));
  const lines = run.steps.filter((one) => one.asset_id === target).map((step) => ({ step, act: step.act_id === null ? null : (acts.get(step.act_id) ?? null) }));
  const settled = new Set(lines.map((one) => one.act?.id));
  return { lines, underWay: target === null ? [] : run.acts.filter((one) => one.asset_id === target && !settled.has(one.id)) };
}

const PHASES: Record<Act["phase"], string> = { precheck: "Precheck", snapshot: "Snapshot", act: "Act", verify: "Verify", undo: "Undo" };
const ENDINGS: Record<NonNullable<Act["ending"]>, string> = {
  succeeded: "ran to its end", failed: "ended otherwise", timed_out: "was ended at its deadline", cancelled: "was ended because somebody asked",
  not_started: "was certainly not begun", uncertain: "may have run",
};

/** A phase as people say it. */
export const phaseWord = (phase: Act["phase"]): string => PHASES[phase];

/** How a script ended. */
export function endingWord(act: Pick<Act, "ending" | "exit_code">): string {
  if (act.ending === null) return "has not ended, as far as we know";
  return act.exit_code === null ? ENDINGS[act.ending] : `exited with ${act.exit_code}`;
}

/** What a script printed, as it is shown: its text, or its bytes where they are no text; null: nothing. */
export function outputText(output: Shapes["OutputShown"]): string | null {
  if (!output.base64) return null;
  return output.text ?? output.base64.replace(/(.{76})/g, "$1\n");
}
