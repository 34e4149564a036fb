import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { answered, client, type Shapes } from "@/api/client";
import { useMay } from "@/api/session";
import { Expires } from "@/pages/approvals/parts";
import { titleOf } from "@/pages/approvals/words";
import { Code } from "@/parts/Code";
import { counted, roleName } from "@/parts/names";
import { Risk } from "@/parts/Risk";
import { StateGlyph } from "@/parts/State";
import { At } from "@/parts/Time";
import styles from "./Incident.module.css";

const MOST = 5;

/** Approvals that wait about this incident: what would run, and where to decide it. */
export function AboutIt({ companyId, incidentId }: { companyId: string; incidentId: string }) {
  const may = useMay();
  const { data } = useQuery({
    queryKey: ["approvals", "about", incidentId],
    queryFn: () => answered(client.GET("/api/companies/{company_id}/approvals", { params: { path: { company_id: companyId }, query: { incident_id: incidentId, state: "asked", limit: MOST } } })),
    enabled: may("approval.read"),
  });
  return <>{(data?.items ?? []).map((one) => <One key={one.id} id={one.id} approval={one} />)}</>;
}

function One({ id, approval: one }: { id: string; approval: Shapes["ApprovalShown"] }) {
  const { data } = useQuery({
    queryKey: ["approvals", id],
    queryFn: () => answered(client.GET("/api/approvals/{approval_id}", { params: { path: { approval_id: id } } })),
  });
  const plan = data?.plan;
  const mine = one.you === "may";
  return (
    <section className={`card ${styles.waiting}`} aria-label="Waits for an approval">
      <div className={styles.cardhead}><h2><StateGlyph state="needs_approval" /> {titleOf(one.runbook)}</h2><Risk risk={one.risk} tag /></div>
      <p>{one.why}</p>
      {plan?.act.text ? <div className={styles.script}><Code wrap label="What would run" text={plan.act.text} /></div> : null}
      <dl className={styles.facts}>
        {plan?.parameters.length ? <><dt className={styles.detail}>Input</dt><dd className={styles.detail}>{plan.parameters.map((row) => <div key={row.name}><code>{row.name}={row.value}</code></div>)}</dd></> : null}
        {plan ? <><dt className={styles.detail}>Target</dt><dd className={styles.detail}>{counted(plan.targets.length, "target")}, resolved and pinned</dd></> : null}
        {plan ? <><dt className={styles.detail}>Verify</dt><dd className={styles.detail}>{plan.verify.base64 ? "by a script that runs after it" : "nothing verifies it"}</dd></> : null}
        {plan ? <><dt className={styles.detail}>Undo</dt><dd className={styles.detail}>{plan.undo.base64 ? "by a script, if need be" : "cannot be undone"}</dd></> : null}
        <dt>Expires</dt><dd><Expires at={one.expires_at} />, at <At at={one.expires_at} />; then it is refused</dd>
      </dl>
      <p className={styles.decide}>
        <Link to="/approvals/$id" params={{ id }} className={mine ? styles.primary : undefined}>{mine ? "Read and decide" : "Open"}</Link>
        {mine ? null : <span className="dim">{one.you === "own_request" ? "You asked for it; another person decides." : `${one.deciders.map(roleName).join(" or ")} decides.`}</span>}
      </p>
    </section>
  );
}
