import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import type { Search } from "@/address";
import { answered, client } from "@/api/client";
import { type RunWhole, useRun } from "@/api/runs";
import { useCompanyName, useMay } from "@/api/session";
import { CancelDialog } from "@/pages/run/CancelDialog";
import { PlanScripts } from "@/pages/run/PlanScripts";
import { Steps } from "@/pages/run/Steps";
import { Stand } from "@/pages/runs/Stand";
import { isOver, linesOf } from "@/pages/runs/words";
import { Icon } from "@/parts/Icon";
import { IncidentLink } from "@/parts/IncidentLink";
import { Inert } from "@/parts/Inert";
import { counted } from "@/parts/names";
import { Person } from "@/parts/Person";
import { Risk } from "@/parts/Risk";
import { Failure, Skeleton } from "@/parts/States";
import { Age, At } from "@/parts/Time";
import { Page } from "@/shell/Page";
import styles from "./Run.module.css";

const TRAIL = [{ title: "Runs", to: "/runs" }];

/** One run: where each target stands and why, what each script said, and exactly what was approved. */
export default function Run() {
  const { id } = useParams({ strict: false }) as { id: string };
  const { data, error, refetch } = useRun(id);
  if (data) return <Known run={data} />;
  return <Page title="Run" trail={TRAIL}>{error ? <Failure what="This run" failure={error} again={() => void refetch()} /> : <Skeleton rows={12} />}</Page>;
}

function Known({ run }: { run: RunWhole }) {
  const may = useMay();
  const [cancelling, setCancelling] = useState(false);
  const search = useSearch({ strict: false }) as Search;
  const target = run.targets.find((one) => one.asset_id === search.target) ?? run.targets[0];
  const ofAll = linesOf(run, null);
  const ofTarget = target ? linesOf(run, target.asset_id) : null;
  const mayCancel = may("run.cancel") && !isOver(run.state) && !run.cancelled_by;
  return (
    <Page title={run.title} trail={TRAIL} actions={mayCancel ? <Button onClick={() => setCancelling(true)}>Cancel this run</Button> : null}>
      <div className={styles.page}>
        <Head run={run} />
        {run.state === "uncertain" ? <p className={styles.look} role="status"><Icon name="warning" size={14} /> <span>Nobody can say what happened on a target. It will not be repeated and not put back by itself; look at the machine.</span></p> : null}
        <div className={styles.columns}>
          <div>
            <section className={`card ${styles.card}`} aria-label="Targets">
              <div className={styles.cardhead}><h2>Targets</h2><span className="dim small">{counted(run.targets.length, "target")}</span></div>
              <ul className={styles.targets}>{run.targets.map((one) => (
                <li key={one.asset_id}>
                  <Link to="/runs/$id" params={{ id: run.id }} search={{ target: one.asset_id } as never} replace className={styles.target} aria-current={one === target ? "true" : undefined}>
                    <b><Inert text={one.name} /></b><Stand stand={one.state} />
                    <p>{one.why} <span className="dim">since <At at={one.changed_at} seconds /></span></p>
                  </Link>
                </li>
              ))}</ul>
            </section>
            {target && ofTarget ? (
              <section className={`card ${styles.card}`} aria-label={`What happened on ${target.name}`}>
                <div className={styles.cardhead}><h2>What happened on <Inert text={target.name} /></h2><span className="dim small">oldest first</span></div>
                <Steps runId={run.id} {...ofTarget} />
              </section>
            ) : null}
            <section className={`card ${styles.card}`} aria-label="The run as a whole">
              <div className={styles.cardhead}><h2>The run as a whole</h2></div>
              <Steps runId={run.id} {...ofAll} />
            </section>
          </div>
          <div>{may("approval.read") ? <Approved id={run.approval_id} /> : null}</div>
        </div>
      </div>
      {cancelling ? <CancelDialog run={run} onClose={() => setCancelling(false)} /> : null}
    </Page>
  );
}

function Head({ run }: { run: RunWhole }) {
  const company = useCompanyName()(run.company_id);
  return (
    <header className={styles.head}>
      <div>
        <p className={styles.meta}><Risk risk={run.risk} tag /><b>{company}</b><Link to="/runbooks/$slug" params={{ slug: run.runbook }} search={{ company: run.company_id } as never}><code>{run.runbook}</code></Link></p>
        <h2>{run.title}</h2>
        <p className={styles.why}><Stand stand={run.state} />. {run.why}{run.incident_id ? <> It is for incident <IncidentLink id={run.incident_id} title />.</> : null}</p>
        <p className={styles.meta}>
          <span>{run.by_itself ? "Chosen by itself" : <>Asked by <Person email={run.requested_by} /></>}, <At at={run.requested_at} seconds /></span>
          {run.started_at ? <span>Started <At at={run.started_at} seconds /></span> : null}
          {run.ended_at ? <span>Ended <At at={run.ended_at} seconds /></span> : null}
          {run.started_at && !run.ended_at ? <span>Runs for <Age at={run.started_at} /></span> : null}
          {run.cancelled_by ? <span>Cancelled by <Person email={run.cancelled_by} /></span> : null}
        </p>
      </div>
    </header>
  );
}

/** The scripts as they were approved: what runs is read from there and from nowhere else. */
function Approved({ id }: { id: string }) {
  const { data, error, refetch } = useQuery({
    queryKey: ["approvals", id],
    queryFn: () => answered(client.GET("/api/approvals/{approval_id}", { params: { path: { approval_id: id } } })),
  });
  if (error && !data) return <Failure what="What was approved" failure={error} again={() => void refetch()} />;
  if (!data) return <Skeleton rows={6} />;
  const asked = data.state === "asked";
  return (
    <section className={`card ${styles.card}`} aria-label="Exactly this was asked for">
      <div className={styles.cardhead}><h2>{asked ? "Exactly this waits for a yes" : "Exactly this was asked for"}</h2><Link to="/approvals/$id" params={{ id }} search={(asked ? {} : { tab: "settled" }) as never}>{asked && data.you === "may" ? "Read and decide" : "its approval"}</Link></div>
      <p className={styles.hash}>{data.plan.runbook}, version <code>{data.plan.runbook_version.slice(0, 14)}</code>, plan <code title={data.hash}>sha256 {data.hash.slice(0, 12)}…</code></p>
      <PlanScripts plan={data.plan} />
    </section>
  );
}
