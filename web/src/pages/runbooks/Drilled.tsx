import type { Drill } from "@/api/runbooks";
import { drillWord } from "@/pages/runbooks/words";
import { Icon } from "@/parts/Icon";
import styles from "./Runbooks.module.css";

/** Whether it was tried for real; the reason at hand. */
export function Drilled({ drill }: { drill: Drill }) {
  const tone = drill.state === "passed" ? "ok" : drill.state === "failed" || drill.state === "untrusted" ? "critical" : undefined;
  return <span className={styles.tag} data-tone={tone} title={drill.reason}>{tone ? <Icon name={tone === "ok" ? "check" : "warning"} size={14} /> : null}{drillWord(drill)}</span>;
}
