import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useMay } from "@/api/session";
import { Part } from "@/pages/shift/Part";
import { type Promised, type Shift, useHanding } from "@/pages/shift/shift";
import { duration } from "@/parts/duration";
import { Icon } from "@/parts/Icon";
import { useNow } from "@/parts/now";
import { Person } from "@/parts/Person";
import { exact } from "@/parts/Time";
import styles from "./Shift.module.css";

/** What was promised to clients and is not kept yet, the late ones first. */
export function Promises({ promises, named }: { promises: Shift["promises"]; named: boolean }) {
  return (
    <Part title="Promises" count={promises.count}>
      {promises.count === 0 ? <p className="dim">Nothing is promised to a client.</p> : <ul className={styles.rows}>{promises.items.map((one) => <Row key={one.id} one={one} named={named} />)}</ul>}
    </Part>
  );
}

function Row({ one, named }: { one: Promised; named: boolean }) {
  const may = useMay();
  const now = useNow(60);
  const { keep } = useHanding();
  const left = (Date.parse(one.due_at) - now) / 1_000;
  return (
    <li className={styles.row}>
      <Icon name={left < 0 ? "warning" : "clock"} size={16} />
      <span className={styles.title} title={one.text}>{one.text}</span>
      <span className={styles.age} data-late={left < 0 || undefined} title={exact(one.due_at)}>{left < 0 ? `over ${duration(-left)}` : `in ${duration(left)}`}</span>
      <span className={styles.notes}><Link to="/incidents/$number" params={{ number: String(one.incident_number) }}>{one.incident_number}</Link>{named ? `, ${one.company}` : ""}, by <Person email={one.made_by} />{keep.error ? <span role="alert"> {keep.error.message}</span> : null}</span>
      {may("incident.promise") ? <Button size="compact-xs" className={styles.act ?? ""} aria-label={`Kept: ${one.text}`} loading={keep.isPending} onClick={() => keep.mutate(one.id)}>Kept</Button> : null}
    </li>
  );
}
