import { duration } from "@/parts/duration";
import { useNow } from "@/parts/now";
import styles from "./Approvals.module.css";

const NEAR_MS = 900_000;

/** How long until it lapses. */
export function Expires({ at }: { at: string }) {
  const left = Date.parse(at) - useNow();
  return <span role="timer" className={styles.expires} data-near={left < NEAR_MS || undefined}>{left > 0 ? duration(left / 1_000) : "lapsed"}</span>;
}

const RADIUS = 13;
const ROUND = 2 * Math.PI * RADIUS;

/** The share of its time that is left, as a ring; the words stand beside it. */
export function Ring({ from, until }: { from: string; until: string }) {
  const now = useNow(10);
  const share = Math.min(1, Math.max(0, (Date.parse(until) - now) / Math.max(1, Date.parse(until) - Date.parse(from))));
  return (
    <svg width="36" height="36" viewBox="0 0 36 36" aria-hidden className={styles.ring} data-near={Date.parse(until) - now < NEAR_MS || undefined}>
      <circle cx="18" cy="18" r={RADIUS} className={styles.groove} />
      <circle cx="18" cy="18" r={RADIUS} className={styles.left} strokeDasharray={`${share * ROUND} ${ROUND}`} transform="rotate(-90 18 18)" />
    </svg>
  );
}
