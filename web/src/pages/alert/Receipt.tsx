import { useQuery } from "@tanstack/react-query";
import { answered, client, Refused } from "@/api/client";
import { Code } from "@/parts/Code";
import { Icon } from "@/parts/Icon";
import { Inert } from "@/parts/Inert";
import { At } from "@/parts/Time";
import styles from "./Alert.module.css";

export function useReceipt(alertId: string) {
  return useQuery({
    queryKey: ["receipt", alertId],
    queryFn: () => answered(client.GET("/api/alerts/{alert_id}/receipt", { params: { path: { alert_id: alertId } } })),
    staleTime: Number.POSITIVE_INFINITY, // what was decided stays decided
    retry: (failures, failure) => failures < 2 && !(failure instanceof Refused && failure.status === 404),
  });
}

/** What was decided about it when it began, and why; with the facts that it was decided on. */
export function Receipt({ alertId }: { alertId: string }) {
  const { data, error } = useReceipt(alertId);
  const gone = error instanceof Refused && error.status === 404;
  return (
    <section className="card" aria-label="Receipt">
      <div className={styles.cardhead}><h2>Receipt: what was decided, and why</h2>{data ? <span className="dim small"><At at={data.decided_at} seconds /></span> : null}</div>
      {error ? <p className="dim">{gone ? "Its receipt is older than what is kept." : error.message}</p> : null}
      {data ? (
        <>
          <ol className={styles.why}>{data.why.map((line) => <li key={line}><Icon name="check" size={13} /><span><Inert text={line} /></span></li>)}</ol>
          <p className="dim small">Outcome: {data.outcome.replaceAll("_", " ")}. Reason code: <code>{data.reason}</code>.</p>
          {data.facts ? <details className={styles.details}><summary>The facts as stored</summary><Code wrap label="The facts as stored" text={JSON.stringify(data.facts, null, 2)} /></details> : null}
        </>
      ) : null}
    </section>
  );
}
