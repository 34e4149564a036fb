import { useQuery } from "@tanstack/react-query";
import { answered, client } from "@/api/client";
import { useSession } from "@/api/session";
import { minutes } from "@/parts/duration";
import { count, percent, type Range, rowsOf } from "@/pages/dashboard/figures";
import { Trend } from "@/pages/dashboard/Trend";
import { Goto } from "@/parts/Goto";
import styles from "./Dashboard.module.css";
import table from "@/parts/Table.module.css";

const MOST = 30;
const ASK_AGAIN_MS = 120_000;

/** The same figures of each company, side by side, by name. */
export function Each({ range, soFar }: { range: Range; soFar: boolean }) {
  const { companies } = useSession();
  return (
    <section aria-label="Each company">
      <h2 className={styles.each}>Each company <span className="dim small">by name; the line is its noise reduction</span></h2>
      <table className={table.table}>
        <thead><tr><th>Company</th><th className={table.right}>Alerts</th><th className={table.right}>Incidents</th><th className={table.right}>Noise reduction</th><th className={`${table.right} ${table.some}`}>To acknowledge, median</th><th className={`${table.right} ${table.some}`}>To resolve, median</th><th className={table.few}>Its course</th></tr></thead>
        <tbody>{companies.slice(0, MOST).map((one) => <Company key={one.id} id={one.id} name={one.name} range={range} soFar={soFar} />)}</tbody>
      </table>
      {companies.length > MOST ? <p className="dim small">The first {MOST} of {count(companies.length)} by name; choose any at the top left.</p> : null}
    </section>
  );
}

function Company({ id, name, range, soFar }: { id: string; name: string; range: Range; soFar: boolean }) {
  const { data } = useQuery({
    queryKey: ["kpis-each", id, range, soFar],
    queryFn: () => answered(client.GET("/api/companies/{company_id}/kpis", { params: { path: { company_id: id }, query: { range, so_far: soFar, compare: "none" } } })),
    refetchInterval: ASK_AGAIN_MS,
  });
  const figure = (value: number | null | undefined, unit: "%" | "min") => (value === null || value === undefined ? <span className="dim">{data ? "not measured" : ""}</span> : `${unit === "%" ? percent(value) : minutes(value)} ${unit}`);
  const rows = data ? rowsOf(data.definitions.total_incidents, data, id) : null;
  return (
    <tr>
      <td><Goto to={`/dashboard?${new URLSearchParams({ range, company: id, ...(soFar ? {} : { full: "1" }) })}`}>{name}</Goto></td>
      <td className={table.right}>{data ? count(data.total_alerts) : ""}</td>
      <td className={table.right}>{data ? rows && data.total_incidents ? <Goto to={rows}>{count(data.total_incidents)}</Goto> : count(data.total_incidents) : ""}</td>
      <td className={table.right}>{figure(data?.noise_reduction_pct, "%")}</td>
      <td className={`${table.right} ${table.some}`}>{figure(data?.mtta_minutes_median, "min")}</td>
      <td className={`${table.right} ${table.some}`}>{figure(data?.mttr_minutes_median, "min")}</td>
      <td className={table.few}>{data ? <Trend label={`Noise reduction of ${name}`} values={data.trend.map((one) => one.noise_reduction_pct)} height={22} /> : null}</td>
    </tr>
  );
}
