import { Link } from "@tanstack/react-router";
import { useMay } from "@/api/session";
import { answering } from "@/pages/oncall/Now";
import { type CompanyOnCall, useCompanyOnCall, useNowOnCall } from "@/pages/oncall/oncall";
import { counted, personName } from "@/parts/names";
import { Person } from "@/parts/Person";
import { At } from "@/parts/Time";
import styles from "./OnCall.module.css";

/** Who of one's own is on call for a company now; nothing where no schedule is for it. */
export function CompanyNow({ company }: { company: string }) {
  const { data } = useCompanyOnCall(company, useMay()("on_call.read"));
  const says = data ? answering(data) : undefined;
  if (!data || !says) return null;
  return (
    <p className={styles.nowOf} title={data.why}>
      <b>{data.on_call ? <Person email={data.on_call} /> : <span className={styles.nobody}>Nobody</span>}</b> is on call now
      {data.until ? <>, until <At at={data.until} /></> : null}{says.next && data.on_call ? <>, then <Person email={says.next} /></> : null} <Link className="dim" to="/on-call" search={{ schedule: says.schedule_id } as never}>{says.schedule}</Link>
    </p>
  );
}

/** Who is on call now, each person once with how many companies. */
export function NowByPerson({ company }: { company: string | null }) {
  const { data } = useNowOnCall(company, useMay()("on_call.cross"));
  const rows = data ? byPerson(data.items) : [];
  if (rows.length === 0) return <p className="dim">No schedule is for your companies. <Link to="/on-call">On call</Link></p>;
  return (
    <ul className={styles.mine}>{rows.map((one) => (
      <li key={one.key}>{one.on_call ? <b>{personName(one.on_call)}</b> : <b className={styles.nobody}>nobody</b>} <span className="dim">{one.companies.length === 1 ? one.companies[0] : counted(one.companies.length, "company", "companies")}, {one.schedule}{one.until ? <>, until <At at={one.until} /></> : null}</span></li>
    ))}</ul>
  );
}

interface Group { key: string; on_call: string | null; until: string | null; schedule: string; companies: string[] }

/** Companies of one answer together, those with nobody first; companies without a schedule are left out. */
export function byPerson(items: readonly CompanyOnCall[]): Group[] {
  const found = new Map<string, Group>();
  for (const one of items) {
    const says = answering(one);
    if (!says) continue;
    const key = `${one.on_call ?? ""} ${says.schedule_id}`;
    const group = found.get(key) ?? { key, on_call: one.on_call, until: says.until, schedule: says.schedule, companies: [] };
    group.companies.push(one.company);
    found.set(key, group);
  }
  return [...found.values()].sort((one, other) => Number(one.on_call !== null) - Number(other.on_call !== null));
}
