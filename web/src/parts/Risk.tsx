import styles from "./Risk.module.css";

export type RiskWord = keyof typeof CELLS;
const CELLS = { low: 1, medium: 2, high: 3 } as const;
const NAMES = { low: "Low", medium: "Medium", high: "High" } as const;

/** Risk: one, two or three filled cells, and the word; as a tag where it stands among other things. */
export function Risk({ risk, tag = false }: { risk: RiskWord; tag?: boolean }) {
  return (
    <span className={styles.risk} data-risk={risk} data-tag={tag || undefined}>
      <svg width="17" height="10" viewBox="0 0 17 10" aria-hidden>{[0, 1, 2].map((at) => <rect key={at} x={at * 6 + 0.5} y="0.5" width="4" height="9" rx="1" className={at < CELLS[risk] ? styles.full : styles.empty} />)}</svg>
      {NAMES[risk]} risk
    </span>
  );
}
