import { type CSSProperties, memo } from "react";
import { Bars } from "@/parts/Bars";
import { Inert } from "@/parts/Inert";
import { IncidentState, stateWord } from "@/parts/IncidentState";
import { Quiet } from "@/parts/Quiet";
import { SeverityGlyph, severityTitle } from "@/parts/Severity";
import { Age } from "@/parts/Time";
import { Initials, ToolTile } from "@/parts/Tool";
import type { Incident } from "@/pages/incidents/rows";
import styles from "./Incidents.module.css";

const TOOLS_SHOWN = 4;

interface Props {
  incident: Incident;
  company: string;
  bars: readonly number[] | undefined;
  left: boolean;
  changedAt: number;
  start: number;
  height: number;
  narrow: boolean;
  index: number;
  here: boolean;
  chosen: boolean;
  selectable: boolean;
  onToggle: (id: string) => void;
  onOpen: (incident: Incident) => void;
}

/** One incident of the list; its height never changes, so that nothing jumps. */
export const Row = memo(function Row({ incident: one, company, bars, left, changedAt, start, height, narrow, index, here, chosen, selectable, onToggle, onOpen }: Props) {
  const [asset = ""] = one.assets;
  const title = asset ? one.title.replace(` on ${asset}`, "") : one.title;
  const where = one.assets.length > 1 ? `${asset} and ${one.assets.length - 1} more` : asset;
  const words = [severityTitle[one.severity], one.number, one.title, company, stateWord(one)].filter(Boolean).join(", ");
  const style: CSSProperties = { transform: `translateY(${start}px)`, height };
  return (
    <div
      id={`incident-${one.id}`} role="row" aria-rowindex={index} aria-selected={chosen} aria-label={words} style={style}
      className={styles.row} data-here={here || undefined} data-chosen={chosen || undefined} data-left={left || undefined} data-number={one.number}
      // Acts on what was pressed, whatever is there when the button comes up again.
      onClick={(event) => { if (!(event.target as Element).closest("input, a")) onOpen(one); }}
    >
      {changedAt ? <span key={changedAt} className={styles.tint} aria-hidden /> : null}
      <span role="gridcell" className={styles.check}>{selectable ? <input type="checkbox" checked={chosen} onChange={() => onToggle(one.id)} aria-label={`Select ${one.number}`} tabIndex={-1} /> : null}</span>
      <span role="gridcell"><SeverityGlyph severity={one.severity} /></span>
      {narrow ? (
        <span role="gridcell" className={styles.card}>
          <span className={styles.line}><span className={styles.what}><b className={styles.title}><Inert text={title} /></b><span className={styles.asset}><Inert text={where} /></span></span><span className={styles.age}><Age at={one.opened_at} /></span></span>
          <span className={styles.line}><span className={styles.meta}>{company || one.number} <Quiet company={one.company_id} assets={one.assets} /></span><IncidentState incident={one} /></span>
        </span>
      ) : (
        <>
          <span role="gridcell" className={styles.number}>{one.number}</span>
          <span role="gridcell" className={styles.what}><b className={styles.title} title={one.title}><Inert text={title} /></b><span className={styles.asset}><Inert text={where} /> <Quiet company={one.company_id} assets={one.assets} /></span></span>
          <span role="gridcell" className={styles.company}>{company}</span>
          <span role="gridcell" className={styles.alerts}><b>{one.occurrence_count.toLocaleString("en")}</b> → {one.alert_count.toLocaleString("en")}</span>
          <span role="gridcell" className={styles.tools}>{one.tools.slice(0, TOOLS_SHOWN).map((tool) => <ToolTile key={tool} tool={tool} />)}</span>
          <span role="gridcell" className={styles.hour}>{bars ? <Bars bars={bars} height={18} label={`${bars.reduce((sum, each) => sum + each, 0).toLocaleString("en")} in the last hour`} /> : null}</span>
          <span role="gridcell" className={styles.state}><IncidentState incident={one} /></span>
          <span role="gridcell" className={styles.owner}>{one.assignee ? <Initials email={one.assignee} /> : <span className="dim">none</span>}</span>
          <span role="gridcell" className={styles.age}><Age at={one.opened_at} /></span>
        </>
      )}
    </div>
  );
});
