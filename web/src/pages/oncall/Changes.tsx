import { Button } from "@mantine/core";
import { type Change, useActing } from "@/pages/oncall/oncall";
import { spanWords } from "@/pages/oncall/weeks";
import { Icon } from "@/parts/Icon";
import { Inert } from "@/parts/Inert";
import { Person } from "@/parts/Person";
import styles from "./OnCall.module.css";

/** Overrides, absences and swaps, each with what one may do about it. */
export function Changes({ title, changes }: { title: string; changes: readonly Change[] }) {
  return (
    <section className="card" aria-label={title}>
      <h2>{title}</h2>
      <ul className={styles.changes}>{changes.map((one) => <Row key={one.id} one={one} />)}</ul>
    </section>
  );
}

function Row({ one }: { one: Change }) {
  const { accept, decline, withdraw } = useActing();
  const failure = accept.error ?? decline.error ?? withdraw.error;
  return (
    <li>
      <Icon name={one.kind === "swap" ? "handover" : one.kind === "absence" ? "moon" : "person"} size={16} />
      <div>
        <p><Said one={one} /></p>
        <p className="dim small">{one.schedule}{one.reason ? <>: <Inert text={one.reason} /></> : null}</p>
        {failure ? <p role="alert" className={styles.bad}>{failure.message}</p> : null}
      </div>
      <span className={styles.acts}>
        {one.may_answer ? (
          <>
            <Button size="compact-sm" variant="filled" loading={accept.isPending} onClick={() => accept.mutate(one.id)}>Accept</Button>
            <Button size="compact-sm" loading={decline.isPending} onClick={() => decline.mutate(one.id)}>Decline</Button>
          </>
        ) : one.may_withdraw ? <Button size="compact-sm" aria-label={`Take back: ${one.kind} of ${one.who}`} loading={withdraw.isPending} onClick={() => withdraw.mutate(one.id)}>Take back</Button> : null}
      </span>
    </li>
  );
}

function Said({ one }: { one: Change }) {
  const span = spanWords(one);
  if (one.kind === "override") return <><b><Person email={one.who} /></b> takes {span}</>;
  if (one.kind === "absence") return <><b><Person email={one.who} /></b> is away {span}</>;
  const other = one.other_from && one.other_to ? spanWords({ from: one.other_from, to: one.other_to }) : "";
  return <><b><Person email={one.who} /></b> gives {span} and takes {other} of <b><Person email={one.other ?? ""} /></b>{one.state === "asked" ? <span className="dim"> (asked)</span> : null}</>;
}
