import { useQuery } from "@tanstack/react-query";
import { answered, client } from "@/api/client";
import { Failure, Skeleton } from "@/parts/States";
import { useWalk } from "@/parts/walk";
import { Walk } from "@/parts/Walk";
import styles from "./Company.module.css";

/** Where a company stands: what it is, and the steps from nothing to its first incident, ticked by facts. */
export function Overview({ company }: { company: string }) {
  const path = { path: { company_id: company } };
  const { data, error, refetch } = useQuery({ queryKey: ["company", company], queryFn: () => answered(client.GET("/api/companies/{company_id}", { params: path })) });
  const steps = useWalk(company);
  if (error && !data) return <Failure what="This company" failure={error} again={() => void refetch()} />;
  if (!data) return <Skeleton rows={6} />;
  return (
    <div className={styles.two}>
      {steps ? <Walk steps={steps} /> : <Skeleton rows={4} />}
      <section className="card"><h2>What it is</h2>
        <dl className={styles.facts}><dt>Time zone</dt><dd>{data.time_zone}</dd><dt>Your reference</dt><dd>{data.ref ?? <span className="dim">none</span>}</dd><dt>Requests a minute</dt><dd>{data.requests_per_minute.toLocaleString("en")}</dd><dt>Occurrences a minute</dt><dd>{data.occurrences_per_minute.toLocaleString("en")}</dd><dt>Id</dt><dd><code>{data.id}</code></dd></dl>
      </section>
    </div>
  );
}
