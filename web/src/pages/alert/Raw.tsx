import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { answered, client } from "@/api/client";
import { useMay } from "@/api/session";
import { useReceipt } from "@/pages/alert/Receipt";
import { pretty } from "@/pages/alert/layout";
import { Code } from "@/parts/Code";
import { Failure } from "@/parts/States";
import { At } from "@/parts/Time";
import styles from "./Alert.module.css";

/** The request in which it came, byte for byte, never interpreted; asked for when somebody wants to see it. */
export function Raw({ alertId }: { alertId: string }) {
  const may = useMay();
  const { data: receipt } = useReceipt(alertId);
  const [open, setOpen] = useState(false);
  const [laidOut, setLaidOut] = useState(true);
  const path = { params: { path: { delivery_id: receipt?.delivery_id ?? "" } } };
  const wanted = open && receipt !== undefined;
  const body = useQuery({ queryKey: ["delivery", receipt?.delivery_id, "body"], queryFn: () => answered(client.GET("/api/deliveries/{delivery_id}/body", path)), enabled: wanted, staleTime: Number.POSITIVE_INFINITY });
  const delivery = useQuery({
    queryKey: ["delivery", receipt?.delivery_id],
    queryFn: () => answered(client.GET("/api/deliveries/{delivery_id}", { params: { ...path.params, query: { limit: 1 } } })), enabled: wanted, staleTime: Number.POSITIVE_INFINITY,
  });
  if (!may("delivery.read") || !receipt) return null;
  const text = body.data ? (body.data.body_text ?? body.data.body_base64) : null;
  const better = text === null ? null : pretty(text);
  return (
    <section className="card" aria-label="Raw delivery">
      <div className={styles.cardhead}>
        <h2>Raw delivery</h2>
        <span className="dim small">it is member {receipt.delivery_index + 1}{delivery.data ? ` of ${delivery.data.received.toLocaleString("en")}` : ""} of what the tool sent</span>
        {open ? null : <Button size="compact-xs" onClick={() => setOpen(true)}>Show it</Button>}
      </div>
      {body.error ? <Failure what="The request" failure={body.error} again={() => void body.refetch()} /> : null}
      {delivery.data ? <p className="dim small">Received <At at={delivery.data.received_at} seconds /> from {delivery.data.source}, {delivery.data.status}. Request <code>{delivery.data.delivery_id}</code></p> : null}
      {body.data && text === null ? <p className="dim">It is older than what is kept.</p> : null}
      {body.data && body.data.body_text === null && text !== null ? <p className="dim">It is no text. These are its bytes, in base64.</p> : null}
      {body.data?.request ? <details className={styles.details}><summary>Method, query and headers that were read</summary><Code wrap label="The request" text={JSON.stringify(body.data.request, null, 2)} /></details> : null}
      {text === null ? null : (
        <>
          {better ? <p className={styles.laid}><button type="button" aria-pressed={laidOut} onClick={() => setLaidOut(true)}>Laid out</button><button type="button" aria-pressed={!laidOut} onClick={() => setLaidOut(false)}>As it came</button></p> : null}
          <Code wrap label="The body" text={better !== null && laidOut ? better : text} />
        </>
      )}
    </section>
  );
}
