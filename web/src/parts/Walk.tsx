import { Goto } from "@/parts/Goto";
import { Icon } from "@/parts/Icon";
import type { Step } from "@/parts/walk";
import styles from "./Walk.module.css";

/** The way from nothing to the first incident: what is done is ticked, and the next step says what to do. */
export function Walk({ steps }: { steps: readonly Step[] }) {
  const next = steps.findIndex((one) => !one.done);
  return (
    <section className={`card ${styles.walk}`} aria-label="From nothing to the first incident">
      <h2>From nothing to the first incident</h2>
      <ol>{steps.map((one, at) => (
        <li key={one.title} data-done={one.done || undefined} aria-current={at === next ? "step" : undefined}>
          <span className={styles.ring}>{one.done ? <Icon name="check" size={14} /> : at + 1}</span>
          <div><p>{one.title}{one.done ? <span className="visually-hidden">, done</span> : null}</p>{at === next ? <p className="dim">{one.how}</p> : null}</div>
          {one.to && (one.done || at === next) ? <Goto to={one.to} className={at === next ? (styles.act ?? "") : (styles.quiet ?? "")}>{one.word}</Goto> : null}
        </li>
      ))}</ol>
    </section>
  );
}
