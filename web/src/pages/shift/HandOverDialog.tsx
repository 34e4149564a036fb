import { Button, Checkbox, Group, Modal, Select, Textarea } from "@mantine/core";
import { useState } from "react";
import { type Incident, leftWords, usePeople, useHanding, useShift, type Whole } from "@/pages/shift/shift";
import { counted, personName } from "@/parts/names";
import { refusalAt, refusalElse } from "@/parts/refusal";
import { SeverityGlyph } from "@/parts/Severity";
import { Failure, Skeleton } from "@/parts/States";
import styles from "./Shift.module.css";

/** Offers what is one's own to somebody: nothing moves until that person accepts. */
export function HandOverDialog({ onClose }: { onClose: () => void }) {
  const people = usePeople();
  const mine = useShift(null, "mine");
  const { offer } = useHanding();
  const [to, setTo] = useState<string | null>(null);
  const [note, setNote] = useState("");
  const [kept, setKept] = useState<ReadonlySet<string>>(new Set());
  const groups = mine.data ? [mine.data.needs_ack, mine.data.working, mine.data.waiting] : [];
  const items = groups.flatMap((one) => one.items);
  const count = groups.reduce((sum, one) => sum + one.count, 0);
  const chosen = items.filter((one) => !kept.has(one.id));
  // Beyond what is listed there may be more: only when nothing is kept is all of it meant.
  const ids = kept.size === 0 ? null : chosen.map((one) => one.id);
  const number = ids === null ? count : ids.length;
  if (offer.data) return <Offered whole={offer.data} onClose={onClose} />;
  return (
    <Modal opened onClose={onClose} title="Hand over" size="lg">
      {mine.error && !mine.data ? <Failure what="Your incidents" failure={mine.error} again={() => void mine.refetch()} /> : !mine.data ? <Skeleton rows={5} /> : count === 0 ? (
        <><p>No open incident is yours, so there is nothing to hand over. What is nobody’s is seen by whoever comes.</p><Group justify="flex-end" mt="md"><Button data-autofocus onClick={onClose}>Close</Button></Group></>
      ) : (
        <form onSubmit={(event) => { event.preventDefault(); if (to && number) offer.mutate({ to, note: note.trim(), incident_ids: ids }); }}>
          <Select data-autofocus searchable required label="To" placeholder="who comes" data={(people.data?.items ?? []).map((one) => ({ value: one.email, label: personName(one.email) === one.email ? one.email : `${personName(one.email)}, ${one.email}` }))} value={to} error={refusalAt(offer.error, "to")} onChange={setTo} nothingFoundMessage="Nobody who works on incidents is called so." />
          <Textarea mt="sm" label="What they should know" autosize minRows={2} maxLength={2_000} value={note} error={refusalAt(offer.error, "note")} onChange={(event) => setNote(event.currentTarget.value)} />
          <fieldset className={styles.choose}>
            <legend>{counted(number, "incident")} of {count.toLocaleString("en")}</legend>
            {items.map((one) => <Choice key={one.id} one={one} on={!kept.has(one.id)} onSwitch={() => setKept((was) => { const next = new Set(was); if (!next.delete(one.id)) next.add(one.id); return next; })} />)}
            {count > items.length ? <p className="dim small">{kept.size === 0 ? `And ${(count - items.length).toLocaleString("en")} more that are not listed.` : "Those that are not listed stay yours."}</p> : null}
          </fieldset>
          {offer.error && refusalElse(offer.error, "to", "note") ? <p role="alert" className={styles.bad}>{refusalElse(offer.error, "to", "note")}</p> : null}
          <p className="dim small">They stay yours until the other accepts.</p>
          <Group justify="flex-end" mt="md"><Button onClick={onClose}>Leave it</Button><Button type="submit" variant="filled" disabled={!to || number === 0} loading={offer.isPending}>Offer {counted(number, "incident")}</Button></Group>
        </form>
      )}
    </Modal>
  );
}

function Choice({ one, on, onSwitch }: { one: Incident; on: boolean; onSwitch: () => void }) {
  return <Checkbox size="xs" mt={6} checked={on} onChange={onSwitch} label={<span className={styles.choice}><SeverityGlyph severity={one.severity} size={14} /> {one.number} {one.title} <span className="dim">{one.company}</span></span>} />;
}

function Offered({ whole, onClose }: { whole: Whole; onClose: () => void }) {
  const left = leftWords(whole.left_out);
  return (
    <Modal opened onClose={onClose} title="Offered">
      <p>{counted(whole.count, "incident waits", "incidents wait")} for {personName(whole.to)} to accept. Until then they are yours.</p>
      {left ? <p className="dim">{left}</p> : null}
      <Group justify="flex-end" mt="md"><Button data-autofocus onClick={onClose}>Close</Button></Group>
    </Modal>
  );
}
