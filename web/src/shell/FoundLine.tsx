import type { Found } from "@/api/search";
import { Icon } from "@/parts/Icon";
import { Inert } from "@/parts/Inert";
import { SeverityGlyph } from "@/parts/Severity";
import { Age } from "@/parts/Time";
import { KIND, toldOf } from "@/shell/found";
import styles from "./Find.module.css";

/** What was found, in one line: its glyph, its name, what tells it from others, and whose it is. */
export function FoundLine({ found: one, age = false }: { found: Found; age?: boolean }) {
  const { severity, words } = toldOf(one);
  return (
    <>
      {severity ? <SeverityGlyph severity={severity} size={16} /> : <Icon name={KIND[one.kind].icon} />}
      <span className={styles.title}>{one.number === null ? "" : `${one.number} `}<Inert text={one.title} /></span>
      <span className={styles.detail}>{[KIND[one.kind].one, words].filter(Boolean).join(", ")}</span>
      <span className={styles.company}>{one.kind === "company" ? "" : one.company}</span>
      {age ? <span className={styles.age}>{one.at ? <Age at={one.at} suffix=" ago" /> : null}</span> : null}
    </>
  );
}
