import { Button } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { answered, client, type Shapes } from "@/api/client";
import { useCompanyName, useMay } from "@/api/session";
import { useChanges } from "@/live/live";
import { madeNow } from "@/pages/integration/made";
import { Icon } from "@/parts/Icon";
import { counted } from "@/parts/names";
import { Copy, Prose } from "@/parts/Prose";
import { SeverityGlyph, severityTitle } from "@/parts/Severity";
import { Failure, Skeleton } from "@/parts/States";
import { Age, At } from "@/parts/Time";
import { Page } from "@/shell/Page";
import styles from "./Integration.module.css";

type Arrivals = Shapes["ArrivalsShown"];
const LOOK_MS = 2_000;

const REFUSED: Record<string, string> = {
  bad_signature: "The signature is missing or wrong. If the tool cannot sign, switch signing off for this integration.",
  too_large: "The body is larger than is taken.", rate_limited: "More came than this company's limit allows.",
  replayed: "Its time was more than five minutes off; set the sender's clock.",
};

/** Sets one tool up: its steps on the left, and its first alert as it arrives on the right. */
export default function Integration() {
  const { company, integration } = useParams({ strict: false }) as { company: string; integration: string };
  const may = useMay();
  const queries = useQueryClient();
  const name = useCompanyName()(company);
  const path = { path: { company_id: company, integration_id: integration } };
  const { data, error, refetch } = useQuery({ queryKey: ["integrations", company, integration], queryFn: () => answered(client.GET("/api/companies/{company_id}/integrations/{integration_id}", { params: path })) });
  const sources = useQuery({ queryKey: ["sources"], queryFn: () => answered(client.GET("/api/sources")), staleTime: Number.POSITIVE_INFINITY });
  const arrivals = useQuery({ queryKey: ["arrivals", integration], queryFn: () => answered(client.GET("/api/companies/{company_id}/integrations/{integration_id}/arrivals", { params: path })), refetchInterval: LOOK_MS });
  useChanges("alert", (change) => { if (change?.company_id === company) void queries.invalidateQueries({ queryKey: ["arrivals", integration] }); });
  const [fresh, setFresh] = useState<string | null>(madeNow(integration)?.api_key ?? null);
  const key = useMutation({
    mutationFn: () => answered(client.POST("/api/companies/{company_id}/integrations/{integration_id}/keys", { params: path })),
    onSuccess: (made) => {
      setFresh(made.api_key);
      void refetch();
    },
  });
  const trail = [{ title: "Companies", to: "/companies" }, { title: name, to: `/companies/${company}/integrations` }];
  if (error && !data) return <Page title="Integration" trail={trail}><Failure what="This integration" failure={error} again={() => void refetch()} /></Page>;
  if (!data) return <Page title="Integration" trail={trail}><Skeleton rows={10} /></Page>;
  const source = sources.data?.items.find((one) => one.slug === data.source);
  const secret = madeNow(integration)?.hmac_secret;
  const curl = `curl -X POST '${data.webhook_url}' -H 'X-API-Key: ${fresh ?? "YOUR-KEY"}' -H 'Content-Type: application/json' -d '{"asset_name":"web-01","signature":"It works","severity":"low","message":"sent by hand","tool_source":"curl"}'`;
  return (
    <Page title={data.name} trail={trail}>
      <div className={styles.columns}>
        <section className="card"><h2>Set {source?.title ?? data.source} up</h2>
          <ol className={styles.steps}>
            <li><h3>Address</h3><Value value={data.webhook_url} /></li>
            <li><h3>Key</h3>{fresh ? <><Value value={fresh} /><p className={styles.once}>Shown this once. Copy it now.</p></> : <p>{data.keys.filter((one) => one.revoked_at === null).map((one) => <code key={one.id}>{one.hint}… </code>)}<span className="dim">is in use and cannot be shown again.</span></p>}
              {may("key.add") ? <Button mt={4} loading={key.isPending} onClick={() => key.mutate()}>Make another key</Button> : null}{key.error ? <p role="alert">{key.error.message}</p> : null}</li>
            {secret ? <li><h3>Secret for signing{data.require_signature ? "" : ", if the tool can sign"}</h3><Value value={secret} /><p className={styles.once}>Shown this once.</p></li> : null}
            <li><h3>In the tool</h3><Prose text={filled(source?.setup ?? "", { webhook_url: data.webhook_url, api_key: fresh ?? "YOUR-KEY", hmac_secret: secret ?? "YOUR-SECRET" })} /></li>
            {data.source === "generic" ? <li><h3>Or try it by hand</h3><Value value={curl} /></li> : null}
          </ol>
        </section>
        <Check arrivals={arrivals.data} tool={source?.title ?? data.source} />
      </div>
    </Page>
  );
}

/** The tool's own steps with this integration's values in their places. */
function filled(setup: string, values: Record<string, string>): string {
  return Object.entries(values).reduce((text, [name, value]) => text.replaceAll(`{${name}}`, value), setup);
}

function Value({ value }: { value: string }) {
  return <p className={styles.value}><code>{value}</code><Copy text={value} /></p>;
}

/** The first-alert check: each step turns from ring to tick, and a failure names itself. */
function Check({ arrivals, tool }: { arrivals: Arrivals | undefined; tool: string }) {
  const came = arrivals?.items[0];
  const member = arrivals?.items.flatMap((one) => one.members).find((one) => one.alert_id !== null);
  const bad = came?.members.find((one) => one.refused !== null)?.refused;
  const refusal = arrivals?.refused[0];
  return (
    <section className="card" aria-live="polite"><h2>First-alert check</h2>
      <ol className={styles.check}>
        <Step done={came !== undefined}>{came ? <>A request came, the key is right <span className="dim"><At at={came.received_at} seconds /></span></> : <>Waiting for the first alert <span className="dim">(looks at the last hour)</span></>}</Step>
        <Step done={member !== undefined}>{member ? <>Read as {tool}: <span className={styles.read}><SeverityGlyph severity={member.severity ?? "info"} size={14} decorative />{severityTitle[member.severity ?? "info"].toLowerCase()}</span>, <b>{member.signature}</b> on {member.asset}</> : "Read"}</Step>
        <Step done={Boolean(member?.incident_number)}>{member?.incident_number ? <>Opened incident <Link to={`/incidents/${member.incident_number}`}>{member.incident_number}</Link></> : "Became an incident"}</Step>
      </ol>
      {bad ? <p role="alert" className={styles.bad}><b>It could not be read.</b> {bad.what}{bad.where ? <> at <code>{bad.where}</code></> : null}. {bad.mend}</p> : null}
      {refusal ? <p role="alert" className={styles.bad}><b>{refusal.requests} refused</b>, last <Age at={refusal.last_at} suffix=" ago" />. {REFUSED[refusal.reason] ?? refusal.reason.replaceAll("_", " ")}</p> : null}
      {arrivals && arrivals.items.length > 1 ? <><h3 className={styles.lately}>What came lately</h3><ul className={styles.came}>{arrivals.items.map((one) => <li key={one.delivery_id}><At at={one.received_at} seconds /><span>{one.status}</span><span className="dim">{counted(one.received, "alert")}: {outcomes(one.members.map((part) => part.outcome))}</span></li>)}</ul></> : null}
    </section>
  );
}

/** What became of the alerts of a request, each outcome once with how often. */
function outcomes(each: readonly (string | null)[]): string {
  const counts = new Map<string, number>();
  for (const one of each) counts.set(one ?? "not yet", (counts.get(one ?? "not yet") ?? 0) + 1);
  return [...counts].map(([word, count]) => (count === 1 ? word : `${count} ${word}`).replaceAll("_", " ")).join(", ");
}

function Step({ done, children }: { done: boolean; children: React.ReactNode }) {
  return <li data-done={done || undefined}><span className={styles.ring}>{done ? <Icon name="check" size={13} /> : null}</span><span>{children}</span></li>;
}
