import { Button, FileInput, Group, Modal, SegmentedControl, Select } from "@mantine/core";
import { useState } from "react";
import { useSession } from "@/api/session";
import { type Event, type Schedule, useActing, usePeople } from "@/pages/oncall/oncall";
import { spanWords } from "@/pages/oncall/weeks";
import { Inert } from "@/parts/Inert";
import { counted, personName } from "@/parts/names";
import { refusalElse } from "@/parts/refusal";
import styles from "./OnCall.module.css";

const OUTCOMES: Record<Event["outcome"], string> = {
  taken: "is taken", known: "was taken before", past: "is over", nobody: "names nobody whom this schedule can call", not_taken: "is too long, or too far ahead",
  repeats: "repeats: write it as a layer, or one by one", cancelled: "was cancelled", unknown_zone: "is in a time zone that is not known", no_time: "has no beginning or no end", unreadable: "cannot be read",
};
const EACH = "each";

/** Takes the events of an .ics file as absences or overrides; shows first what would become of each. */
export function ImportDialog({ schedule, onClose }: { schedule: Schedule; onClose: () => void }) {
  const { email } = useSession();
  const people = usePeople();
  const { importing } = useActing();
  const [text, setText] = useState<string | null>(null);
  const [kind, setKind] = useState<"absence" | "override">("absence");
  const [who, setWho] = useState(email);
  const send = (calendar: string, dry_run: boolean) => importing.mutate({ id: schedule.id, body: { kind, calendar, who: who === EACH ? null : who, dry_run } }, { onSuccess: () => { if (!dry_run) onClose(); } });
  const choices = schedule.may_set ? [...new Set([email, ...(people.data?.items ?? [])])] : [email];
  const afresh = () => importing.reset();
  return (
    <Modal opened onClose={onClose} title={`Import a calendar: ${schedule.name}`} size="lg">
      <FileInput label="Calendar file (.ics)" placeholder="Choose a file" accept=".ics,text/calendar" clearable data-autofocus onChange={(file) => { afresh(); setText(null); void file?.text().then(setText); }} />
      <Group mt="sm" grow align="flex-end">
        <SegmentedControl aria-label="What its events are" data={[{ value: "absence", label: "Absences" }, { value: "override", label: "On call" }]} value={kind} onChange={(value) => { afresh(); setKind(value as typeof kind); }} />
        <Select label="Of whom" searchable allowDeselect={false} data={[...(schedule.may_set ? [{ value: EACH, label: "Each event says who" }] : []), ...choices.map((one) => ({ value: one, label: one === email ? `${personName(one)} (you)` : personName(one) }))]} value={who} onChange={(value) => { afresh(); if (value) setWho(value); }} />
      </Group>
      <p className={styles.hint}>Up to 500 events and 256 KB. Whole days are those of {schedule.time_zone}. An event that was taken before is not taken twice.</p>
      {importing.error ? <p role="alert" className={styles.bad}>{refusalElse(importing.error)}</p> : null}
      {importing.data ? (
        <ul className={styles.events} aria-label="Events">{importing.data.items.map((one) => (
          <li key={one.number} data-taken={one.outcome === "taken" || undefined}><b><Inert text={one.title || `event ${one.number}`} /></b> {OUTCOMES[one.outcome]}{one.from && one.to ? <span className="dim">, {spanWords({ from: one.from, to: one.to })}</span> : null}</li>
        ))}</ul>
      ) : null}
      <Group justify="flex-end" mt="md">
        <Button onClick={onClose}>Leave it</Button>
        {importing.data ? <Button variant="filled" disabled={importing.data.taken === 0} loading={importing.isPending} onClick={() => text && send(text, false)}>Import {counted(importing.data.taken, "event")}</Button> : <Button variant="filled" disabled={!text} loading={importing.isPending} onClick={() => text && send(text, true)}>Look at it</Button>}
      </Group>
    </Modal>
  );
}
