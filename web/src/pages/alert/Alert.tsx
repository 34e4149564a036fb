import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { answered, client, type Shapes } from "@/api/client";
import { useCompanyName, useMay } from "@/api/session";
import { outsideLinks } from "@/pages/alert/links";
import { Raw } from "@/pages/alert/Raw";
import { Receipt } from "@/pages/alert/Receipt";
import { Icon } from "@/parts/Icon";
import { Inert } from "@/parts/Inert";
import { useIncidentOf } from "@/parts/IncidentLink";
import { counted } from "@/parts/names";
import { Firing } from "@/parts/Firing";
import { SeverityGlyph, severityTitle } from "@/parts/Severity";
import { State, type StateWord } from "@/parts/State";
import { Failure, Skeleton } from "@/parts/States";
import { Age, At } from "@/parts/Time";
import { ToolTile } from "@/parts/Tool";
import { useKeys } from "@/shell/keys";
import { Page } from "@/shell/Page";
import styles from "./Alert.module.css";

export type One = Shapes["AlertShown"];
const TRAIL = [{ title: "Alerts", to: "/alerts" }];

/** One alert: what the tool said, and its receipt: what was decided about it and why. */
export default function Alert() {
  const { id } = useParams({ strict: false }) as { id: string };
  const navigate = useNavigate();
  const alert = useQuery({ queryKey: ["alerts", id], queryFn: () => answered(client.GET("/api/alerts/{alert_id}", { params: { path: { alert_id: id } } })) });
  useKeys([{ key: "Escape", does: "back to the list", act: () => (window.history.length > 1 ? window.history.back() : void navigate({ to: "/alerts" })) }]);
  if (alert.error && !alert.data) return <Page title="Alert" trail={TRAIL}><Failure what="This alert" failure={alert.error} again={() => void alert.refetch()} /></Page>;
  if (!alert.data) return <Page title="Alert" trail={TRAIL}><Skeleton rows={10} /></Page>;
  const one = alert.data;
  return (
    <Page title={one.signature} trail={TRAIL}>
      <Head one={one} />
      <div className={styles.columns}>
        <div className={styles.stack}>
          <Said one={one} />
          <Raw alertId={one.id} />
        </div>
        <div className={styles.stack}>
          <Receipt alertId={one.id} />
          <Incident one={one} />
          <Like one={one} />
        </div>
      </div>
    </Page>
  );
}

function Head({ one }: { one: One }) {
  const companyName = useCompanyName();
  return (
    <header className={styles.head}>
      <SeverityGlyph severity={one.severity} size={26} />
      <div className={styles.name}>
        <h2><Inert text={one.signature} /> <span className={styles.on}>on <Inert text={one.asset} /></span></h2>
        <p className={styles.meta}>
          <Firing alert={one} /><span>{severityTitle[one.severity]}</span><b>{companyName(one.company_id)}</b>
          <span className={styles.tool}><ToolTile tool={one.source} /> {one.source}</span>
          <span>received <b>{counted(one.count, "time")}</b></span>
          <span>first <Age at={one.first_seen_at} suffix=" ago" />, last <Age at={one.last_seen_at} suffix=" ago" /></span>
        </p>
      </div>
    </header>
  );
}

/** The tool's own words, its labels and its links, as it sent them. */
function Said({ one }: { one: One }) {
  const labels = Object.entries(one.labels);
  const { shown, refused } = outsideLinks(one.links);
  return (
    <section className="card" aria-label="What the tool said">
      <h2>What the tool said</h2>
      <p className={styles.message}><code><Inert text={one.message} /></code></p>
      <dl className={styles.facts}>
        <dt>Began</dt><dd><At at={one.started_at} seconds /> <span className="dim">by the tool's clock</span></dd>
        {one.ended_at ? <><dt>Ended</dt><dd><At at={one.ended_at} seconds /></dd></> : null}
        <dt>Arrived</dt><dd><At at={one.first_seen_at} seconds />{one.count > 1 ? <>, lately <At at={one.last_seen_at} seconds /></> : null}</dd>
      </dl>
      {labels.length ? (
        <>
          <h3>Labels</h3>
          <dl className={styles.facts}>{labels.map(([name, value]) => <div key={name} className={styles.pair}><dt><code><Inert text={name} /></code></dt><dd><code><Inert text={value} /></code></dd></div>)}</dl>
        </>
      ) : null}
      {shown.length || refused.length ? (
        <>
          <h3>Links</h3>
          <ul className={styles.links}>
            {shown.map((link) => <li key={link.name}><a href={link.href} target="_blank" rel="noreferrer noopener"><Inert text={link.name} /></a> <span className="dim">{link.host}</span></li>)}
            {refused.map((link) => <li key={link.name}><Inert text={link.name} />: <code className={styles.refused}><Inert text={link.text} /></code> <span className="dim">no web address, so no link</span></li>)}
          </ul>
        </>
      ) : null}
    </section>
  );
}

const STATE: Record<Shapes["IncidentShown"]["status"], StateWord> = { open: "needs_ack", acknowledged: "acknowledged", resolved: "resolved", merged: "merged" };

/** Where it went. */
function Incident({ one }: { one: One }) {
  const may = useMay();
  const incident = useIncidentOf(may("incident.read") ? one.incident_id : null);
  return (
    <section className="card" aria-label="Its incident">
      <h2>Its incident</h2>
      {incident ? (
        <>
          <p className={styles.incident}><SeverityGlyph severity={incident.severity} /><Link to="/incidents/$number" params={{ number: String(incident.number) }}>{incident.number} <Inert text={incident.title} /></Link></p>
          <p className={styles.meta}><State state={STATE[incident.status]} /><span>{counted(incident.alert_count, "alert")}</span><span>opened <Age at={incident.opened_at} suffix=" ago" /></span></p>
          {incident.alert_count > 1 ? <p className={styles.more}><Link to="/alerts" search={{ company: one.company_id, incident: incident.id } as never}>Its {incident.alert_count.toLocaleString("en")} alerts</Link></p> : null}
        </>
      ) : one.incident_id === null ? <p className="dim">None yet: its rule waits for more alerts of the same kind.</p> : <Skeleton rows={2} height={22} />}
    </section>
  );
}

/** Others that share something with it. */
function Like({ one }: { one: One }) {
  const rows = [
    { title: "on this asset", value: one.asset, search: { company: one.company_id, asset: one.asset } },
    { title: "of this check", value: one.signature, search: { company: one.company_id, signature: one.signature } },
    { title: "of this tool", value: one.source, search: { company: one.company_id, tool: one.source } },
  ];
  return (
    <section className="card" aria-label="Alerts like it">
      <h2>Alerts like it</h2>
      <ul className={styles.links}>{rows.map((row) => <li key={row.title}><Link to="/alerts" search={row.search as never}>Alerts {row.title}</Link> <span className="dim"><Inert text={row.value} /></span> <Icon name="right" size={12} /></li>)}</ul>
    </section>
  );
}
