import { type CSSProperties, memo } from "react";
import type { Alert } from "@/pages/alerts/useAlerts";
import { Inert } from "@/parts/Inert";
import { SeverityGlyph, severityTitle } from "@/parts/Severity";
import { Firing } from "@/parts/Firing";
import { Age } from "@/parts/Time";
import { ToolTile } from "@/parts/Tool";
import styles from "./Alerts.module.css";

interface Props {
  alert: Alert;
  style: CSSProperties;
  narrow: boolean;
  several: boolean;
  index: number;
  here: boolean;
  onOpen: () => void;
}

/** One alert of the list; its height never changes. */
export const Row = memo(function Row({ alert: one, style, narrow, several, index, here, onOpen }: Props) {
  const words = `${severityTitle[one.severity]}, ${one.signature} on ${one.asset}, ${one.company ?? ""}, ${one.status === "firing" ? "firing" : "ended"}`;
  return (
    <div id={`alert-${one.id}`} role="row" aria-rowindex={index} aria-label={words} style={style} className={styles.row} data-here={here || undefined} data-several={several || undefined} onClick={onOpen}>
      <span role="gridcell"><SeverityGlyph severity={one.severity} /></span>
      {narrow ? (
        <span role="gridcell" className={styles.card}>
          <span className={styles.line}><span className={styles.what}><b className={styles.check}><Inert text={one.signature} /></b><span className={styles.asset}><Inert text={one.asset} /></span></span><span className={styles.age}><Age at={one.last_seen_at} /></span></span>
          <span className={styles.line}><span className={styles.meta}>{one.company ? `${one.company} · ` : ""}<Inert text={one.message} /></span><Firing alert={one} /></span>
        </span>
      ) : (
        <>
          <span role="gridcell" className={styles.what}><b className={styles.check} title={one.signature}><Inert text={one.signature} /></b><span className={styles.message}>{one.message === one.signature ? null : <Inert text={one.message} />}</span></span>
          <span role="gridcell" className={styles.asset} title={one.asset}><Inert text={one.asset} /></span>
          <span role="gridcell" className={styles.company}>{one.company ?? ""}</span>
          <span role="gridcell"><ToolTile tool={one.source} /></span>
          <span role="gridcell"><Firing alert={one} /></span>
          <span role="gridcell" className={styles.age}>{one.count.toLocaleString("en")}</span>
          <span role="gridcell" className={styles.age}><Age at={one.first_seen_at} /></span>
          <span role="gridcell" className={styles.age}><Age at={one.last_seen_at} /></span>
        </>
      )}
    </div>
  );
});
