import type { ReactNode } from "react";
import styles from "./Shift.module.css";

/** One part of the hand-over, with how many there are. */
export function Part({ title, count, children }: { title: string; count: number; children: ReactNode }) {
  return <section className={`card ${styles.part}`} aria-label={title}><h2>{title} <span className="dim">{count.toLocaleString("en")}</span></h2>{children}</section>;
}
