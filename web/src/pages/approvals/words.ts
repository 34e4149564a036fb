/** Approvals in words: pure, so that each state and ruling has its sentence and its test. */
import type { Approval, Plan } from "@/api/approvals";
import type { Shapes } from "@/api/client";
import { duration } from "@/parts/duration";
import { counted, personName } from "@/parts/names";
import { newLines } from "@/parts/hidden";

const RULINGS: Record<Approval["you"], string> = {
  may: "", no_person: "Only a person decides, signed in by their own account.", own_request: "You asked for it: another person decides.",
  not_theirs: "Your role does not decide what is this risky.", changed_it: "You changed something that it names: another person decides.",
  said_already: "You have answered. It waits for another person.", settled: "It is settled.", lapsed: "Its time is over.", other_plan: "It is about another plan now.",
};

/** Why this person may not decide it. */
export function rulingOf(you: Approval["you"]): string {
  return RULINGS[you];
}

const VOIDED: Record<string, string> = {
  withdrawn: "taken back by whoever asked", plan_changed: "what it would do had changed", requester_gone: "whoever asked has no right any more",
  approver_lost_right: "who agreed may not any more", policy_changed: "the company's rules changed", requester_left: "whoever asked has left",
  changed_by_requester_or_approver: "whoever asked or agreed changed what it names",
};

/** What became of it, for a list: short; null while it waits. */
export function settledOf(one: Approval): string | null {
  const by = one.settled_by && one.settled_by.includes("@") ? ` by ${personName(one.settled_by)}` : "";
  switch (one.state) {
    case "asked": return null;
    case "approved": return `approved${by}`;
    case "refused": return `refused${by}`;
    case "started": return "approved and started";
    case "lapsed": return "lapsed: nobody decided, not run";
    case "voided": return `void: ${VOIDED[one.state_reason] ?? (one.state_reason.replaceAll("_", " ") || "not what was read any more")}`;
  }
}

/** A runbook's name as a title. */
export function titleOf(runbook: string): string {
  const words = runbook.replace(/[-_]+/g, " ").trim();
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}

/** Whether what would run is still what was shown before: by its hash, and by who has agreed. */
export function sameQuestion(a: Approval, b: Approval): boolean {
  return a.hash === b.hash && a.risk === b.risk && a.expires_at === b.expires_at && a.agreed === b.agreed && a.needed === b.needed;
}

export type ScriptName = "act" | "precheck" | "verify" | "undo";

/** Lines of each script that were not there when the person began to read. */
export function changedLines(before: Plan, now: Plan): Record<ScriptName, ReadonlySet<number>> {
  const of = (name: ScriptName) => newLines(shownText(before[name]), shownText(now[name]));
  return { act: of("act"), precheck: of("precheck"), verify: of("verify"), undo: of("undo") };
}

/** A script as it is shown: its text, or its bytes where they are no text. */
export function shownText(script: Shapes["ScriptShown"]): string {
  return script.text ?? script.base64.replace(/(.{76})/g, "$1\n");
}

const CAPS: Record<string, (value: number) => string> = {
  targets: (value) => `at most ${counted(value, "target")}`, seconds: (value) => `at most ${counted(value, "second")}`,
  at_once: (value) => (value === 1 ? "one target after the other" : `${value} targets at once`),
  stop_at_failed_pct: (value) => (value === 0 ? "stops at the first that fails" : `stops when ${value}% have failed`),
};
const TIMEOUT = "_timeout_s";

/** Limits that the act keeps to: how it goes over its targets, then how long each script may take. */
export function capsOf(caps: Record<string, number>): string {
  const names = Object.keys(caps).sort((a, b) => Number(a.endsWith(TIMEOUT)) - Number(b.endsWith(TIMEOUT)));
  return names.map((name) => {
    const value = caps[name] ?? 0;
    if (name.endsWith(TIMEOUT)) return `${name.slice(0, -TIMEOUT.length).replaceAll("_", " ")} ${duration(value)} at most`;
    return CAPS[name]?.(value) ?? `${name.replaceAll("_", " ")} ${value}`;
  }).join(", ");
}

/** A runbook's version with its file's hash, as far as a person compares it: \`3 9f86d08188…\`. */
export function shortVersion(version: string): string {
  const [number = "", hash = ""] = version.split(" ");
  return hash.length > SHOWN_OF_HASH ? `${number} (${hash.slice(0, SHOWN_OF_HASH)}…)` : version;
}

const SHOWN_OF_HASH = 12;
