import { Button } from "@mantine/core";
import { useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import type { Search } from "@/address";
import { type Runbook as Whole, useRunbook } from "@/api/runbooks";
import { useMay, useSession } from "@/api/session";
import { DryRun } from "@/pages/dryrun/DryRun";
import { phaseWord } from "@/pages/runs/words";
import { Drilled } from "@/pages/runbooks/Drilled";
import styles from "@/pages/runbooks/Runbooks.module.css";
import { kindWord, platformWord, undoWord } from "@/pages/runbooks/words";
import { Code } from "@/parts/Code";
import { duration } from "@/parts/duration";
import { Icon } from "@/parts/Icon";
import { Inert } from "@/parts/Inert";
import { Person } from "@/parts/Person";
import { Risk } from "@/parts/Risk";
import { Failure, Skeleton } from "@/parts/States";
import { At } from "@/parts/Time";
import { Page } from "@/shell/Page";

/** One runbook: what it mends, how risky it is, exactly what it runs, and whether it proved itself. */
export default function Runbook() {
  const { slug } = useParams({ strict: false }) as { slug: string };
  const search = useSearch({ strict: false }) as Search;
  const { companies } = useSession();
  const may = useMay();
  const [planning, setPlanning] = useState(false);
  const company = companies.find((one) => one.id === search.company);
  const { data, error, refetch } = useRunbook(company?.id ?? null, slug);
  const trail = [{ title: "Runbooks", to: `/runbooks${company ? `?company=${company.id}` : ""}` }];
  if (!data) return <Page title={slug} trail={trail}>{error ? <Failure what={`Runbook ${slug}`} failure={error} again={() => void refetch()} /> : <Skeleton rows={12} />}</Page>;
  return (
    <Page title={data.slug} trail={trail} actions={company && !data.disabled && may("run.start") ? <Button onClick={() => setPlanning(true)}>Dry run</Button> : null}>
      <Known one={data} companyName={company?.name ?? null} />
      {planning && company ? <DryRun company={company.id} runbook={data.slug} onClose={() => setPlanning(false)} /> : null}
    </Page>
  );
}

function Known({ one, companyName }: { one: Whole; companyName: string | null }) {
  return (
    <article className={styles.page} aria-label={one.title}>
      <header className={styles.head}>
        <p className={styles.meta}><Risk risk={one.risk} tag /><span>{platformWord(one.platform)}</span><span className={styles.tag} data-tone={one.changes && !one.can_be_undone ? "medium" : undefined}>{undoWord(one)}</span><Drilled drill={one.drill} />{one.own ? <b>{companyName}'s own</b> : null}{one.disabled ? <b>switched off for {companyName}</b> : null}</p>
        <h2>{one.title}</h2>
        <p>{one.summary}</p>
        <p className="dim"><b>{one.risk === "high" ? "High" : one.risk === "medium" ? "Medium" : "Low"} risk:</b> {one.risk_reason}{one.irreversible ? <> <b>Cannot be undone:</b> {one.irreversible}</> : null}</p>
      </header>
      {one.override ? <Wanted one={one.override} name={companyName ?? ""} /> : null}
      <div className={styles.columns}>
        <section className="card" aria-label="What runs">
          <h2>What runs, byte for byte</h2>
          {one.scripts.map((each) => <div key={each.phase} className={styles.script}><h3>{phaseWord(each.phase)} <span className="dim">{duration(each.timeout_s)} at most</span></h3><Code label={phaseWord(each.phase)} text={each.script} wrap /></div>)}
        </section>
        <div>
          <Applies one={one} />
          <Parameters one={one} inCompany={companyName !== null} />
          <Certificate one={one} />
        </div>
      </div>
    </article>
  );
}

function Applies({ one }: { one: Whole }) {
  return (
    <section className="card" aria-label="What it applies to">
      <h2>What it applies to</h2>
      <dl className={styles.facts}>
        <dt>Checks</dt><dd>{one.signatures.length ? one.signatures.map((glob, at) => <span key={glob}>{at ? ", " : ""}<code>{glob}</code></span>) : "none by itself: by hand only"}</dd>
        <dt>Platform</dt><dd>{platformWord(one.platform)}</dd>
        {one.tags.length ? <><dt>Asset has</dt><dd>{one.tags.join(", ")}</dd></> : null}
        <dt>At once</dt><dd>{one.at_once === 1 ? "one target after the other" : `${one.at_once} targets`}, {one.most_targets} at most</dd>
        <dt>Stops</dt><dd>{one.stop_at_failed_pct === 0 ? "at the first that fails" : `when more than ${one.stop_at_failed_pct}% failed`}</dd>
        <dt>Version</dt><dd>{one.version}, <code title={one.hash}>sha256 {one.hash.slice(0, 12)}…</code></dd>
      </dl>
    </section>
  );
}

function Parameters({ one, inCompany }: { one: Whole; inCompany: boolean }) {
  return (
    <section className="card" aria-label="What it is given">
      <h2>What it is given</h2>
      {one.parameters.length === 0 ? <p className="dim">Nothing: it takes no input.</p> : (
        <ul className={styles.parameters}>{one.parameters.map((each) => (
          <li key={each.name}>
            <p><code>{each.name}</code> <span className="dim">{kindWord(each)}, {each.default === null ? "must be given" : <>else <code><Inert text={each.default} /></code></>}</span></p>
            <p>{each.description}</p>
            {each.suggested_from.length ? <p className="dim">An alert's {each.suggested_from.join(" or ")} may hand it over{inCompany ? (each.allowed.length ? <>, if it is <code>{each.allowed.join(", ")}</code></> : "; this company allows no value yet") : ", where a company allows its value"}.</p> : null}
          </li>
        ))}</ul>
      )}
    </section>
  );
}

/** What the drill of exactly this file showed. */
function Certificate({ one: { drill } }: { one: Whole }) {
  return (
    <section className="card" aria-label="Drill">
      <h2>Drill</h2>
      <p><Drilled drill={drill} />{drill.at ? <span className="dim"> <At at={drill.at} /></span> : null}</p>
      <p className="dim">{drill.reason}</p>
      {drill.steps.length ? <ol className={styles.steps}>{drill.steps.map((step, at) => <li key={at} data-failed={step.passed ? undefined : true}><Icon name={step.passed ? "check" : "close"} size={14} /><span>{step.name}</span><span className="dim">{step.exit_code === null ? "ended at its deadline" : `exited with ${step.exit_code}`}, {step.ms.toLocaleString("en")} ms{step.said ? <>: <Inert text={step.said} /></> : null}</span></li>)}</ol> : null}
    </section>
  );
}

function Wanted({ one, name }: { one: NonNullable<Whole["override"]>; name: string }) {
  const said = [
    one.disabled ? "it is switched off" : "", one.risk ? `its risk is ${one.risk}` : "",
    ...Object.entries(one.parameters).map(([key, value]) => `${key} is ${value} where nobody says one`),
    ...Object.entries(one.allowed).map(([key, values]) => `alerts may say ${key} is ${values.join(" or ")}`),
  ].filter(Boolean);
  return <p className="card" role="note"><b>{name} wants it otherwise:</b> {said.join("; ") || "nothing yet"}. {one.note ? <q><Inert text={one.note} /></q> : null} <span className="dim">By <Person email={one.by} />, <At at={one.set_at} />.</span></p>;
}
