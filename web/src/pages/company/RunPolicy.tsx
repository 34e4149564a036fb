import { Button, Checkbox, Group, Modal, Select } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { answered, client, type Shapes } from "@/api/client";
import { type Brief, useRunbook } from "@/api/runbooks";
import { useMay } from "@/api/session";
import { type Allowed, allowing, originWord } from "@/pages/company/overrides";
import { refusalAt, refusalElse } from "@/parts/refusal";
import { Failure, Skeleton } from "@/parts/States";
import table from "@/parts/Table.module.css";
import styles from "./Company.module.css";

type Policy = Omit<Shapes["PolicyShown"], "version">;

/** What alerts may decide about runs: whose may start one by themselves, and which parameters take a value from them. */
export function RunPolicy({ company, runbooks }: { company: string; runbooks: readonly Brief[] }) {
  const queries = useQueryClient();
  const maySet = useMay()("run_policy.set");
  const [adding, setAdding] = useState(false);
  const path = { params: { path: { company_id: company } } };
  const key = ["run-policy", company];
  const { data, error, refetch } = useQuery({ queryKey: key, queryFn: () => answered(client.GET("/api/companies/{company_id}/run-policy", path)) });
  const set = useMutation({
    mutationFn: ({ trusted_integrations, parameters }: Policy) => answered(client.PUT("/api/companies/{company_id}/run-policy", { ...path, body: { trusted_integrations, parameters, based_on: data?.version ?? null } })),
    onSuccess: (now) => queries.setQueryData(key, now),
    onError: (failure) => { if (refusalAt(failure, "based_on")) void refetch(); },
  });
  const said = refusalAt(set.error, "based_on") ? "Somebody else changed it in between. You see it as it is now; say again what you want." : refusalElse(set.error);
  if (error && !data) return <Failure what="What alerts may decide" failure={error} again={() => void refetch()} />;
  if (!data) return <Skeleton rows={3} />;
  const titleOf = (slug: string) => runbooks.find((one) => one.slug === slug)?.title ?? slug;
  return (
    <section aria-label="What alerts may decide">
      <h2>What alerts may decide</h2>
      <p className={styles.lead}>A run starts by itself only where its risk is low, the company lets low risk pass, and the alert is signed or its integration is trusted here. A value comes from an alert only where this list says so and the runbook allows exactly that value.</p>
      <Trusted company={company} trusted={data.trusted_integrations} maySet={maySet} pending={set.isPending} onSet={(trusted) => set.mutate({ ...data, trusted_integrations: trusted })} />
      {data.parameters.length === 0 ? <p className="dim">No parameter takes its value from an alert.</p> : (
        <table className={table.table}>
          <thead><tr><th>Runbook</th><th>Parameter</th><th>May come from</th>{maySet ? <th><span className="visually-hidden">What to do</span></th> : null}</tr></thead>
          <tbody>{data.parameters.map((one) => (
            <tr key={`${one.runbook} ${one.parameter}`}>
              <td>{titleOf(one.runbook)}</td><td className={styles.anywhere}><code>{one.parameter}</code></td><td className={styles.anywhere}>{originWord(one.from)}</td>
              {maySet ? <td className={table.right}><Button size="compact-xs" aria-label={`Take ${one.parameter} of ${titleOf(one.runbook)} away`} loading={set.isPending} onClick={() => set.mutate({ ...data, parameters: data.parameters.filter((other) => other !== one) })}>Take it away</Button></td> : null}
            </tr>
          ))}</tbody>
        </table>
      )}
      {set.error && !adding ? <p role="alert" className={styles.bad}>{said}</p> : null}
      {maySet ? <Button mt="sm" onClick={() => { set.reset(); setAdding(true); }}>Let a parameter come from alerts</Button> : null}
      {adding ? <Add company={company} runbooks={runbooks} failure={said ?? null} pending={set.isPending} onAdd={(one) => set.mutate({ ...data, parameters: allowing(data.parameters, one) }, { onSuccess: () => setAdding(false) })} onClose={() => setAdding(false)} /> : null}
    </section>
  );
}

function Trusted({ company, trusted, maySet, pending, onSet }: { company: string; trusted: readonly string[]; maySet: boolean; pending: boolean; onSet: (ids: string[]) => void }) {
  const may = useMay();
  const { data } = useQuery({
    queryKey: ["integrations", company],
    queryFn: () => answered(client.GET("/api/companies/{company_id}/integrations", { params: { path: { company_id: company }, query: { limit: 200 } } })),
    enabled: may("integration.read"),
  });
  const items = data?.items ?? [];
  if (items.length === 0) return null;
  return (
    <fieldset style={{ border: 0, margin: "0 0 8px", padding: 0 }} disabled={!maySet}>
      <legend style={{ padding: 0 }}>Trusted, though what they send is not signed</legend>
      {items.map((one) => one.require_signature
        ? <p key={one.id} className="dim">{one.name}: refuses what is not signed, so it needs no trust.</p>
        : <Checkbox key={one.id} mt={4} label={one.name} checked={trusted.includes(one.id)} onChange={(event) => { if (!pending) onSet(event.currentTarget.checked ? [...trusted, one.id] : trusted.filter((id) => id !== one.id)); }} />)}
    </fieldset>
  );
}

function Add({ company, runbooks, failure, pending, onAdd, onClose }: { company: string; runbooks: readonly Brief[]; failure: string | null; pending: boolean; onAdd: (one: Allowed) => void; onClose: () => void }) {
  const [slug, setSlug] = useState<string | null>(null);
  const [parameter, setParameter] = useState<string | null>(null);
  const [from, setFrom] = useState<string | null>(null);
  const { data } = useRunbook(company, slug ?? "");
  const given = (slug && data?.slug === slug ? data.parameters : []).filter((one) => one.suggested_from.length);
  const origins = given.find((one) => one.name === parameter)?.suggested_from ?? [];
  return (
    <Modal opened onClose={onClose} title="Let a parameter come from alerts">
      <form onSubmit={(event) => { event.preventDefault(); if (slug && parameter && from) onAdd({ runbook: slug, parameter, from }); }}>
        <Select data-autofocus required searchable label="Runbook" data={runbooks.map((one) => ({ value: one.slug, label: one.title }))} value={slug} onChange={(chosen) => { setSlug(chosen); setParameter(null); setFrom(null); }} />
        {slug && data?.slug === slug && given.length === 0 ? <p>It takes nothing from alerts.</p> : null}
        {given.length ? <Select mt="sm" required label="Parameter" data={given.map((one) => one.name)} value={parameter} onChange={(chosen) => { setParameter(chosen); setFrom(null); }} /> : null}
        {origins.length ? <Select mt="sm" required label="May come from" description="What the runbook suggests" data={origins.map((one) => ({ value: one, label: originWord(one) }))} value={from} onChange={setFrom} /> : null}
        {failure ? <p role="alert">{failure}</p> : null}
        <Group justify="flex-end" mt="md"><Button onClick={onClose}>Leave it</Button><Button type="submit" variant="filled" disabled={!slug || !parameter || !from} loading={pending}>Allow it</Button></Group>
      </form>
    </Modal>
  );
}
