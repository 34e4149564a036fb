import { duration } from "@/parts/duration";
import { Icon } from "@/parts/Icon";
import styles from "./State.module.css";

/** Whether an alert fires, or how long it did. */
export function Firing({ alert: one }: { alert: { status: "firing" | "resolved"; started_at: string; ended_at: string | null } }) {
  const fires = one.status === "firing";
  const took = one.ended_at ? Math.max(0, (Date.parse(one.ended_at) - Date.parse(one.started_at)) / 1_000) : null;
  return (
    <span className={styles.state}>
      <span className={styles.icon} data-ended={fires ? undefined : true} aria-hidden><Icon name={fires ? "alerts" : "check"} size={14} /></span>
      <span className={styles.word}>{fires ? "Firing" : took === null ? "Ended" : `Ended after ${duration(took)}`}</span>
    </span>
  );
}
