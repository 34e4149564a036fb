import { Link } from "@tanstack/react-router";
import { layerWords } from "@/pages/oncall/layerWords";
import type { Schedule } from "@/pages/oncall/oncall";
import { counted } from "@/parts/names";
import { Empty } from "@/parts/States";
import styles from "./OnCall.module.css";

/** All schedules that one may see: whom they serve, and how their layers go. */
export function Schedules({ schedules }: { schedules: readonly Schedule[] }) {
  if (schedules.length === 0) return <Empty title="There is no schedule that you may see."><p>A schedule says who takes turns, from when on, and when the next one takes over.</p></Empty>;
  return (
    <ul className={styles.schedules}>{schedules.map((one) => (
      <li key={one.id} className="card">
        <h2><Link to="/on-call/schedules/$id" params={{ id: one.id }}>{one.name}</Link> <span className="dim">{servesWords(one)}</span></h2>
        <ol className={styles.layers}>{one.layers.map((layer) => <li key={layer.name}><b>{layer.name}</b>: {layerWords(layer)}</li>)}</ol>
        <p className="dim small">{one.time_zone}, version {one.version}. <Link to="/on-call" search={{ schedule: one.id } as never}>Calendar</Link></p>
      </li>
    ))}</ul>
  );
}

/** For whom a schedule is. */
export function servesWords(one: Pick<Schedule, "company" | "serves">): string {
  if (one.company) return one.company;
  const { everybody, company_ids, group_ids } = one.serves ?? { everybody: false, company_ids: [], group_ids: [] };
  if (everybody) return "of the MSP, for all companies";
  const parts = [company_ids.length ? counted(company_ids.length, "company", "companies") : null, group_ids.length ? counted(group_ids.length, "group") : null].filter(Boolean);
  return `of the MSP, for ${parts.join(" and ") || "nobody of yours"}`;
}
