import { Button, CopyButton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import type { ApprovalWhole } from "@/api/approvals";
import { answered, client, type Shapes } from "@/api/client";
import { useCompanyName } from "@/api/session";
import { Bar } from "@/pages/approvals/Bar";
import { Bytes } from "@/pages/approvals/Bytes";
import { Expires, Ring } from "@/pages/approvals/parts";
import { Targets } from "@/pages/approvals/Targets";
import { capsOf, changedLines, sameQuestion, type ScriptName, settledOf, shortVersion, titleOf } from "@/pages/approvals/words";
import { duration } from "@/parts/duration";
import { Icon } from "@/parts/Icon";
import { IncidentLink, useIncidentOf } from "@/parts/IncidentLink";
import { Inert } from "@/parts/Inert";
import { counted, roleName } from "@/parts/names";
import { Person } from "@/parts/Person";
import { Risk } from "@/parts/Risk";
import { SeverityGlyph } from "@/parts/Severity";
import { Failure, Skeleton } from "@/parts/States";
import { Age, At, clockTime } from "@/parts/Time";
import styles from "./Approvals.module.css";

/** One decision: exactly what would run, where, why, and two buttons that are never pressed by accident. */
export function Decision({ id }: { id: string }) {
  const { data, error, refetch } = useQuery({
    queryKey: ["approvals", id],
    queryFn: () => answered(client.GET("/api/approvals/{approval_id}", { params: { path: { approval_id: id } } })),
  });
  if (error && !data) return <Failure what="This approval" failure={error} again={() => void refetch()} />;
  return data ? <Read one={data} /> : <Skeleton rows={12} />;
}

/** What was read first, and when it became something else. */
function useReadFirst(one: ApprovalWhole): { first: ApprovalWhole; changedAt: string | null } {
  const first = useRef(one);
  const latest = useRef(one);
  const [changedAt, setChangedAt] = useState<string | null>(null);
  useEffect(() => {
    if (one.state === "asked" && !sameQuestion(latest.current, one)) setChangedAt(new Date().toISOString());
    latest.current = one;
  }, [one]);
  return { first: first.current, changedAt };
}

function Read({ one }: { one: ApprovalWhole }) {
  const companyName = useCompanyName();
  const company = companyName(one.company_id);
  const { first, changedAt } = useReadFirst(one);
  const { plan } = one;
  const marked = changedLines(first.plan, plan);
  return (
    <>
      <article className={styles.plan} aria-label={titleOf(plan.runbook)} tabIndex={-1}>
        <Link to="/approvals" className={styles.back}><Icon name="left" size={16} /> Approvals</Link>
        <header className={styles.headline}>
          <div>
            <p className={styles.meta}><Risk risk={one.risk} tag /><b>{company || "this installation"}</b></p>
            <h2>{titleOf(plan.runbook)}</h2>
            <p className={styles.lead}><Inert text={one.why} />{one.incident_id ? <> It answers incident <IncidentLink id={one.incident_id} title />.</> : null}</p>
          </div>
          <Clock one={one} />
        </header>
        {changedAt ? <p className={styles.changed} role="alert"><Icon name="warning" size={14} /> This changed at {clockTime(changedAt)}. Read it again: new lines are marked, and what you typed is cleared.</p> : null}
        <Runs one={one} marked={marked} />
        <Targets companyId={one.company_id} targets={plan.targets} most={plan.caps} />
        {one.incident_id ? <Evidence id={one.incident_id} /> : null}
        <div className={styles.three}>
          <Why title={`${one.risk === "high" ? "High" : one.risk === "medium" ? "Medium" : "Low"}, because`} icon="warning"><p><Inert text={one.risk_reason || "The runbook says so."} /></p></Why>
          <Script title="Verified by" icon="info" script={plan.verify} marked={marked.verify} none="Nothing verifies it afterwards." />
          <Script title="Can be undone" icon="back" script={plan.undo} marked={marked.undo} none="No. What it does stays." />
        </div>
        <p className={styles.foot}>
          <span>Asked by <Person email={one.requested_by} />, <At at={one.asked_at} /></span>
          <span>May decide: {one.deciders.map(roleName).join(", ") || "nobody"}</span>
          <span>{one.agreed} of {counted(one.needed, "answer")} needed</span>
          {Object.keys(plan.caps).length ? <span>Limits: {capsOf(plan.caps)}</span> : null}
          <span>Starts by <At at={plan.start_by} />, or never</span>
        </p>
        {one.decisions.map((said) => <p key={said.user_id} className={styles.said}><b><Person email={said.by} /></b> {said.answer === "approve" ? "agreed" : "refused"} <Age at={said.at} suffix=" ago" />{said.reason ? <>: <q><Inert text={said.reason} /></q></> : null}</p>)}
      </article>
      <Bar one={one} company={company} changedAt={changedAt} />
    </>
  );
}

/** How long it may still be decided, and what happens then; or what became of it. */
function Clock({ one }: { one: ApprovalWhole }) {
  if (one.state === "asked") {
    return (
      <div className={styles.clock}>
        <Ring from={one.asked_at} until={one.expires_at} />
        <div><p className={styles.clocktime}><Expires at={one.expires_at} /></p><p className="dim small">expires <At at={one.expires_at} />; then refused</p></div>
      </div>
    );
  }
  const took = one.settled_at ? duration((Date.parse(one.settled_at) - Date.parse(one.asked_at)) / 1_000) : "";
  return (
    <div className={styles.clock} data-settled>
      <div><p className={styles.clocktime}>{settledOf(one)}</p>{one.settled_at ? <p className="dim small"><At at={one.settled_at} seconds />, after {took}</p> : null}</div>
    </div>
  );
}

function Runs({ one, marked }: { one: ApprovalWhole; marked: Record<ScriptName, ReadonlySet<number>> }) {
  const { plan } = one;
  return (
    <section className="card" aria-label="Exactly this will run">
      <div className={styles.cardhead}>
        <h3>Exactly this will run</h3><span className="dim small" title={plan.runbook_version}>{plan.runbook}, version {shortVersion(plan.runbook_version)}</span>
        <span className={styles.hash}>
          <code title={one.hash}>sha256 {one.hash.slice(0, 4)} {one.hash.slice(4, 8)} … {one.hash.slice(-4)}</code>
          <CopyButton value={one.hash}>{({ copied, copy }) => <Button size="compact-xs" variant="subtle" onClick={copy}>{copied ? "Copied" : "Copy"}</Button>}</CopyButton>
        </span>
      </div>
      {plan.precheck.base64 ? <><p className={styles.step}>First checked</p><Bytes script={plan.precheck} label="Checked before" marked={marked.precheck} wrap /><p className={styles.step}>Then run</p></> : null}
      <Bytes script={plan.act} label="What would run" marked={marked.act} wrap />
      {plan.parameters.length ? (
        <table className={styles.values}>
          <caption className="visually-hidden">Input</caption>
          <thead><tr><th scope="col">Input</th><th scope="col">Value</th><th scope="col">Where it came from</th></tr></thead>
          <tbody>{plan.parameters.map((row) => <tr key={row.name}><td><code>{row.name}</code></td><td><code><Inert text={row.value} /></code></td><td className="dim"><Inert text={row.origin} /></td></tr>)}</tbody>
        </table>
      ) : <p className={`dim ${styles.values}`}>It takes no input.</p>}
    </section>
  );
}

function Why({ title, icon, children }: { title: string; icon: "warning" | "info" | "back"; children: React.ReactNode }) {
  return <section className="card" aria-label={title}><h3 className={styles.small}><Icon name={icon} size={14} /> {title}</h3>{children}</section>;
}

function Script({ title, icon, script, marked, none }: { title: string; icon: "info" | "back"; script: Shapes["ScriptShown"]; marked: ReadonlySet<number>; none: string }) {
  return <Why title={title} icon={icon}>{script.base64 ? <Bytes script={script} label={title} marked={marked} wrap /> : <p>{none}</p>}</Why>;
}

function firesNow({ firing_count: fires, alert_count: all }: { firing_count: number; alert_count: number }): string {
  if (fires === 0) return "Nothing of it fires now.";
  return fires === all ? (all === 1 ? "It fires now." : "All fire now.") : `${fires.toLocaleString("en")} of ${all.toLocaleString("en")} fire now.`;
}

/** The incident that it would mend, in a line. */
function Evidence({ id }: { id: string }) {
  const incident = useIncidentOf(id);
  if (!incident) return null;
  return (
    <section className="card" aria-label="Evidence">
      <div className={styles.cardhead}><h3>Evidence</h3><Link to="/alerts" search={{ company: incident.company_id, incident: id } as never} className={styles.hash}>{counted(incident.alert_count, "alert")}</Link></div>
      <p className={styles.evidence}><SeverityGlyph severity={incident.severity} /> <span><Link to="/incidents/$number" params={{ number: String(incident.number) }}><b>{incident.number} <Inert text={incident.title} /></b></Link><br /><Inert text={incident.in_short} /> {firesNow(incident)}</span></p>
    </section>
  );
}
