import { useState } from "react";
import { Link } from "@tanstack/react-router";
import { useGaps } from "@/pages/oncall/oncall";
import { spanWords } from "@/pages/oncall/weeks";
import { Icon } from "@/parts/Icon";
import { counted } from "@/parts/names";
import { Failure } from "@/parts/States";
import styles from "./OnCall.module.css";

const AT_FIRST = 4;

/** When nobody will be on call in the next 30 days, in plain sight. */
export function Gaps() {
  const { data, error, refetch } = useGaps();
  const [all, setAll] = useState(false);
  if (error && !data) return <Failure what="The gaps" failure={error} again={() => void refetch()} />;
  if (!data) return null;
  if (data.items.length === 0) return <p className={styles.whole}><Icon name="check" size={14} /> No gap in the next 30 days.</p>;
  const shown = all ? data.items : data.items.slice(0, AT_FIRST);
  return (
    <section className={styles.gaps} aria-label="Gaps">
      <h2><Icon name="warning" size={16} /> {counted(data.items.length, "gap")} in the next 30 days: nobody is on call</h2>
      <ul>{shown.map((one) => (
        <li key={`${one.schedule_id} ${one.from}`}><Link to="/on-call" search={{ schedule: one.schedule_id } as never}>{one.schedule}</Link> <span className="dim">{one.company ?? "MSP"}</span> <span>{spanWords(one)}</span></li>
      ))}</ul>
      {shown.length < data.items.length ? <button type="button" className={styles.link} onClick={() => setAll(true)}>All {data.items.length.toLocaleString("en")}</button> : null}
    </section>
  );
}
