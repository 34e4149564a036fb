import { Button, Group, Modal, MultiSelect, SegmentedControl, Select, TagsInput, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { answered, client, type Shapes } from "@/api/client";
import { useMay } from "@/api/session";
import { Inert } from "@/parts/Inert";
import { fromField } from "@/parts/moment";
import { counted } from "@/parts/names";
import { refusalAt, refusalElse } from "@/parts/refusal";
import { SeverityGlyph, severityTitle } from "@/parts/Severity";
import { Skeleton } from "@/parts/States";
import { Age } from "@/parts/Time";
import { type Asked, wallOf } from "@/parts/windows";
import styles from "./Windows.module.css";

type Preview = Shapes["WindowPreviewShown"];
type Place = "assets" | "sites" | "company";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MOST = 500; // of a list to choose from
const SHOWN = 12;
const FIELDS = ["name", "reason", "starts", "ends", "time_zone", "sites", "assets", "signatures", "recurrence", "until"];
const REPEATS = [
  { value: "", label: "once" }, { value: "FREQ=DAILY", label: "every day" }, { value: "FREQ=WEEKLY", label: "every week" },
  { value: "FREQ=MONTHLY;BYDAY=2TU", label: "the second Tuesday of the month" }, { value: "FREQ=MONTHLY;BYDAY=-1SU", label: "the last Sunday of the month" }, { value: "rule", label: "by a rule" },
];

/** Make a window: where, when, why; and before it is saved, what it would have hidden. */
export function WindowDialog({ company, onClose }: { company: string; onClose: () => void }) {
  const path = { path: { company_id: company } };
  const { data } = useQuery({ queryKey: ["company", company], queryFn: () => answered(client.GET("/api/companies/{company_id}", { params: path })) });
  return <Modal opened onClose={onClose} size="lg" title="Add a maintenance window">{data ? <Form company={company} zone={data.time_zone} onClose={onClose} /> : <Skeleton rows={6} />}</Modal>;
}

function Form({ company, zone, onClose }: { company: string; zone: string; onClose: () => void }) {
  const may = useMay();
  const queries = useQueryClient();
  const wide = may("window.set_wide");
  const [place, setPlace] = useState<Place>("assets");
  const [fields, setFields] = useState({ name: "", reason: "", starts: wallOf(new Date(), zone), ends: wallOf(new Date(Date.now() + 2 * HOUR_MS), zone) });
  const [sites, setSites] = useState<string[]>([]);
  const [assets, setAssets] = useState<string[]>([]);
  const [checks, setChecks] = useState<string[]>([]);
  const [repeat, setRepeat] = useState("");
  const [rule, setRule] = useState("FREQ=WEEKLY;BYDAY=SU");
  const [until, setUntil] = useState(() => wallOf(new Date(Date.now() + 180 * DAY_MS), zone).slice(0, 10));
  const recurrence = repeat === "rule" ? rule.trim() : repeat;
  const end = recurrence ? fromField(`${until}T23:59`) : null;
  const body: Asked = {
    ...fields, time_zone: zone, signatures: checks, sites: place === "sites" ? sites : [], assets: place === "assets" ? assets : [],
    ...(recurrence && end ? { recurrence, until: end } : {}),
  };
  const path = { path: { company_id: company } };
  const save = useMutation({
    mutationFn: () => answered(client.POST("/api/companies/{company_id}/windows", { params: path, body })),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ["windows"] });
      onClose();
    },
  });
  const look = useMutation({ mutationFn: () => answered(client.POST("/api/companies/{company_id}/windows/preview", { params: path, body })) });
  const failure = save.error ?? look.error;
  const set = (name: keyof typeof fields, value: string) => setFields((was) => ({ ...was, [name]: value }));
  const anew = () => { save.reset(); look.reset(); };
  const placed = place === "company" || (place === "sites" ? sites : assets).length > 0;
  const ready = fields.name.trim() && fields.reason.trim() && fields.starts && fields.ends && placed && (!recurrence || end);
  const error = (...names: string[]) => refusalAt(failure, ...names);
  const backwards = fields.starts && fields.ends && fields.ends <= fields.starts ? "must end after it starts" : undefined;
  return (
    <form onChange={anew} onSubmit={(event) => { event.preventDefault(); if (ready && !backwards) save.mutate(); }}>
      <TextInput label="Name" required data-autofocus maxLength={80} placeholder="Patch night" value={fields.name} error={error("name")} onChange={(event) => set("name", event.currentTarget.value)} />
      <TextInput mt="sm" label="Why alerts are expected" required maxLength={500} value={fields.reason} error={error("reason")} onChange={(event) => set("reason", event.currentTarget.value)} />
      <SegmentedControl mt="md" aria-label="Where" data={[{ value: "assets", label: "Some assets" }, { value: "sites", label: "Whole sites" }, ...(wide ? [{ value: "company", label: "The whole company" }] : [])]} value={place} onChange={(value) => { anew(); setPlace(value as Place); }} />
      {place === "assets" ? <Assets company={company} chosen={assets} error={error("assets")} onChoose={(value) => { anew(); setAssets(value); }} /> : null}
      {place === "sites" ? <Sites company={company} chosen={sites} error={error("sites")} onChoose={(value) => { anew(); setSites(value); }} /> : null}
      {place === "company" && checks.length === 0 ? <p className={styles.wide}>While it runs nothing of this company opens an incident. Name checks where you can.</p> : null}
      <TagsInput mt="sm" label="Only these checks" description="their whole names; none: all checks" maxTags={200} value={checks} error={error("signatures")} onChange={(value) => { anew(); setChecks(value); }} />
      <div className={styles.pair}>
        <TextInput type="datetime-local" label="From" description={`by the clock of ${zone}`} required value={fields.starts} error={error("starts")} onChange={(event) => set("starts", event.currentTarget.value)} />
        <TextInput type="datetime-local" label="To" description="what still fires then opens incidents" required value={fields.ends} error={backwards ?? error("ends")} onChange={(event) => set("ends", event.currentTarget.value)} />
      </div>
      {wide ? (
        <div className={styles.pair}>
          <Select label="It happens" allowDeselect={false} data={REPEATS} value={repeat} onChange={(value) => { anew(); setRepeat(value ?? ""); }} />
          {repeat === "rule" ? <TextInput label="Rule" description="RRULE: FREQ, INTERVAL, BYDAY, BYMONTHDAY, BYMONTH" value={rule} error={error("recurrence")} onChange={(event) => setRule(event.currentTarget.value)} /> : null}
          {recurrence ? <TextInput type="date" label="Until" description="at most 400 days ahead" required value={until} error={error("until")} onChange={(event) => setUntil(event.currentTarget.value)} /> : null}
        </div>
      ) : <p className="dim small">For a whole company, for one that recurs, or for longer than your role may, ask a company admin.</p>}
      {look.data ? <WouldHide found={look.data} /> : null}
      {failure && refusalElse(failure, ...FIELDS) ? <p role="alert">{refusalElse(failure, ...FIELDS)}</p> : null}
      <Group justify="flex-end" mt="md">
        <Button onClick={onClose}>Leave it</Button>
        <Button disabled={!ready || Boolean(backwards)} loading={look.isPending} onClick={() => look.mutate()}>What would it have hidden?</Button>
        <Button type="submit" variant="filled" disabled={!ready || Boolean(backwards)} loading={save.isPending}>Add it</Button>
      </Group>
    </form>
  );
}

/** The last 30 days under such a window, criticals first. */
function WouldHide({ found }: { found: Preview }) {
  if (found.alerts === 0) return <p className={styles.preview} role="status">In the last 30 days it would have hidden nothing at these hours.</p>;
  const criticals = found.by_severity.find((one) => one.severity === "critical")?.alerts ?? 0;
  return (
    <section className={styles.preview} aria-label="What it would have hidden" role="status">
      <p><b>{counted(found.alerts, "alert")} and {counted(found.incidents, "incident")}</b> since <Age at={found.since} suffix=" ago" /> at these hours, {criticals ? <b>{counted(criticals, "critical one", "critical ones")}</b> : "none critical"}. Most on <Inert text={found.by_asset[0]?.asset ?? ""} />: {counted(found.by_asset[0]?.alerts ?? 0, "alert")}.</p>
      <ul>{found.worst.slice(0, SHOWN).map((one) => (
        <li key={one.alert_id}><span title={severityTitle[one.severity]}><SeverityGlyph severity={one.severity} size={14} /></span><span><Inert text={one.signature} /> on <Inert text={one.asset} /></span><Age at={one.at} suffix=" ago" /></li>
      ))}</ul>
    </section>
  );
}

function Assets({ company, chosen, error, onChoose }: { company: string; chosen: string[]; error: string | undefined; onChoose: (ids: string[]) => void }) {
  const { data } = useQuery({ queryKey: ["assets", company, "all"], queryFn: () => answered(client.GET("/api/companies/{company_id}/assets", { params: { path: { company_id: company }, query: { limit: MOST } } })) });
  const some = data?.next ? `the newest ${MOST}; take a site for more` : undefined;
  return <MultiSelect mt="sm" searchable required label="Assets" description={some} nothingFoundMessage="No asset of that name" data={(data?.items ?? []).map((one) => ({ value: one.id, label: one.name }))} value={chosen} error={error} onChange={onChoose} />;
}

function Sites({ company, chosen, error, onChoose }: { company: string; chosen: string[]; error: string | undefined; onChoose: (ids: string[]) => void }) {
  const { data } = useQuery({ queryKey: ["sites", company], queryFn: () => answered(client.GET("/api/companies/{company_id}/sites", { params: { path: { company_id: company }, query: { limit: MOST } } })) });
  return <MultiSelect mt="sm" searchable required label="Sites" description={data?.items.length === 0 ? "this company has no site yet" : "with whatever is there now and comes there later"} data={(data?.items ?? []).map((one) => ({ value: one.id, label: one.name }))} value={chosen} error={error} onChange={onChoose} />;
}
