import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { type Entry, stepOf } from "@/pages/incident/lines";
import { Stand } from "@/pages/runs/Stand";
import { phaseWord } from "@/pages/runs/words";
import { Code } from "@/parts/Code";
import { Icon } from "@/parts/Icon";
import { Inert } from "@/parts/Inert";
import { At } from "@/parts/Time";
import styles from "./Timeline.module.css";

/** A step of a run: where it came to stand and why, with the end of what its script said. */
export function RunStep({ entry }: { entry: Entry }) {
  const [open, setOpen] = useState(false);
  const { runId, stand, where, why, phase, output } = stepOf(entry);
  return (
    <li className={styles.item}>
      <At at={entry.at} seconds /><span className={styles.icon} data-kind={entry.group}><Icon name="runs" size={12} /></span>
      <div>
        <Stand stand={stand} /> <Link to="/runs/$id" params={{ id: runId }} className={styles.check}><Inert text={where} /></Link> <span className="dim"><Inert text={why} /></span>
        {phase && output ? <> <button type="button" className={styles.more} aria-expanded={open} onClick={() => setOpen((was) => !was)}>{open ? "hide" : "show"} what {phaseWord(phase).toLowerCase()} said</button></> : null}
        {open && phase ? <Code wrap label={`What ${phaseWord(phase).toLowerCase()} said`} text={output} /> : null}
      </div>
    </li>
  );
}
