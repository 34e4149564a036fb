/** Severity is shape, letter, weight of ink and word; colour only repeats them. */
import styles from "./Severity.module.css";

export const SEVERITIES = ["critical", "high", "medium", "low", "info"] as const;
export type SeverityWord = (typeof SEVERITIES)[number];

export const severityTitle: Record<SeverityWord, string> = {
  critical: "Critical", high: "High", medium: "Medium", low: "Low", info: "Info",
};

/** The glyph alone; its name is the word. `decorative` where the word stands beside it. */
export function SeverityGlyph({ severity, size = 18, decorative = false }: { severity: SeverityWord; size?: number; decorative?: boolean }) {
  const name = decorative ? { "aria-hidden": true } : { role: "img", "aria-label": severityTitle[severity] };
  return (
    <svg className={`${styles.glyph} ${styles[severity]}`} width={size} height={size} viewBox="0 0 18 18" {...name}>
      {SHAPE[severity]}
      <text className={styles.letter} x="9" y={severity === "high" ? 14 : 12.4} textAnchor="middle">{severity[0]?.toUpperCase()}</text>
    </svg>
  );
}

const SHAPE: Record<SeverityWord, React.ReactNode> = {
  critical: <path className={styles.shape} d="M5.8 1.3h6.4l4.5 4.5v6.4l-4.5 4.5H5.8l-4.5-4.5V5.8z" />,
  high: <path className={styles.shape} d="M9 1.2 17.4 16.4H.6z" />,
  medium: <path className={styles.shape} d="M9 1 17 9 9 17 1 9z" />,
  low: <circle className={styles.shape} cx="9" cy="9" r="7.4" />,
  info: <rect className={styles.shape} x="1.8" y="1.8" width="14.4" height="14.4" rx="2" />,
};

const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const told = (count: number | undefined, severity: SeverityWord) => `${count?.toLocaleString("en")} ${severityTitle[severity].toLowerCase()}`;

/**
 * Counts by severity as glyph and number, only those that are not zero; of more than `most` the mildest are one sum.
 * Thousands are said in few letters, so that a name has room beside them.
 */
export function SeverityCounts({ counts, most = SEVERITIES.length }: { counts: Partial<Record<SeverityWord, number>>; most?: number }) {
  const there = SEVERITIES.filter((one) => (counts[one] ?? 0) > 0);
  const rest = there.slice(most);
  return (
    <span className={styles.counts}>
      {there.slice(0, most).map((one) => (
        <span key={one} className={styles.count} data-hint={told(counts[one], one)}>
          <SeverityGlyph severity={one} size={15} />
          <b>{short.format(counts[one] ?? 0)}</b>
        </span>
      ))}
      {rest.length ? <span className="dim" data-hint={rest.map((one) => told(counts[one], one)).join(", ")}>+{short.format(rest.reduce((sum, one) => sum + (counts[one] ?? 0), 0))}</span> : null}
    </span>
  );
}
