import { TextInput } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { type CompanyOnCall, useNowOnCall } from "@/pages/oncall/oncall";
import { Icon } from "@/parts/Icon";
import { counted } from "@/parts/names";
import { Person } from "@/parts/Person";
import { Failure, Skeleton } from "@/parts/States";
import table from "@/parts/Table.module.css";
import { At } from "@/parts/Time";
import { useScope } from "@/shell/scope";
import styles from "./OnCall.module.css";

const AT_FIRST = 8;

/** Who is on call now for each company, by the nearest schedule that has somebody; those with nobody first. */
export function Now({ several }: { several: boolean }) {
  const { companyId } = useScope();
  const { data, error, refetch } = useNowOnCall(companyId);
  const [typed, setTyped] = useState("");
  const [all, setAll] = useState(false);
  if (error && !data) return <Failure what="Who is on call" failure={error} again={() => void refetch()} />;
  if (!data) return <Skeleton rows={4} />;
  const fitting = data.items.filter((one) => `${one.company} ${one.on_call ?? ""}`.toLowerCase().includes(typed.trim().toLowerCase()));
  const sorted = [...fitting.filter((one) => one.on_call === null), ...fitting.filter((one) => one.on_call !== null)];
  const rows = all || typed ? sorted : sorted.slice(0, AT_FIRST);
  const nobody = data.items.filter((one) => one.on_call === null).length;
  return (
    <section className={styles.part} aria-label="On call now">
      <div className={styles.head}>
        <h2>On call now <span className="dim">{nobody ? `${counted(nobody, "company", "companies")} without anybody` : counted(data.items.length, "company", "companies")}</span></h2>
        {several && data.items.length > AT_FIRST ? <TextInput aria-label="Find a company or a person" placeholder="Company or person" size="xs" value={typed} onChange={(event) => setTyped(event.currentTarget.value)} /> : null}
      </div>
      {rows.length === 0 ? <p className="dim">No company and nobody on call is called so.</p> : (
        <table className={table.table}>
          <thead><tr><th>Company</th><th>On call</th><th>Until</th><th className={table.some}>Then</th><th className={table.some}>By</th></tr></thead>
          <tbody>{rows.map((one) => <Row key={one.company_id} one={one} />)}</tbody>
        </table>
      )}
      {rows.length < sorted.length ? <p className="small"><button type="button" className={styles.link} onClick={() => setAll(true)}>All {sorted.length.toLocaleString("en")} companies</button></p> : null}
    </section>
  );
}

function Row({ one }: { one: CompanyOnCall }) {
  const says = answering(one);
  return (
    <tr>
      <td><Link to="/companies/$company/$tab" params={{ company: one.company_id, tab: "overview" }}>{one.company}</Link></td>
      <td title={one.why}>{one.on_call ? <b><Person email={one.on_call} /></b> : <span className={styles.nobody}><Icon name="warning" size={14} /> nobody</span>}</td>
      <td>{one.until ? <At at={one.until} /> : says?.until ? <At at={says.until} /> : <span className="dim">{says ? "no end in sight" : "—"}</span>}</td>
      <td className={table.some}>{says?.next ? <Person email={says.next} /> : <span className="dim">{says?.until ? "nobody" : "—"}</span>}</td>
      <td className={table.some}>{says ? says.schedule : <span className="dim">no schedule is for it</span>}{says?.changes.length ? <span className="dim">, {says.changes.join(", ")}</span> : null}</td>
    </tr>
  );
}

/** The schedule whose answer counts; where nobody is on call, the nearest one. */
export function answering(one: Pick<CompanyOnCall, "on_call" | "schedules">): CompanyOnCall["schedules"][number] | undefined {
  return one.schedules.find((each) => one.on_call !== null && each.on_call === one.on_call && each.serves_company) ?? one.schedules[0];
}
