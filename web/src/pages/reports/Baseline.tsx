import { Button, Group, Modal, NumberInput, Select, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { answered, client, Refused, type Shapes } from "@/api/client";
import { useMay } from "@/api/session";
import { minutes } from "@/parts/duration";
import { fromField } from "@/parts/moment";
import { counted } from "@/parts/names";
import { refusalAt, refusalElse } from "@/parts/refusal";
import { Empty, Failure, Skeleton } from "@/parts/States";
import table from "@/parts/Table.module.css";
import { Person } from "@/parts/Person";
import { At } from "@/parts/Time";

type Kind = Shapes["BaselineShown"]["kind"];

const KINDS: Record<Kind, string> = { typed: "typed in", imported: "imported from a file", first_30_days: "its first 30 days here" };
const FIGURES = [
  ["noise_reduction_pct", "Noise reduction, %"], ["mtta_minutes", "Mean time to acknowledge, min"], ["mttr_minutes", "Mean time to resolve, min"],
  ["self_healed_pct", "Self-healed, %"], ["sla_compliance_pct", "SLA met, %"], ["patch_compliance_pct", "Patch compliance, %"],
] as const;
const NOT_SET = 404;

/** The figures from before, which reports compare with: always with how many alerts and incidents they are of. */
export function Baseline({ company }: { company: string }) {
  const may = useMay();
  const queries = useQueryClient();
  const [setting, setSetting] = useState(false);
  const path = { params: { path: { company_id: company } } };
  const { data, error, refetch } = useQuery({
    queryKey: ["reports", company, "baseline"],
    queryFn: () => answered(client.GET("/api/companies/{company_id}/baseline", path)).catch((failure: Error) => {
      if (failure instanceof Refused && failure.status === NOT_SET) return null;
      throw failure;
    }),
  });
  const forget = useMutation({ mutationFn: () => answered(client.DELETE("/api/companies/{company_id}/baseline", path)), onSuccess: () => void queries.invalidateQueries({ queryKey: ["reports", company, "baseline"] }) });
  if (error && data === undefined) return <Failure what="The baseline" failure={error} again={() => void refetch()} />;
  if (data === undefined) return <Skeleton rows={4} />;
  const set = may("baseline.set") ? <Button variant={data ? "default" : "filled"} onClick={() => setSetting(true)}>{data ? "Set another" : "Set it"}</Button> : null;
  return (
    <>
      {data === null ? <Empty title="Nothing to compare with yet." action={set}><p>Record how it was before: typed in, from the old tool’s file, or the first 30 days here. Reports then show before and after, with how many cases each is of.</p></Empty> : (
        <>
          <p style={{ marginBottom: 8 }}>{KINDS[data.kind].replace(/^./, (one) => one.toUpperCase())}, of <At at={data.from} /> to <At at={data.to} />: {counted(data.sample.alerts, "alert")}, {counted(data.sample.incidents, "incident")}. <span className="dim">Set by <Person email={data.by} />, <At at={data.set_at} />.</span></p>
          <table className={table.table}><thead><tr><th>Figure</th><th className={table.right}>Before</th></tr></thead>
            <tbody>{FIGURES.map(([name, title]) => <tr key={name}><td>{title}</td><td className={table.right}>{data.figures[name] === undefined ? <span className="dim">not measured</span> : name.endsWith("_pct") ? data.figures[name].toFixed(1) : minutes(data.figures[name])}</td></tr>)}</tbody></table>
          <Group mt="sm" gap="xs">{set}{may("baseline.set") ? <Button loading={forget.isPending} onClick={() => forget.mutate()}>Compare with nothing</Button> : null}</Group>
          {forget.error ? <p role="alert">{forget.error.message}</p> : null}
        </>
      )}
      {setting ? <Set company={company} onClose={() => setSetting(false)} /> : null}
    </>
  );
}

function Set({ company, onClose }: { company: string; onClose: () => void }) {
  const queries = useQueryClient();
  const [kind, setKind] = useState<Kind>("first_30_days");
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("");
  const [figures, setFigures] = useState<Record<string, number | string>>({});
  const [alerts, setAlerts] = useState<number | string>("");
  const [incidents, setIncidents] = useState<number | string>("");
  const [csv, setCsv] = useState("");
  const [starts, ends] = [fromField(from), fromField(to)];
  const given = Object.fromEntries(Object.entries(figures).filter((one): one is [string, number] => typeof one[1] === "number"));
  const typed: Partial<Shapes["BaselineSet"]> = { from: starts, to: ends, figures: given, sample: { alerts: Number(alerts), incidents: Number(incidents) } };
  const save = useMutation({
    mutationFn: () => answered(client.PUT("/api/companies/{company_id}/baseline", { params: { path: { company_id: company } }, body: { kind, ...(kind === "typed" ? typed : {}), ...(kind === "imported" ? { csv } : {}) } as Shapes["BaselineSet"] })),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ["reports", company, "baseline"] });
      onClose();
    },
  });
  const ready = kind === "first_30_days" || (kind === "imported" ? csv.trim() !== "" : starts && ends && Object.keys(given).length > 0 && alerts !== "" && incidents !== "");
  const fields = ["from", "to", "csv", "alerts", "incidents"];
  return (
    <Modal opened onClose={onClose} title="The figures from before">
      <form onSubmit={(event) => { event.preventDefault(); if (ready) save.mutate(); }}>
        <Select data-autofocus label="They are" allowDeselect={false} data={(Object.keys(KINDS) as Kind[]).map((value) => ({ value, label: KINDS[value] }))} value={kind} onChange={(value) => setKind(value as Kind)} />
        {kind === "typed" ? (
          <>
            <Group mt="sm" grow align="flex-start">
              <TextInput type="datetime-local" label="Of the time from" required value={from} error={refusalAt(save.error, "from")} onChange={(event) => setFrom(event.currentTarget.value)} />
              <TextInput type="datetime-local" label="until" required value={to} error={refusalAt(save.error, "to")} onChange={(event) => setTo(event.currentTarget.value)} />
            </Group>
            <Group mt="sm" grow align="flex-start">
              <NumberInput label="Of how many alerts" required min={0} allowDecimal={false} thousandSeparator="," value={alerts} error={refusalAt(save.error, "alerts")} onChange={setAlerts} />
              <NumberInput label="and incidents" required min={0} allowDecimal={false} thousandSeparator="," value={incidents} error={refusalAt(save.error, "incidents")} onChange={setIncidents} />
            </Group>
            {FIGURES.map(([name, title]) => <NumberInput key={name} mt="xs" label={title} placeholder="not measured" min={0} decimalScale={2} value={figures[name] ?? ""} error={refusalAt(save.error, name)} onChange={(value) => setFigures((was) => ({ ...was, [name]: value }))} />)}
          </>
        ) : null}
        {kind === "imported" ? <Textarea mt="sm" label="Rows of the old tool (CSV)" description="opened_at and, where known, acknowledged_at, resolved_at, alerts" autosize minRows={5} maxRows={12} value={csv} error={refusalAt(save.error, "csv")} onChange={(event) => setCsv(event.currentTarget.value)} /> : null}
        {save.error && refusalElse(save.error, ...fields) ? <p role="alert">{refusalElse(save.error, ...fields)}</p> : null}
        <Group justify="flex-end" mt="md"><Button onClick={onClose}>Leave it</Button><Button type="submit" variant="filled" disabled={!ready} loading={save.isPending}>Set it</Button></Group>
      </form>
    </Modal>
  );
}
