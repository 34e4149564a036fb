import { Button, Checkbox, Group, Modal, MultiSelect, NumberInput, Select, TextInput } from "@mantine/core";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useMay, useSession } from "@/api/session";
import { daysWords, layerWords } from "@/pages/oncall/layerWords";
import { type LayerWish, type Schedule, type ScheduleWish, useActing, usePeople, useSchedule } from "@/pages/oncall/oncall";
import { joined, spanWords } from "@/pages/oncall/weeks";
import { Icon } from "@/parts/Icon";
import { personName } from "@/parts/names";
import { refusalAt, refusalElse } from "@/parts/refusal";
import { Failure, Skeleton } from "@/parts/States";
import { At } from "@/parts/Time";
import { Page } from "@/shell/Page";
import styles from "./OnCall.module.css";

const MSP = "msp";
const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].map((label, value) => ({ value: String(value), label }));
const ZONES = Intl.supportedValuesOf("timeZone");
const TRAIL = [{ title: "On call", to: "/on-call?tab=schedules" }];

/** Makes a schedule, or lets one say something else from now on. */
export default function ScheduleEditor() {
  const { id } = useParams({ strict: false }) as { id: string };
  const may = useMay();
  const fresh = id === "new";
  const { data, error, refetch } = useSchedule(id, !fresh);
  if (fresh && !may("on_call.set")) return <Page title="Add a schedule" trail={TRAIL}><p>You may not add a schedule. A company admin or an MSP admin may.</p></Page>;
  if (error && !data) return <Page title="Schedule" trail={TRAIL}><Failure what="The schedule" failure={error} again={() => void refetch()} /></Page>;
  if (!fresh && !data) return <Page title="Schedule" trail={TRAIL}><Skeleton rows={8} /></Page>;
  return <Form key={data?.version ?? 0} schedule={data ?? null} />;
}

function Form({ schedule }: { schedule: Schedule | null }) {
  const { companies } = useSession();
  const may = useMay();
  const navigate = useNavigate();
  const { add, save, remove, preview } = useActing();
  const [wish, setWish] = useState<ScheduleWish>(() => wishOf(schedule, may("on_call.set_all") ? null : companies[0]?.id ?? null));
  const [removing, setRemoving] = useState(false);
  const editable = schedule?.may_set ?? true;
  const failure = add.error ?? save.error;
  const owners = [...(may("on_call.set_all") ? [{ value: MSP, label: "the MSP" }] : []), ...companies.map((one) => ({ value: one.id, label: one.name }))];
  const change = (part: Partial<ScheduleWish>) => { preview.reset(); setWish({ ...wish, ...part }); };
  const layer = (place: number, part: Partial<LayerWish>) => change({ layers: wish.layers.map((one, at) => (at === place ? { ...one, ...part } : one)) });
  const move = (place: number, by: number) => { const layers = [...wish.layers]; const [one] = layers.splice(place, 1); if (one) layers.splice(place + by, 0, one); change({ layers }); };
  const serves = wish.serves ?? { everybody: false, company_ids: [], group_ids: [] };
  const leave = (to: string) => void navigate({ to: "/on-call", search: { schedule: to } as never });
  const send = () => {
    if (schedule) { const { company_id: _, ...body } = wish; save.mutate({ id: schedule.id, body: { ...body, version: schedule.version } }, { onSuccess: (made) => leave(made.id) }); }
    else add.mutate(wish, { onSuccess: (made) => leave(made.id) });
  };
  return (
    <Page title={schedule?.name ?? "Add a schedule"} trail={TRAIL} actions={schedule && editable ? <Button className={styles.remove ?? ""} onClick={() => setRemoving(true)}>Remove</Button> : null}>
      <form className={styles.editor} onSubmit={(event) => { event.preventDefault(); send(); }}>
        <fieldset className={styles.fields} disabled={!editable}>
          <section className="card" aria-label="The schedule">
            <Group grow align="flex-start" className={styles.grow ?? ""}>
              <TextInput label="Name" required data-autofocus={!schedule || undefined} maxLength={200} value={wish.name} error={refusalAt(failure, "name")} onChange={(event) => change({ name: event.currentTarget.value })} />
              <Select label="Time zone" searchable required allowDeselect={false} data={ZONES.includes(wish.time_zone) ? ZONES : [wish.time_zone, ...ZONES]} value={wish.time_zone} error={refusalAt(failure, "time_zone")} onChange={(value) => value && change({ time_zone: value })} />
              {schedule ? null : <Select label="Whose" searchable required allowDeselect={false} data={owners} value={wish.company_id ?? MSP} error={refusalAt(failure, "company_id")} onChange={(value) => change({ company_id: value === MSP ? null : value, serves: value === MSP ? { everybody: true, company_ids: [], group_ids: [] } : null })} />}
            </Group>
            {wish.company_id === null ? (
              <div className={styles.serves}>
                <Checkbox label="For all companies, those to come as well" checked={serves.everybody} onChange={(event) => change({ serves: { ...serves, everybody: event.currentTarget.checked } })} />
                {serves.everybody ? null : <MultiSelect mt="xs" label="For these companies" searchable data={companies.map((one) => ({ value: one.id, label: one.name }))} value={serves.company_ids} error={refusalAt(failure, "serves", "companies")} onChange={(company_ids) => change({ serves: { ...serves, company_ids } })} />}
              </div>
            ) : null}
            <p className={styles.hint}>Times of day are those of the time zone, in summer and winter alike. A time that is skipped when clocks go forward begins when they do; one that comes twice begins the first time.</p>
          </section>
          {wish.layers.map((one, place) => (
            <LayerFields key={place} layer={one} place={place} count={wish.layers.length} failure={failure} onChange={(part) => layer(place, part)} onMove={(by) => move(place, by)} onRemove={() => change({ layers: wish.layers.filter((_, at) => at !== place) })} />
          ))}
          <Group><Button type="button" disabled={wish.layers.length >= 10} onClick={() => change({ layers: [...wish.layers, newLayer(`Layer ${wish.layers.length + 1}`)] })}>Add a layer</Button><span className="dim small">A layer below wins over those above it, where it has somebody.</span></Group>
        </fieldset>
        <aside className={`card ${styles.preview}`} aria-label="What it says">
          <h2>What it says</h2>
          {preview.error ? <p role="alert" className={styles.bad}>{refusalElse(preview.error)}</p> : null}
          {preview.data ? (
            <ol className={styles.line2}>{joined(preview.data.stretches).slice(0, 14).map((one) => <li key={one.from} data-gap={one.on_call === null || undefined}><b>{one.on_call ? personName(one.on_call) : "nobody"}</b> <span className="dim">{spanWords(one)}</span></li>)}</ol>
          ) : <p className="dim">Look at the next 28 days before you save.</p>}
          {editable ? (
            <>
              <Button mt="sm" type="button" loading={preview.isPending} onClick={() => preview.mutate({ ...wish, days: 28 })}>Look at it</Button>
              {failure ? <p role="alert" className={styles.bad}>{failure.message}</p> : null}
              <Button mt="sm" ml="xs" type="submit" variant="filled" loading={add.isPending || save.isPending}>{schedule ? "Save, from now on" : "Add it"}</Button>
            </>
          ) : <p className="dim">You may look at it; an admin changes it.</p>}
          {schedule ? <p className="dim small">Version {schedule.version}, since <At at={schedule.holds_from} />, by {schedule.made_by}. What was said before stays for the time before.</p> : null}
        </aside>
      </form>
      {removing && schedule ? (
        <Modal opened onClose={() => setRemoving(false)} title={`Remove ${schedule.name}`}>
          <p>Nobody is on call by it from now on. What it said until now can still be asked.</p>
          {remove.error ? <p role="alert" className={styles.bad}>{remove.error.message}</p> : null}
          <Group justify="flex-end" mt="md"><Button data-autofocus onClick={() => setRemoving(false)}>Keep it</Button><Button variant="filled" loading={remove.isPending} onClick={() => remove.mutate(schedule.id, { onSuccess: () => void navigate({ to: "/on-call", search: { tab: "schedules" } as never }) })}>Remove it</Button></Group>
        </Modal>
      ) : null}
    </Page>
  );
}

function LayerFields({ layer, place, count, failure, onChange, onMove, onRemove }: { layer: LayerWish; place: number; count: number; failure: Error | null; onChange: (part: Partial<LayerWish>) => void; onMove: (by: number) => void; onRemove: () => void }) {
  const people = usePeople();
  const known = [...new Set([...layer.people, ...(people.data?.items ?? [])])];
  const mine = failure !== null && "where" in failure && String(failure.where).includes(`layers[${place}]`) ? failure : null;
  return (
    <section className="card" aria-label={`Layer ${layer.name}`}>
      <div className={styles.head}>
        <h2>{layer.name || "Layer"} <span className="dim small">{layer.people.length ? layerWords(layer) : "nobody yet"}</span></h2>
        <span className={styles.push} />
        {place > 0 ? <Button size="compact-xs" aria-label={`Move ${layer.name} up`} onClick={() => onMove(-1)}><Icon name="up" size={12} /></Button> : null}
        {place < count - 1 ? <Button size="compact-xs" aria-label={`Move ${layer.name} down`} onClick={() => onMove(1)}><Icon name="down" size={12} /></Button> : null}
        {count > 1 ? <Button size="compact-xs" aria-label={`Remove ${layer.name}`} onClick={onRemove}>Remove</Button> : null}
      </div>
      <Group grow align="flex-start" className={styles.grow ?? ""}>
        <TextInput label="Name" required maxLength={200} value={layer.name} onChange={(event) => onChange({ name: event.currentTarget.value })} />
        <MultiSelect label="People, in the order of their turns" required searchable data={known.map((one) => ({ value: one, label: personName(one) }))} value={layer.people} error={refusalAt(failure, "people")} onChange={(some) => onChange({ people: some })} />
      </Group>
      <Group mt="sm" align="flex-start" className={styles.grow ?? ""}>
        <NumberInput w={110} label="A turn lasts" required min={1} max={9_000} allowDecimal={false} value={layer.every} error={mine ? refusalAt(mine, "every") : undefined} onChange={(value) => onChange({ every: Number(value) || 1 })} />
        <Select w={110} label="Unit" allowDeselect={false} data={[{ value: "hour", label: "hours" }, { value: "day", label: "days" }, { value: "week", label: "weeks" }]} value={layer.unit} onChange={(value) => value && onChange({ unit: value as LayerWish["unit"] })} />
        <TextInput type="date" label="First turn begins" required value={layer.starts_on} error={mine ? refusalAt(mine, "starts_on") : undefined} onChange={(event) => onChange({ starts_on: event.currentTarget.value })} />
        <TextInput type="time" label="Hand-over" required value={layer.hand_over} onChange={(event) => onChange({ hand_over: event.currentTarget.value.slice(0, 5) })} />
        <TextInput type="date" label="Ends on" value={layer.ends_on ?? ""} error={mine ? refusalAt(mine, "ends_on") : undefined} onChange={(event) => onChange({ ends_on: event.currentTarget.value || null })} />
      </Group>
      {layer.hours.map((one, at) => {
        const set = (part: Partial<typeof one>) => onChange({ hours: layer.hours.map((each, number) => (number === at ? { ...each, ...part } : each)) });
        return (
          <Group key={at} mt="sm" align="flex-end" className={styles.grow ?? ""}>
            <MultiSelect label="Only on" data={DAYS} value={one.days.map(String)} onChange={(days) => set({ days: days.map(Number).sort() })} />
            <TextInput type="time" label="From" value={one.from} onChange={(event) => set({ from: event.currentTarget.value.slice(0, 5) })} />
            <TextInput type="time" label="To" value={one.to} onChange={(event) => set({ to: event.currentTarget.value.slice(0, 5) })} />
            <Button aria-label={`Remove the hours ${daysWords(one.days)}`} onClick={() => onChange({ hours: layer.hours.filter((_, number) => number !== at) })}>Remove</Button>
          </Group>
        );
      })}
      <Group mt="sm" gap="xs">
        <Button size="compact-sm" onClick={() => onChange({ hours: [...layer.hours, { days: [0, 1, 2, 3, 4], from: "18:00", to: "08:00" }] })}>Only at night on weekdays</Button>
        <Button size="compact-sm" onClick={() => onChange({ hours: [...layer.hours, { days: [5, 6], from: "00:00", to: "00:00" }] })}>Only at weekends</Button>
      </Group>
    </section>
  );
}

function wishOf(schedule: Schedule | null, company_id: string | null): ScheduleWish {
  if (!schedule) return { name: "", time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone, company_id, serves: company_id ? null : { everybody: true, company_ids: [], group_ids: [] }, layers: [newLayer("Rotation")] };
  return { name: schedule.name, time_zone: schedule.time_zone, company_id: schedule.company_id, serves: schedule.serves, layers: schedule.layers };
}

/** A weekly one that begins this week's Monday. */
function newLayer(name: string): LayerWish {
  const now = new Date();
  const monday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - ((now.getDay() + 6) % 7), 12);
  return { name, people: [], unit: "week", every: 1, starts_on: monday.toISOString().slice(0, 10), hand_over: "08:00", ends_on: null, hours: [] };
}
