import type { Shapes } from "@/api/client";
import { shownText } from "@/pages/approvals/words";
import { Code } from "@/parts/Code";
import styles from "./Approvals.module.css";

/** A script, or its bytes where they are no text. */
export function Bytes({ script, label, marked, wrap = false }: { script: Shapes["ScriptShown"]; label: string; marked?: ReadonlySet<number>; wrap?: boolean }) {
  return (
    <>
      {script.text === null ? <p className={styles.bytes}>It is no text. These are its bytes, in base64.</p> : null}
      <Code label={label} text={shownText(script)} {...(marked ? { marked } : {})} wrap={wrap} />
    </>
  );
}
