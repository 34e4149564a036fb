import { linesOf } from "@/parts/hidden";
import { Inert } from "@/parts/Inert";
import styles from "./Code.module.css";

/** Code or raw text with numbered lines; `marked` lines (from 0) changed; in a narrow place long ones `wrap`, which their numbers tell. */
export function Code({ text, label, marked, wrap = false }: { text: string; label: string; marked?: ReadonlySet<number>; wrap?: boolean }) {
  const lines = linesOf(text);
  return (
    <div className={styles.code} role="region" aria-label={label} tabIndex={0} data-wrap={wrap || undefined} data-digits={String(lines.length).length}>
      <ol>
        {lines.map((line, at) => (
          <li key={at} data-marked={marked?.has(at) || undefined}>
            <code>{marked?.has(at) ? <span className="visually-hidden">changed: </span> : null}<Inert text={line} /></code>
          </li>
        ))}
      </ol>
    </div>
  );
}
