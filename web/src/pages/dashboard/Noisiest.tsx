import { useNavigate, useSearch } from "@tanstack/react-router";
import { SegmentedControl } from "@mantine/core";
import type { Search } from "@/address";
import { useMay } from "@/api/session";
import { type Asked, count, type Noisy, percent, useNoisiest } from "@/pages/dashboard/figures";
import { Goto } from "@/parts/Goto";
import { Empty, Failure, Skeleton } from "@/parts/States";
import table from "@/parts/Table.module.css";
import styles from "./Dashboard.module.css";

/** What most alerts were of: checks or assets, each with its alerts behind it and the way to a rule. */
export function Noisiest({ asked }: { asked: Asked }) {
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const by = search.by === "asset" ? "asset" : "check";
  const { data, error, refetch } = useNoisiest(asked, by);
  const title = by === "check" ? "Noisiest checks" : "Noisiest assets";
  const withSecond = (data?.items ?? []).some((one) => (by === "check" ? one.asset : one.check) !== null);
  const share = (data?.items ?? []).reduce((sum, one) => sum + (one.share_pct ?? 0), 0);
  return (
    <section className={`card ${styles.noisiest}`} aria-label={title}>
      <h2>{title} {data?.items.length ? <span className="dim small">{data.items.length} {by === "check" ? (data.items.length === 1 ? "check" : "checks") : (data.items.length === 1 ? "asset" : "assets")} sent {percent(share)}% of all alerts</span> : null}
        <SegmentedControl size="xs" aria-label="Count by" className={styles.by ?? ""} data={[{ value: "check", label: "Checks" }, { value: "asset", label: "Assets" }]} value={by} onChange={(value) => void navigate({ to: ".", search: { ...search, by: value === "asset" ? value : undefined } as never, replace: true })} /></h2>
      {error && !data ? <Failure what={title} failure={error} again={() => void refetch()} /> : !data ? <Skeleton rows={7} /> : data.items.length === 0 ? <Empty title="No alert in this time." /> : (
        <table className={table.table}>
          <thead><tr><th>{by === "check" ? "Check" : "Asset"}</th>{withSecond ? <th className={table.some}>{by === "check" ? "Asset" : "Check"}</th> : null}{asked.company ? null : <th className={table.some}>Company</th>}<th className={table.right}>Alerts</th><th className={`${table.right} ${styles.share}`}>Share</th><th className={table.right}>Incidents</th><th><span className="visually-hidden">What to do</span></th></tr></thead>
          <tbody>{data.items.map((one) => <Row key={`${one.company_id} ${one.check} ${one.asset}`} one={one} by={by} withCompany={asked.company === null} withSecond={withSecond} />)}</tbody>
        </table>
      )}
    </section>
  );
}

function Row({ one, by, withCompany, withSecond }: { one: Noisy; by: "check" | "asset"; withCompany: boolean; withSecond: boolean }) {
  const may = useMay();
  const [first, second] = by === "check" ? [one.check, one.asset] : [one.asset, one.check];
  const draft = new URLSearchParams({ ...(one.check ? { check: one.check } : {}), ...(by === "asset" && one.asset ? { asset: one.asset } : {}) });
  return (
    <tr>
      <td><Goto to={one.link}>{first}</Goto></td>
      {withSecond ? <td className={table.some}>{second ?? <span className="dim">several</span>}</td> : null}
      {withCompany ? <td className={`${table.some} ${styles.whole}`}>{one.company}</td> : null}
      <td className={table.right}>{count(one.alerts)}</td>
      <td className={`${table.right} ${styles.share}`}>{one.share_pct === null ? null : `${percent(one.share_pct)}%`}</td>
      <td className={table.right}>{count(one.incidents)}</td>
      <td className={table.right}>{may("rule.set") ? <Goto to={`/companies/${one.company_id}/rules?${draft}`} className={styles.draft ?? ""}>Draft a rule</Goto> : null}</td>
    </tr>
  );
}
