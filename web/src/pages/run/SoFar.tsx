import { useEffect } from "react";
import { type Act, useOutput } from "@/api/runs";
import { useChanges } from "@/live/live";
import { outputText, phaseWord } from "@/pages/runs/words";
import { Failure } from "@/parts/States";
import { Tail } from "@/parts/Tail";
import { At } from "@/parts/Time";
import styles from "./Run.module.css";

/** What a script printed so far, growing while it runs; its outcome, with all it said, takes its place. `onShown` says that there is something to read. */
export function SoFar({ runId, act, onShown }: { runId: string; act: Act; onShown: () => void }) {
  const { data, error, refetch } = useOutput(runId, act.id);
  useChanges("output", (change) => {
    if (change?.ids.includes(act.id)) void refetch();
  });
  const shows = Boolean(data?.partial && (data.stdout.base64 || data.stderr.base64));
  useEffect(() => {
    if (shows) onShown();
  });
  if (error && !data) return <Failure what="What it printed so far" failure={error} again={() => void refetch()} />;
  if (!data?.partial) return null;
  if (data.comes === "when_it_ends") return <p className="dim">What it prints comes when it ends: the way to this target tells nothing before.</p>;
  const [out, err] = [outputText(data.stdout), outputText(data.stderr)];
  const name = phaseWord(act.phase).toLowerCase();
  return (
    <div className={styles.sofar}>
      <p className="dim">{out === null && err === null ? "It has printed nothing yet." : <>What {name} printed so far{data.heard_at ? <>, heard <At at={data.heard_at} seconds /></> : null}.{data.cut ? " Only the end is shown; all of it comes when it ends." : ""}</>}</p>
      {out === null ? null : <Tail text={out} label={`What ${name} printed so far`} />}
      {err === null ? null : <><p className="dim">On standard error:</p><Tail text={err} label={`What ${name} printed so far on standard error`} /></>}
    </div>
  );
}
