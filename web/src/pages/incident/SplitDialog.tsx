import { Button, Checkbox, Group, Modal } from "@mantine/core";
import { useState } from "react";
import type { Whole } from "@/api/acts";
import { type Alert, worstOf } from "@/pages/incident/bars";
import { Inert } from "@/parts/Inert";
import { counted } from "@/parts/names";
import { SeverityGlyph } from "@/parts/Severity";
import { clockTime } from "@/parts/Time";
import styles from "./Incident.module.css";

/** Chooses alerts that become an incident of their own, and shows both results before it is done. */
export function SplitDialog({ incident, onSplit, onClose }: { incident: Whole; onSplit: (alerts: string[]) => void; onClose: () => void }) {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const toggle = (id: string) => setChosen((was) => {
    const now = new Set(was);
    if (!now.delete(id)) now.add(id);
    return now;
  });
  const goes = incident.alerts.filter((one) => chosen.has(one.id));
  const stays = incident.alerts.filter((one) => !chosen.has(one.id));
  const unseen = incident.alert_count - incident.alerts.length;
  const ready = goes.length > 0 && (stays.length > 0 || unseen > 0);
  return (
    <Modal opened onClose={onClose} title={`Split alerts off ${incident.number}`} size="xl">
      <ul className={styles.pick} aria-label="Alerts">
        {incident.alerts.map((one) => (
          <li key={one.id}>
            <Checkbox
              checked={chosen.has(one.id)} onChange={() => toggle(one.id)}
              label={<span className={styles.pickable}><SeverityGlyph severity={one.severity} size={15} /> <Inert text={one.signature} /> <span className="dim">on <Inert text={one.asset} />, {clockTime(one.first_seen_at)}</span></span>}
            />
          </li>
        ))}
      </ul>
      {unseen > 0 ? <p className="dim small">The first {incident.alerts.length} of {incident.alert_count.toLocaleString("en")} alerts; the others stay.</p> : null}
      <div className={styles.halves} aria-live="polite">
        <Half title={`Stays in ${incident.number}`} alerts={stays} unseen={unseen} none="No alert would stay: leave one." />
        <Half title="Becomes an incident of its own" alerts={goes} unseen={0} none="Choose alerts above." />
      </div>
      <Group justify="flex-end" mt="md">
        <Button onClick={onClose}>Leave them together</Button>
        <Button variant="filled" disabled={!ready} onClick={() => { onSplit([...chosen]); onClose(); }}>Split off {goes.length || ""}</Button>
      </Group>
    </Modal>
  );
}

/** One of the two that come of it. */
function Half({ title, alerts, unseen, none }: { title: string; alerts: readonly Alert[]; unseen: number; none: string }) {
  const [first] = alerts;
  if (!first) return <section className={styles.half} aria-label={title}><h3>{title}</h3><p className="dim">{unseen > 0 ? counted(unseen, "later alert") : none}</p></section>;
  const assets = [...new Set(alerts.map((one) => one.asset))];
  const fires = alerts.filter((one) => one.status === "firing").length;
  return (
    <section className={styles.half} aria-label={title}>
      <h3>{title}</h3>
      <p className={styles.pickable}><SeverityGlyph severity={worstOf(alerts)} /> <b><Inert text={`${first.signature} on ${first.asset}`} /></b></p>
      <dl>
        <dt>Alerts</dt><dd>{counted(alerts.length + unseen, "distinct alert")}, {counted(alerts.reduce((sum, one) => sum + one.count, 0), "time")} said</dd>
        <dt>Fire now</dt><dd>{fires === 0 ? "none" : fires}</dd>
        <dt>Assets</dt><dd><Inert text={assets.slice(0, 5).join(", ")} />{assets.length > 5 ? ` and ${assets.length - 5} more` : ""}</dd>
      </dl>
    </section>
  );
}
