import { Button, Group, Modal, NumberInput, Select } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { answered, client, type Shapes } from "@/api/client";
import { useMay } from "@/api/session";
import { duration } from "@/parts/duration";
import { refusalAt, refusalElse } from "@/parts/refusal";
import { SEVERITIES, SeverityGlyph, severityTitle } from "@/parts/Severity";
import { Empty, Failure, Skeleton } from "@/parts/States";
import table from "@/parts/Table.module.css";
import { Age } from "@/parts/Time";
import styles from "./Company.module.css";

type Check = Shapes["SilenceCheckShown"];
type Set = Shapes["SilenceCheckSet"];

const REASONS: Record<string, string> = {
  few_beats: "too little came to know its rhythm", short_time: "it is known for less than an hour", only_alerts: "it sends only when something breaks: set an interval, or let it send a heartbeat",
  irregular: "it comes without a rhythm: set an interval", too_slow: "it comes too seldom to learn from: set an interval",
};
const MINUTE = 60;
const ASK_AGAIN_MS = 15_000;

/** What must be heard from time to time: no alert can mean that all is well, or that the tool died. */
export function Silence({ company }: { company: string }) {
  const may = useMay();
  const [edited, setEdited] = useState<Check | null>(null);
  const { data, error, refetch } = useQuery({ queryKey: ["silence", company, "all"], queryFn: () => answered(client.GET("/api/companies/{company_id}/silence-checks", { params: { path: { company_id: company }, query: { limit: 200 } } })), refetchInterval: ASK_AGAIN_MS });
  if (error && !data) return <Failure what="What must be heard" failure={error} again={() => void refetch()} />;
  if (!data) return <Skeleton rows={4} />;
  if (data.items.length === 0) return <Empty title="Nothing is listened for yet."><p>Each tool that may send gets a check of its own: when it falls silent for longer than is usual, an incident opens.</p></Empty>;
  return (
    <>
      <p className={`dim ${styles.lead}`}>When one is silent for longer than is expected an incident opens; the next thing heard resolves it.</p>
      <table className={`${table.table} ${table.cards}`}>
        <thead><tr><th>Tool</th><th>State</th><th className={table.some}>Expected</th><th className={table.some}>Opens</th><th className={table.right}>Last heard</th><th><span className="visually-hidden">What to do</span></th></tr></thead>
        <tbody>{data.items.map((one) => (
          <tr key={one.id}>
            <td><b>{one.integration}</b>{one.heartbeat === null ? null : <span className="dim"> heartbeat {one.heartbeat}</span>}</td>
            <td>{stateWords(one)}</td>
            <td className={table.some} data-label="expected">{expected(one)}</td>
            <td className={table.some} data-label="opens"><span className={styles.with}><SeverityGlyph severity={one.severity} size={14} decorative />{severityTitle[one.severity]}</span></td>
            <td className={table.right} data-label="last heard">{one.heard_at ? <Age at={one.heard_at} suffix=" ago" /> : <span className="dim">never</span>}</td>
            <td className={table.right}>{may("silence.set") ? <Button size="compact-xs" aria-label={`Change what is expected of ${one.integration}`} onClick={() => setEdited(one)}>Change</Button> : null}</td>
          </tr>
        ))}</tbody>
      </table>
      {edited ? <Change company={company} check={edited} onClose={() => setEdited(null)} /> : null}
    </>
  );
}

function stateWords(one: Check): React.ReactNode {
  if (one.state === "silent") return <b className={styles.late}>silent{one.quiet_since ? <> since <Age at={one.quiet_since} suffix=" ago" /></> : null}</b>;
  if (one.state === "off") return <span className="dim">not watched</span>;
  if (one.state === "learning") return <>learning <span className="dim">{REASONS[one.reason] ?? ""}</span></>;
  return one.state === "heard" ? "heard in time" : "waiting for the first";
}

function expected(one: Check): string {
  if (one.mode === "off") return "";
  if (one.interval_s === null) return "not known yet";
  return `every ${duration(one.interval_s)}, ${one.mode === "set" ? "as set" : "as learned"}; ${duration(one.grace_s)} of grace`;
}

function Change({ company, check, onClose }: { company: string; check: Check; onClose: () => void }) {
  const queries = useQueryClient();
  const [mode, setMode] = useState(check.mode);
  const [every, setEvery] = useState((check.interval_s ?? 300) / MINUTE);
  const [grace, setGrace] = useState(check.grace_s / MINUTE);
  const [severity, setSeverity] = useState(check.severity);
  const save = useMutation({
    mutationFn: () => {
      const body: Set = { mode, severity, grace_s: Math.round(grace * MINUTE), ...(mode === "set" ? { interval_s: Math.round(every * MINUTE) } : {}) };
      return answered(client.PATCH("/api/companies/{company_id}/silence-checks/{check_id}", { params: { path: { company_id: company, check_id: check.id } }, body }));
    },
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ["silence", company] });
      onClose();
    },
  });
  const fields = ["mode", "interval_s", "grace_s", "severity"];
  return (
    <Modal opened onClose={onClose} title={`What is expected of ${check.integration}`}>
      <form onSubmit={(event) => { event.preventDefault(); save.mutate(); }}>
        <Select data-autofocus label="Expected" allowDeselect={false} data={[{ value: "learned", label: "what it usually does" }, { value: "set", label: "what I say" }, { value: "off", label: "nothing: it is not watched" }]} value={mode} error={refusalAt(save.error, "mode")} onChange={(value) => setMode(value as Check["mode"])} />
        {mode === "set" ? <NumberInput mt="sm" label="At least every" suffix=" min" min={0.5} decimalScale={1} value={every} error={refusalAt(save.error, "interval_s")} onChange={(value) => setEvery(Number(value || 0))} /> : null}
        {mode === "off" ? null : (
          <div className={styles.pair}>
            <NumberInput label="Grace on top" suffix=" min" min={0} decimalScale={1} value={grace} error={refusalAt(save.error, "grace_s")} onChange={(value) => setGrace(Number(value || 0))} />
            <Select label="Opens an incident that is" allowDeselect={false} data={SEVERITIES.map((one) => ({ value: one, label: severityTitle[one] }))} value={severity} error={refusalAt(save.error, "severity")} onChange={(value) => setSeverity(value as Check["severity"])} />
          </div>
        )}
        {mode === "off" ? <p className={styles.words}>If {check.integration} dies, nobody is told.</p> : null}
        {save.error && refusalElse(save.error, ...fields) ? <p role="alert">{refusalElse(save.error, ...fields)}</p> : null}
        <Group justify="flex-end" mt="md"><Button onClick={onClose}>Leave it</Button><Button type="submit" variant="filled" loading={save.isPending}>Save</Button></Group>
      </form>
    </Modal>
  );
}
