import { Button, Group, Modal, SegmentedControl, Select, TextInput } from "@mantine/core";
import { useState } from "react";
import { useSession } from "@/api/session";
import { type Schedule, type Stretch, useActing, usePeople } from "@/pages/oncall/oncall";
import { fromField, toField } from "@/parts/moment";
import { personName } from "@/parts/names";
import { refusalAt, refusalElse } from "@/parts/refusal";
import styles from "./OnCall.module.css";

const HOURS_12_MS = 43_200_000;

/** Takes a stretch, or says who is away; for others only where one may change the schedule. */
export function OverrideDialog({ schedule, stretch, onClose }: { schedule: Schedule; stretch: Stretch | null; onClose: () => void }) {
  const { email } = useSession();
  const people = usePeople();
  const { override } = useActing();
  const opened = stretch && Date.parse(stretch.from) > Date.now() ? new Date(stretch.from) : new Date();
  const [kind, setKind] = useState<"override" | "absence">("override");
  const [from, setFrom] = useState(() => toField(opened));
  const [to, setTo] = useState(() => toField(stretch ? new Date(stretch.to) : new Date(opened.getTime() + HOURS_12_MS)));
  const [who, setWho] = useState<string>(email);
  const [reason, setReason] = useState("");
  const [starts, ends] = [fromField(from), fromField(to)];
  const backwards = starts && ends && ends <= starts ? "must end after it starts" : undefined;
  const ready = starts && ends && !backwards;
  const send = () => { if (ready) override.mutate({ id: schedule.id, body: { kind, from: starts, to: ends, who: who === email ? null : who, reason: reason.trim() } }, { onSuccess: onClose }); };
  return (
    <Modal opened onClose={onClose} title={`${kind === "override" ? "Take a stretch" : "Be away"}: ${schedule.name}`}>
      <form onSubmit={(event) => { event.preventDefault(); send(); }}>
        <SegmentedControl fullWidth aria-label="What" data={[{ value: "override", label: "On call" }, { value: "absence", label: "Away" }]} value={kind} onChange={(value) => setKind(value as typeof kind)} />
        <Group mt="sm" grow align="flex-start">
          <TextInput type="datetime-local" label="From" required value={from} error={refusalAt(override.error, "from")} onChange={(event) => setFrom(event.currentTarget.value)} />
          <TextInput type="datetime-local" label="To" required value={to} error={backwards ?? refusalAt(override.error, "to")} onChange={(event) => setTo(event.currentTarget.value)} />
        </Group>
        {schedule.may_set ? <Select mt="sm" label="Who" searchable allowDeselect={false} data={[...new Set([email, ...(people.data?.items ?? [])])].map((one) => ({ value: one, label: one === email ? `${personName(one)} (you)` : personName(one) }))} value={who} error={refusalAt(override.error, "person", "who")} onChange={(value) => value && setWho(value)} /> : null}
        <TextInput mt="sm" label="Why" data-autofocus maxLength={500} value={reason} error={refusalAt(override.error, "reason")} onChange={(event) => setReason(event.currentTarget.value)} />
        <p className={styles.hint}>{kind === "override" ? "Whoever had it is not called in this time. It can be taken back; what has been stays." : "Their turn falls to the layer below, or to nobody: then it is shown as a gap."}</p>
        {override.error && refusalElse(override.error, "from", "to", "person", "who", "reason") ? <p role="alert" className={styles.bad}>{refusalElse(override.error, "from", "to", "person", "who", "reason")}</p> : null}
        <Group justify="flex-end" mt="md"><Button onClick={onClose}>Leave it</Button><Button type="submit" variant="filled" disabled={!ready} loading={override.isPending}>{kind === "override" ? "Take it" : "Say so"}</Button></Group>
      </form>
    </Modal>
  );
}
