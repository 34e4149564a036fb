import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Whole } from "@/api/acts";
import { IncidentLink } from "@/parts/IncidentLink";
import { Inert } from "@/parts/Inert";
import styles from "./Incident.module.css";

/** Why these alerts are one incident: reasons that sum, what came near, and what would have made it otherwise. */
export function Why({ incident, onSplit }: { incident: Whole; onSplit: (() => void) | null }) {
  const { reasons, left_out: left, tipping, rule } = incident;
  const [first] = incident.alerts;
  return (
    <section className="card" aria-label="Why these belong together">
      <div className={styles.cardhead}>
        <h2>Why these belong together</h2>
        {first ? <Link to="/alerts/$id" params={{ id: first.id }} className="small">Receipt</Link> : null}
      </div>
      {incident.why[0] && reasons.length === 0 ? <p>{incident.why[0]}</p> : null}
      <table className={styles.reasons}>
        <caption className="visually-hidden">Reasons, and how many of the incident's alerts each brought</caption>
        <colgroup><col className={styles.kinds} /><col /><col className={styles.sums} /></colgroup>
        <tbody>
          {reasons.map((one) => (
            <tr key={`${one.kind} ${one.evidence}`}>
              <th scope="row">{one.kind}</th><td><Inert text={one.evidence} /></td><td>{one.count.toLocaleString("en")} of {incident.alert_count.toLocaleString("en")}</td>
            </tr>
          ))}
          {incident.merged_into ? <tr><th scope="row">Merged</th><td colSpan={2}>a person made it part of <IncidentLink id={incident.merged_into} title /></td></tr> : null}
          {incident.split_from ? <tr><th scope="row">Split</th><td colSpan={2}>a person split it off <IncidentLink id={incident.split_from} title /></td></tr> : null}
        </tbody>
        <tbody className={styles.apart}>
          <tr><th scope="row">Key</th><td colSpan={2}><code className={styles.key}><Inert text={incident.aggregation_key} /></code> <span className="dim">by rule “{rule.name}”{rule.version ? `, version ${rule.version}` : ", built in"}</span></td></tr>
          {left.map((one) => (
            <tr key={one.id}><th scope="row">Left out</th><td colSpan={2}><Link to="/incidents/$number" params={{ number: String(one.number) }}>{one.number}</Link> <Inert text={one.title} />: {one.reason}</td></tr>
          ))}
          {tipping ? <tr><th scope="row">Tipping</th><td>{tipping}</td><td>{onSplit ? <Button variant="subtle" size="compact-xs" onClick={onSplit}>split</Button> : null}</td></tr> : null}
        </tbody>
      </table>
    </section>
  );
}
