import { useVirtualizer, type Virtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, type ReactNode, type RefObject, useCallback, useEffect, useMemo } from "react";
import { useCompanyName } from "@/api/session";
import type { Line } from "@/pages/incidents/lines";
import { Row } from "@/pages/incidents/Row";
import type { Group, Incident } from "@/pages/incidents/rows";
import { useActivity } from "@/pages/incidents/useActivity";
import { Icon } from "@/parts/Icon";
import styles from "./Incidents.module.css";

const HEADS: Record<Group, [string, string]> = {
  needs_ack: ["Needs acknowledgement", "worst first, then longest waiting"],
  working: ["Being worked", "worst first"],
  waiting: ["Waiting", "snoozed, or clear and held before closing"],
  done: ["Over", "newest first"],
};
const HEAD_PX = 28;
const SOON = 30; // lines ahead of the last in sight, at which more of a group is fetched

export type List = Virtualizer<HTMLDivElement, Element>;

/** The lines in sight, at heights that are known, so that nothing is measured and nothing jumps. */
export function Grid({ lines, order, scroller, list, narrow, height, here, chosen, selectable, several, hasBars, onMore, onFold, folded, onToggle, onOpen, onMove, children }: {
  lines: readonly Line[];
  order: readonly Incident[];
  scroller: RefObject<HTMLDivElement | null>;
  /** Where whoever moves the cursor finds how to scroll. */
  list: RefObject<List | null>;
  narrow: boolean;
  height: number;
  here: string | null;
  chosen: ReadonlySet<string>;
  selectable: boolean;
  several: boolean;
  hasBars: boolean;
  onMore: (group: Group) => void;
  onFold: (group: Group) => void;
  folded: ReadonlySet<Group>;
  onToggle: (id: string) => void;
  onOpen: (incident: Incident) => void;
  onMove: () => void;
  children: ReactNode;
}) {
  const companyName = useCompanyName();
  // Another function is to the virtualizer another list, which it would measure anew with every step of the scroll bar.
  const keyOf = useCallback((at: number) => lines[at]?.key ?? at, [lines]);
  const virtual = useVirtualizer({
    count: lines.length, getScrollElement: () => scroller.current, overscan: 12, getItemKey: keyOf,
    estimateSize: (at) => (lines[at]?.kind === "row" ? height : HEAD_PX),
    scrollPaddingStart: HEAD_PX, // the head that stays above
  });
  list.current = virtual;
  useEffect(() => virtual.measure(), [height, lines, virtual]);
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  const first = items[0]?.index ?? 0;
  useEffect(() => {
    // Of the group that is in sight, or soon is; not of one that was jumped over, which would push what is read.
    const next = lines.findIndex((one, at) => at >= first && one.kind === "more");
    const line = lines[next];
    if (line?.kind === "more" && next <= last + SOON) onMore(line.group);
  }, [first, last, lines, onMore]);
  const seen = items.flatMap((item) => { const line = lines[item.index]; return line?.kind === "row" ? [line.incident] : []; });
  const bars = useActivity(seen, hasBars);
  const places = useMemo(() => new Map(order.map((one, at) => [one.id, at + 1])), [order]);
  const top = virtual.scrollOffset ?? 0;
  const above = items.find((item) => item.end > top);
  const stuck = above ? lines.slice(0, above.index + 1).findLast((one) => one.kind === "head") : undefined;
  return (
    <div
      ref={scroller} className={styles.list} role="grid" tabIndex={0} aria-label="Incidents" aria-rowcount={order.length} aria-activedescendant={here ? `incident-${here}` : undefined}
      onPointerMove={onMove} onKeyDown={keepScroll} data-several={several || undefined} data-bars={hasBars || undefined}
    >
      {children}
      {stuck?.kind === "head" && top > 0 ? <div className={styles.stuck} aria-hidden><HeadWords line={stuck} /></div> : null}
      <div className={styles.all} style={{ height: virtual.getTotalSize() }}>
        {items.map((item) => {
          const line = lines[item.index];
          if (!line) return null;
          const place = { transform: `translateY(${item.start}px)`, height: item.size };
          if (line.kind === "more") return <div key={line.key} className={styles.more} style={place} role="row"><span role="gridcell">{line.shown.toLocaleString("en")} of {line.count.toLocaleString("en")}; more as you scroll</span></div>;
          if (line.kind === "head") {
            return (
              <div key={line.key} className={styles.head} style={place} role="row">
                <div role="gridcell"><h2><button type="button" tabIndex={-1} aria-expanded={!folded.has(line.group)} onClick={() => onFold(line.group)}><Icon name={folded.has(line.group) ? "right" : "chevron"} size={12} /><HeadWords line={line} /></button></h2></div>
              </div>
            );
          }
          const { incident } = line;
          return (
            <Row
              key={line.key} incident={incident} company={several ? (incident.company ?? companyName(incident.company_id)) : ""} bars={bars.get(incident.id)} left={line.left} changedAt={line.changedAt}
              start={item.start} height={item.size} narrow={narrow} index={places.get(incident.id) ?? 0} here={incident.id === here} chosen={chosen.has(incident.id)}
              selectable={selectable} onToggle={onToggle} onOpen={onOpen}
            />
          );
        })}
      </div>
    </div>
  );
}

function HeadWords({ line }: { line: Extract<Line, { kind: "head" }> }) {
  const [title, order] = HEADS[line.group];
  return <>{title} <span className={styles.count}>{line.count.toLocaleString("en")}</span> <small>{order}</small></>;
}

/** Arrows move the cursor, not the scroll bar. */
function keepScroll(event: KeyboardEvent): void {
  if (event.key === "ArrowDown" || event.key === "ArrowUp") event.preventDefault();
}
