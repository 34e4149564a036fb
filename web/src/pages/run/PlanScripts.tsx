import type { Plan } from "@/api/approvals";
import { Bytes } from "@/pages/approvals/Bytes";
import { Inert } from "@/parts/Inert";
import styles from "./Run.module.css";

const PHASES = [["precheck", "First checked"], ["snapshot", "Then written down, for the undo"], ["act", "Then run"], ["verify", "Then verified by"], ["undo", "Put back by, if need be"]] as const;

/** Every script of a plan in the order in which they run, and what they are given; a phase without a script is left out. */
export function PlanScripts({ plan }: { plan: Plan }) {
  return (
    <>
      {PHASES.filter(([name]) => plan[name].base64).map(([name, title]) => (
        <div key={name} className={styles.script}><h3>{title}</h3><Bytes script={plan[name]} label={title} wrap /></div>
      ))}
      {plan.undo.base64 ? null : <p className="dim">It has no undo.</p>}
      {plan.parameters.length ? (
        <dl className={styles.values} aria-label="Input">{plan.parameters.map((one) => <div key={one.name}><dt><code>{one.name}</code></dt><dd><code><Inert text={one.value} /></code> <span className="dim">from <Inert text={one.origin} /></span></dd></div>)}</dl>
      ) : <p className="dim">It takes no input.</p>}
    </>
  );
}
