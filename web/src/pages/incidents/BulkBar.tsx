import { Button } from "@mantine/core";
import type { Act } from "@/api/acts";
import type { Dialog } from "@/pages/incidents/Incidents";
import { Kbd } from "@/parts/Kbd";
import styles from "./Incidents.module.css";

/** What may be done with what is selected, in the place and height of the filters. */
export function BulkBar({ count, snoozed, taken, me, onAct, onAsk, onClear }: {
  count: number;
  /** All of them are snoozed already, or taken. */
  snoozed: boolean;
  taken: boolean;
  me: string;
  onAct: (act: Act) => void;
  onAsk: (dialog: Dialog) => void;
  onClear: () => void;
}) {
  return (
    <div className={styles.bar} role="toolbar" aria-label="What to do with the selected">
      <b className={styles.picked}>{count} selected</b>
      {taken
        ? <Button onClick={() => onAct({ kind: "unacknowledge" })}>Take back</Button>
        : <Button variant="filled" rightSection={<Kbd>a</Kbd>} onClick={() => onAct({ kind: "acknowledge" })}>Acknowledge</Button>}
      <Button rightSection={<Kbd>i</Kbd>} onClick={() => onAct({ kind: "assign", assignee: me })}>To me</Button>
      <Button rightSection={<Kbd>s</Kbd>} onClick={() => onAsk("assign")}>Assign</Button>
      <Button rightSection={<Kbd>z</Kbd>} onClick={() => (snoozed ? onAct({ kind: "unsnooze" }) : onAsk("snooze"))}>{snoozed ? "Wake" : "Snooze"}</Button>
      <Button rightSection={<Kbd>m</Kbd>} onClick={() => onAsk("merge")} disabled={count < 2}>Merge</Button>
      <Button rightSection={<Kbd>r</Kbd>} onClick={() => onAsk("resolve")}>Resolve</Button>
      <Button variant="subtle" onClick={onClear}>Clear</Button>
    </div>
  );
}
