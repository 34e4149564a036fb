import { useRef, useState } from "react";
import { type Act, useOutput } from "@/api/runs";
import { SoFar } from "@/pages/run/SoFar";
import { endingWord, type Line, outputText, phaseWord, standWord } from "@/pages/runs/words";
import { Code } from "@/parts/Code";
import { Inert } from "@/parts/Inert";
import { Person } from "@/parts/Person";
import { Failure, Skeleton } from "@/parts/States";
import { At } from "@/parts/Time";
import styles from "./Run.module.css";

/** Transitions with their reasons, oldest first; each script's output is a press away, and there at once where it was watched growing. */
export function Steps({ runId, lines, underWay }: { runId: string; lines: readonly Line[]; underWay: readonly Act[] }) {
  const watched = useRef(new Set<string>()); // whose text somebody was reading stays before their eyes
  if (lines.length === 0 && underWay.length === 0) return <p className="dim">Nothing yet.</p>;
  return (
    <ol className={styles.steps}>
      {lines.map(({ step, act }, at) => (
        <li key={at}>
          <At at={step.at} seconds />
          <div className={styles.step}>
            <p><b>{standWord(step.after)}</b>: {step.why}{step.actor.includes("@") ? <> <span className="dim">by <Person email={step.actor} /></span></> : null}</p>
            {step.said && step.said !== step.why ? <p className={styles.said}><Inert text={step.said} /></p> : null}
            {act ? <Output runId={runId} act={act} watched={watched.current.has(act.id)} /> : null}
          </div>
        </li>
      ))}
      {underWay.map((act) => (
        <li key={act.id}>
          <At at={act.begun_at} seconds />
          <div className={styles.step}>
            <p><b>{phaseWord(act.phase)}</b>: {act.ending === null ? "written down and sent; its outcome is not known yet." : `${endingWord(act)}.`}</p>
            {act.ending !== null ? <Output runId={runId} act={act} watched={watched.current.has(act.id)} /> : act.phase === "snapshot" ? null : <SoFar runId={runId} act={act} onShown={() => watched.current.add(act.id)} />}
          </div>
        </li>
      ))}
    </ol>
  );
}

function Output({ runId, act, watched }: { runId: string; act: Act; watched: boolean }) {
  const [open, setOpen] = useState(watched);
  return (
    <>
      <button type="button" className={styles.show} aria-expanded={open} onClick={() => setOpen((was) => !was)}>{open ? "Hide" : "Show"} what {phaseWord(act.phase).toLowerCase()} said <span className="dim">({endingWord(act)})</span></button>
      {open ? <Said runId={runId} id={act.id} /> : null}
    </>
  );
}

function Said({ runId, id }: { runId: string; id: string }) {
  const { data, error, refetch } = useOutput(runId, id);
  if (error && !data) return <Failure what="Its output" failure={error} again={() => void refetch()} />;
  if (!data) return <Skeleton rows={3} />;
  const [out, err] = [outputText(data.stdout), outputText(data.stderr)];
  return (
    <>
      {data.partial ? <p className="dim">This is what was heard of it; all of it, and what came of it, nobody could learn.</p> : null}
      {data.output_removed_at ? <p className="dim">What it printed was removed at <At at={data.output_removed_at} />: it was as old as the company keeps it. Its SHA-256 is in the audit log.</p> : out === null && err === null ? <p className="dim">{data.partial ? "Nothing was." : "It printed nothing."}</p> : null}
      {out === null ? null : <Code wrap label="Standard output" text={out} />}
      {err === null ? null : <><p className="dim">On standard error:</p><Code wrap label="Standard error" text={err} /></>}
      {data.cut ? <p className="dim">It said more than is kept.</p> : null}
      {data.reference ? <p className="dim">{/^https:\/\//.test(data.link) ? <a href={data.link} target="_blank" rel="noreferrer">{data.reference}</a> : data.reference}</p> : null}
    </>
  );
}
