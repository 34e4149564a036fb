/** The state of an incident: a glyph and a word. */
import styles from "./State.module.css";

export type StateWord =
  | "needs_ack" | "acknowledged" | "needs_approval" | "snoozed" | "clearing" | "resolved" | "merged"
  | "fix_running" | "verifying" | "healed_provisional";

export const stateTitle: Record<StateWord, string> = {
  needs_ack: "Needs ack", acknowledged: "Acknowledged", needs_approval: "Needs approval", snoozed: "Snoozed",
  clearing: "Clearing", resolved: "Resolved", merged: "Merged", fix_running: "Fix running", verifying: "Verifying",
  healed_provisional: "Healed, provisional",
};

export function StateGlyph({ state }: { state: StateWord }) {
  return <svg className={`${styles.glyph} ${styles[state]}`} width="14" height="14" viewBox="0 0 14 14" aria-hidden>{SHAPE[state]}</svg>;
}

const ring = <circle cx="7" cy="7" r="5.6" className={styles.line} />;
const dashed = <circle cx="7" cy="7" r="5.6" className={styles.line} strokeDasharray="2.2 1.8" />;
const tick = <path d="m4.4 7.2 1.9 1.9 3.4-3.8" className={styles.line} />;
const SHAPE: Record<StateWord, React.ReactNode> = {
  needs_ack: ring,
  acknowledged: <>{ring}<path d="M7 1.4a5.6 5.6 0 0 1 0 11.2z" className={styles.full} /></>,
  needs_approval: <>{ring}<path d="M5.3 4.8v4.4M8.7 4.8v4.4" className={styles.line} /></>,
  fix_running: <>{ring}<path d="M5.6 4.4 9.6 7 5.6 9.6z" className={styles.full} /></>,
  verifying: <>{dashed}<circle cx="7" cy="7" r="2" className={styles.full} /></>,
  snoozed: <path d="M11.8 8.6A5.3 5.3 0 0 1 5.4 2.2a5.3 5.3 0 1 0 6.4 6.4z" className={styles.line} />,
  clearing: <>{ring}{tick}</>,
  healed_provisional: <>{dashed}{tick}</>,
  resolved: <><circle cx="7" cy="7" r="6.2" className={styles.full} /><path d="m4.4 7.2 1.9 1.9 3.4-3.8" className={styles.cut} /></>,
  merged: <path d="M3 2v3.5c0 2 4 2 4 4V12M11 2v3.5c0 2-4 2-4 4" className={styles.line} />,
};

/** Glyph and word; `note` goes on ("to 04:00"). */
export function State({ state, note }: { state: StateWord; note?: string }) {
  return (
    <span className={styles.state}>
      <StateGlyph state={state} />
      <span className={styles.word}>{stateTitle[state]}{note ? ` ${note}` : ""}</span>
    </span>
  );
}
