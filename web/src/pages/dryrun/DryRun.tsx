import { Button, Group, Modal, MultiSelect, Select, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { answered, client } from "@/api/client";
import { type Parameter, useRunbook } from "@/api/runbooks";
import type { Preview, Wish } from "@/api/runs";
import { askWord, missing, neededWord, type Values, wishOf } from "@/pages/dryrun/wish";
import { PlanScripts } from "@/pages/run/PlanScripts";
import { kindWord } from "@/pages/runbooks/words";
import { Inert } from "@/parts/Inert";
import { refusalAt, refusalElse } from "@/parts/refusal";
import { Risk } from "@/parts/Risk";
import { Failure, Skeleton } from "@/parts/States";
import { At } from "@/parts/Time";
import { Way } from "@/parts/Way";
import styles from "./DryRun.module.css";

const MOST_WHY = 2_000;
const MOST_ASSETS = 200;
const DEAD_MS = 1_000; // as on a decision: no press that was meant for what stood here before

interface Target { id: string; name: string }

/** What a run would do, exactly, on which targets; and only then the question for it. */
export function DryRun({ company, runbook, target, values: first = {}, incident, onClose }: {
  company: string;
  runbook: string;
  target?: Target;
  values?: Values;
  incident?: { id: string; number: number };
  onClose: () => void;
}) {
  const found = useRunbook(company, runbook);
  const [values, setValues] = useState<Values>(first);
  const [targets, setTargets] = useState<readonly string[]>(target ? [target.id] : []);
  const [wish, setWish] = useState<Wish | null>(null);
  const plan = useMutation({
    mutationFn: (body: Wish) => answered(client.POST("/api/companies/{company_id}/runs/plan", { params: { path: { company_id: company } }, body })),
    onSuccess: (_, body) => setWish(body),
  });
  const show = (parameters: readonly Parameter[]) => plan.mutate(wishOf(runbook, targets, parameters, values));
  const { data } = found;
  return (
    <Modal opened onClose={onClose} size="xl" title={data ? `Dry run: ${data.title}` : "Dry run"}>
      {found.error && !data ? <Failure what="The runbook" failure={found.error} again={() => void found.refetch()} /> : null}
      {!data && !found.error ? <Skeleton rows={4} /> : null}
      {data && !(wish && plan.data) ? (
        <form onSubmit={(event) => { event.preventDefault(); show(data.parameters); }}>
          <p className={styles.lead}>{data.summary} Nothing runs yet: you see exactly what would run first.</p>
          {target ? <p>On <b><Inert text={target.name} /></b>.</p> : <Targets company={company} platform={data.platform} most={data.most_targets} chosen={targets} onChoose={setTargets} />}
          {data.parameters.map((one) => <Field key={one.name} one={one} value={values[one.name] ?? ""} failure={plan.error} onSet={(value) => setValues((was) => ({ ...was, [one.name]: value }))} />)}
          {plan.error && refusalElse(plan.error, ...data.parameters.map((one) => one.name)) ? <p role="alert">{refusalElse(plan.error, ...data.parameters.map((one) => one.name))}</p> : null}
          <Group justify="flex-end" mt="md"><Button onClick={onClose}>Leave it</Button><Button type="submit" variant="filled" loading={plan.isPending} disabled={targets.length === 0 || missing(data.parameters, values).length > 0}>Show what would run</Button></Group>
        </form>
      ) : null}
      {data && wish && plan.data ? <Shown company={company} wish={wish} preview={plan.data} incident={incident} stale={plan.isPending} onAgain={() => plan.mutate(wish)} onBack={() => setWish(null)} /> : null}
    </Modal>
  );
}

function Field({ one, value, failure, onSet }: { one: Parameter; value: string; failure: Error | null; onSet: (value: string) => void }) {
  const said = { mt: "sm", label: one.name, required: one.default === null, description: `${one.description} (${kindWord(one)})`, error: refusalAt(failure, one.name) };
  if (one.choices.length) return <Select {...said} data={one.choices} value={value || one.default} onChange={(chosen) => onSet(chosen ?? "")} allowDeselect={false} />;
  return <TextInput {...said} autoComplete="off" spellCheck={false} maxLength={one.longest} placeholder={one.default ?? undefined} value={value} onChange={(event) => onSet(event.currentTarget.value)} />;
}

/** Targets come from the inventory alone: confirmed assets of the runbook's platform that have a way to them. */
function Targets({ company, platform, most, chosen, onChoose }: { company: string; platform: string; most: number; chosen: readonly string[]; onChoose: (ids: readonly string[]) => void }) {
  const of = { company_id: company };
  const bindings = useQuery({ queryKey: ["bindings", company], queryFn: () => answered(client.GET("/api/companies/{company_id}/bindings", { params: { path: of, query: { limit: MOST_ASSETS } } })) });
  const assets = useQuery({ queryKey: ["assets", company, "confirmed"], queryFn: () => answered(client.GET("/api/companies/{company_id}/assets", { params: { path: of, query: { limit: MOST_ASSETS, confirmed: true } } })) });
  if (!bindings.data || !assets.data) return bindings.error || assets.error ? <Failure what="The inventory" failure={(bindings.error ?? assets.error) as Error} /> : <Skeleton rows={1} />;
  const bound = new Set(bindings.data.items.map((one) => one.asset_id));
  const fit = assets.data.items.filter((one) => bound.has(one.id) && one.platform === platform);
  const more = bindings.data.next !== null || assets.data.next !== null ? `; of the newest ${MOST_ASSETS}` : "";
  if (fit.length === 0) return <p>No {platform} asset of this company is confirmed and has a way to reach it, so there is nothing to run it on.</p>;
  return <MultiSelect data-autofocus searchable required label="On" description={`${platform} assets that can be reached, ${most} at most, in the order you choose${more}`} maxValues={most} data={fit.map((one) => ({ value: one.id, label: one.name }))} value={[...chosen]} onChange={onChoose} />;
}

function Shown({ company, wish, preview, incident, stale, onAgain, onBack }: { company: string; wish: Wish; preview: Preview; incident: { id: string; number: number } | undefined; stale: boolean; onAgain: () => void; onBack: () => void }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [why, setWhy] = useState("");
  const alive = useAlive(preview.hash);
  const start = useMutation({
    mutationFn: () => answered(client.POST("/api/companies/{company_id}/runs", { params: { path: { company_id: company } }, body: { ...wish, why: why.trim(), hash: preview.hash, start_by: preview.start_by, incident_id: incident?.id ?? null } })),
    onSuccess: (run) => {
      for (const key of ["runs", "mending", "approvals", "incident"]) void queries.invalidateQueries({ queryKey: [key] });
      void navigate({ to: "/runs/$id", params: { id: run.id } });
    },
  });
  const resolved = new Map(preview.plan.targets.map((one) => [one.id, one]));
  return (
    <>
      <p><Risk risk={preview.risk} tag /> {preview.risk_reason}</p>
      {preview.irreversible ? <p className={styles.warn}><b>Cannot be undone:</b> {preview.irreversible}</p> : null}
      <div className={styles.box}>
        <h3>On exactly these targets</h3>
        <ul className={styles.targets}>{preview.targets.map((one) => <OnTarget key={one.asset_id} company={company} name={one.name} target={resolved.get(one.asset_id)} />)}</ul>
      </div>
      <div className={styles.box}><h3>Exactly this would run</h3><PlanScripts plan={preview.plan} /></div>
      <p className={styles.lead} style={{ marginTop: 8 }}><b>{neededWord(preview.needed)}</b> <span className="dim">It starts by <At at={preview.start_by} /> or never; plan <code title={preview.hash}>sha256 {preview.hash.slice(0, 12)}…</code>{incident ? `; for incident ${incident.number}` : ""}.</span></p>
      <Textarea label="Why" required autosize maxLength={MOST_WHY} description="For whoever decides, and for the audit log" value={why} error={refusalAt(start.error, "why")} onChange={(event) => setWhy(event.currentTarget.value)} />
      {start.error && refusalElse(start.error, "why") ? <p role="alert">{refusalElse(start.error, "why")} <Button size="compact-xs" loading={stale} onClick={() => { start.reset(); onAgain(); }}>Show what would run now</Button></p> : null}
      <Group justify="flex-end" mt="md"><Button onClick={onBack}>Change it</Button><Button type="button" variant="filled" disabled={!alive || !why.trim()} loading={start.isPending} onClick={() => start.mutate()}>{askWord(preview)}</Button></Group>
    </>
  );
}

function OnTarget({ company, name, target }: { company: string; name: string; target: Preview["plan"]["targets"][number] | undefined }) {
  return (
    <li>
      <b><Inert text={name} /></b> {target?.host_key ? <code title={target.host_key}>host key {target.host_key.slice(0, 22)}…</code> : null}
      {target?.credential_id ? <> reached with <Way company={company} credential={target.credential_id} /></> : null}
    </li>
  );
}

/** Whether what is shown has stood long enough to be read as what it is. */
function useAlive(hash: string): boolean {
  const [since, setSince] = useState("");
  useEffect(() => {
    const timer = window.setTimeout(() => setSince(hash), DEAD_MS);
    return () => window.clearTimeout(timer);
  }, [hash]);
  return since === hash;
}
