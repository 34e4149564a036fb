import { useQueries } from "@tanstack/react-query";
import { answered, client, type Shapes } from "@/api/client";
import { useMay } from "@/api/session";
import { Inert } from "@/parts/Inert";
import { counted } from "@/parts/names";
import { Way } from "@/parts/Way";
import styles from "./Approvals.module.css";

type Target = Shapes["TargetShown"];
const MOST = 50;

/** On what it would be done: each thing as it was resolved, with what the inventory says of it. */
export function Targets({ companyId, targets, most }: { companyId: string; targets: readonly Target[]; most: Record<string, number> }) {
  const may = useMay();
  const found = useQueries({
    queries: targets.slice(0, MOST).map((one) => ({
      queryKey: ["asset", companyId, one.id],
      queryFn: () => answered(client.GET("/api/companies/{company_id}/assets/{asset_id}", { params: { path: { company_id: companyId, asset_id: one.id } } })),
      enabled: one.kind === "asset" && may("asset.read"),
      staleTime: 60_000,
      retry: false,
    })),
  });
  return (
    <section className="card" aria-label="Targets">
      <div className={styles.cardhead}><h3>Targets</h3><span className="dim small">{counted(targets.length, "target")}{most.targets ? ` of ${most.targets} at most` : ""}</span></div>
      <div className={styles.wide}>
        <table className={styles.targets}>
          <thead><tr><th scope="col">What</th><th scope="col">Kind</th><th scope="col">Identity</th><th scope="col">Reached</th><th scope="col">Known of it</th></tr></thead>
          <tbody>
            {targets.map((one, at) => {
              const asset = found[at]?.data;
              return (
                <tr key={`${one.kind} ${one.id}`}>
                  <td>{asset ? <b><Inert text={asset.name} /></b> : <code>{one.id}</code>}{asset && !asset.confirmed ? <span className={styles.doubt}>not confirmed</span> : null}</td>
                  <td>{[asset?.kind || one.kind, asset?.platform].filter(Boolean).join(", ")}</td>
                  <td>{one.host_key ? <>host key <code title={one.host_key}>{one.host_key.slice(0, 22)}{one.host_key.length > 22 ? "…" : ""}</code> pinned</> : [one.account, one.region].filter(Boolean).join(", ") || <span className="dim">by its id alone</span>}</td>
                  <td>{one.credential_id ? "with " : ""}<Way company={companyId} credential={one.credential_id} /></td>
                  <td className="dim">{asset ? <><Inert text={[asset.owner, asset.notes].filter(Boolean).join(". ")} />{asset.open_alerts ? ` ${counted(asset.open_alerts, "alert")} on it now.` : ""}</> : found[at]?.isError ? "not in the inventory" : ""}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}
