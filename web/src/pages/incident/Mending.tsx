import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { Whole } from "@/api/acts";
import type { Shapes } from "@/api/client";
import { useMending } from "@/api/runs";
import { useMay } from "@/api/session";
import { DryRun } from "@/pages/dryrun/DryRun";
import { canPlan } from "@/pages/dryrun/wish";
import { healingWord, outcomeWord } from "@/pages/incident/mended";
import { Stand } from "@/pages/runs/Stand";
import { targetsWord } from "@/pages/runs/words";
import { Icon } from "@/parts/Icon";
import { Inert } from "@/parts/Inert";
import { Risk } from "@/parts/Risk";
import { StateGlyph } from "@/parts/State";
import { Age, shortTime } from "@/parts/Time";
import styles from "./Mending.module.css";

type Candidate = Shapes["RunCandidate"];
const FEW = 4;

/** What could mend it and why it was or was not taken, what was run for it, and what of that a person must look at. */
export function Mending({ incident }: { incident: Whole }) {
  const may = useMay();
  const { data } = useMending(incident.id, may("run.read"));
  const [all, setAll] = useState(false);
  const [dry, setDry] = useState<Candidate | null>(null);
  if (!data || (data.choice === null && data.runs.length === 0 && data.escalations.length === 0)) return null;
  const isOver = incident.status === "resolved" || incident.status === "merged";
  const candidates = data.choice?.candidates ?? [];
  const shown = all ? candidates : candidates.slice(0, FEW);
  return (
    <section className={`card ${styles.card}`} aria-label="What could mend it">
      <h2>What could mend it</h2>
      {data.healing ? <p className={styles.healed} data-state={data.healing.state}><StateGlyph state={data.healing.state === "confirmed" ? "resolved" : data.healing.state === "provisional" ? "healed_provisional" : "needs_ack"} /> <span>{healingWord(data.healing, shortTime)}</span></p> : null}
      {data.escalations.map((one) => <p key={one.id} className={styles.look}><Icon name="warning" size={14} /><span><b>A person must look.</b> <Inert text={one.said} /></span></p>)}
      {data.runs.length ? (
        <ul className={styles.runs} aria-label="Runs">{data.runs.map((one) => (
          <li key={one.id}>
            <span><Link to="/runs/$id" params={{ id: one.id }}>{one.title}</Link> <span className="dim">on <Inert text={targetsWord(one)} />, <Age at={one.requested_at} suffix=" ago" /></span></span>
            <Stand stand={one.state} />
            <span className={styles.why}>{one.why}</span>
          </li>
        ))}</ul>
      ) : null}
      {data.choice ? <p className="dim small">{outcomeWord(data.choice.outcome)}</p> : null}
      <ol className={styles.candidates}>{shown.map((one, at) => (
        <li key={at}>
          <div className={styles.line}><Link to="/runbooks/$slug" params={{ slug: one.runbook }} search={{ company: incident.company_id } as never}>{one.title}</Link><Risk risk={one.risk} /></div>
          <p>on <b><Inert text={one.asset} /></b>: <Inert text={one.because} />.</p>
          <p className={styles.why}>{one.why} {one.said ? <Inert text={one.said} /> : null}</p>
          {may("run.start") && !isOver && canPlan(one) ? <Button size="compact-sm" aria-label={`Dry run of ${one.title} on ${one.asset}`} onClick={() => setDry(one)}>Dry run</Button> : null}
        </li>
      ))}</ol>
      {shown.length < candidates.length ? <button type="button" className={styles.rest} onClick={() => setAll(true)}>Show {candidates.length - shown.length} more</button> : null}
      {dry?.asset_id ? (
        <DryRun
          company={incident.company_id} runbook={dry.runbook} target={{ id: dry.asset_id, name: dry.asset }} incident={{ id: incident.id, number: incident.number }}
          values={Object.fromEntries(Object.entries(dry.parameters).map(([name, taken]) => [name, taken.value]))} onClose={() => setDry(null)}
        />
      ) : null}
    </section>
  );
}
