import type { Whole } from "@/api/acts";
import { useCompanyName } from "@/api/session";
import { duration } from "@/parts/duration";
import { IncidentState } from "@/parts/IncidentState";
import { Inert } from "@/parts/Inert";
import { useNow } from "@/parts/now";
import { Person } from "@/parts/Person";
import { SeverityGlyph, severityTitle } from "@/parts/Severity";
import { Age, At } from "@/parts/Time";
import { Initials, ToolTile } from "@/parts/Tool";
import styles from "./Incident.module.css";

/** What it is, in what state, whose; and how long it takes. */
export function Head({ incident: one }: { incident: Whole }) {
  const companyName = useCompanyName();
  return (
    <header className={styles.head}>
      <SeverityGlyph severity={one.severity} size={26} />
      <div className={styles.name}>
        <h2><Inert text={one.title} /></h2>
        <p className={styles.meta}>
          <IncidentState incident={one} />
          <span>{severityTitle[one.severity]}</span>
          <b>{companyName(one.company_id)}</b>
          <span className={styles.owner}>{one.assignee ? <><span aria-hidden><Initials email={one.assignee} /></span> <Person email={one.assignee} /></> : "No owner"}</span>
          <span>Opened <b><Age at={one.opened_at} suffix=" ago" /></b></span>
          <span className={styles.tools}>{one.tools.map((tool) => <ToolTile key={tool} tool={tool} />)}</span>
        </p>
      </div>
      <Clocks incident={one} />
    </header>
  );
}

/** Two clocks: until somebody took it, and until it was over. */
function Clocks({ incident: one }: { incident: Whole }) {
  const since = (end: string) => duration((Date.parse(end) - Date.parse(one.opened_at)) / 1_000);
  const still = `${one.firing_count.toLocaleString("en")} of ${one.alert_count.toLocaleString("en")}`;
  return (
    <dl className={styles.clocks}>
      <div>
        <dt>{one.acknowledged_at ? "Acknowledged after" : one.resolved_at ? "Acknowledged" : "Unacknowledged for"}</dt>
        {one.acknowledged_at
          ? <><dd className={styles.met}>{since(one.acknowledged_at)}</dd><dd className="small">by {one.acknowledged_by ? <Person email={one.acknowledged_by} /> : "somebody"}, <At at={one.acknowledged_at} seconds /></dd></>
          : one.resolved_at ? <><dd className={styles.figure}>never</dd><dd className="small">it ended without</dd></>
            : <><dd className={styles.figure}><Running since={one.opened_at} /></dd><dd className="small">and nobody has it yet</dd></>}
      </div>
      <div>
        <dt>{one.resolved_at ? "Over after" : one.status === "merged" ? "Merged" : "Open for"}</dt>
        {one.resolved_at
          ? <><dd className={styles.met}>{since(one.resolved_at)}</dd><dd className="small">{one.resolved_by ? <>by <Person email={one.resolved_by} /></> : "by itself"}, <At at={one.resolved_at} /></dd></>
          : <><dd className={styles.figure}><Running since={one.opened_at} /></dd><dd className="small">{one.status === "merged" ? "part of another" : one.firing_count ? `${still} still fire` : "nothing fires any more"}</dd></>}
      </div>
    </dl>
  );
}

function Running({ since }: { since: string }) {
  const young = Date.now() - Date.parse(since) < 600_000;
  const now = useNow(young ? 1 : 60);
  return <span role="timer">{duration((now - Date.parse(since)) / 1_000)}</span>;
}
