import { Button, Group, Modal, Select, TextInput } from "@mantine/core";
import { useState } from "react";
import { useSession } from "@/api/session";
import { type Schedule, type Stretch, useActing, useCalendar } from "@/pages/oncall/oncall";
import { joined, spanWords } from "@/pages/oncall/weeks";
import { personName } from "@/parts/names";
import { refusalElse } from "@/parts/refusal";
import { Failure, Skeleton } from "@/parts/States";
import styles from "./OnCall.module.css";

const WEEKS_8_MS = 56 * 86_400_000;

/** Asks somebody to exchange a stretch for one of one's own: it counts when they accept. */
export function SwapDialog({ schedule, stretch, onClose }: { schedule: Schedule; stretch: Stretch | null; onClose: () => void }) {
  const { email } = useSession();
  const { swap } = useActing();
  const [span] = useState(() => ({ from: new Date().toISOString(), to: new Date(Date.now() + WEEKS_8_MS).toISOString() }));
  const { data, error, refetch } = useCalendar(schedule.id, span.from, span.to);
  const [mine, setMine] = useState<string | null>(stretch?.on_call === email ? stretch.from : null);
  const [theirs, setTheirs] = useState<string | null>(stretch && stretch.on_call && stretch.on_call !== email ? stretch.from : null);
  const [reason, setReason] = useState("");
  // The first stretch goes on now, and the last goes on beyond what was asked for.
  const coming = joined(data?.stretches ?? []).filter((one) => one.from > span.from && one.to < span.to);
  const own = coming.filter((one) => one.on_call === email);
  const others = coming.filter((one) => one.on_call !== null && one.on_call !== email);
  const [given, taken] = [own.find((one) => one.from === mine), others.find((one) => one.from === theirs)];
  const send = () => {
    if (given && taken?.on_call) swap.mutate({ id: schedule.id, body: { from: given.from, to: given.to, other: taken.on_call, other_from: taken.from, other_to: taken.to, reason: reason.trim() } }, { onSuccess: onClose });
  };
  return (
    <Modal opened onClose={onClose} title={`Ask for a swap: ${schedule.name}`}>
      {error && !data ? <Failure what="The calendar" failure={error} again={() => void refetch()} /> : !data ? <Skeleton rows={3} /> : own.length === 0 ? (
        <><p>No whole stretch of the next eight weeks is yours, so there is nothing to exchange. To take a stretch of somebody, use “Take a stretch”.</p><Group justify="flex-end" mt="md"><Button data-autofocus onClick={onClose}>Close</Button></Group></>
      ) : (
        <form onSubmit={(event) => { event.preventDefault(); send(); }}>
          <Select data-autofocus required label="You give" data={own.map((one) => ({ value: one.from, label: spanWords(one) }))} value={mine} onChange={setMine} />
          <Select mt="sm" required searchable label="You take" data={others.map((one) => ({ value: one.from, label: `${personName(one.on_call ?? "")}, ${spanWords(one)}` }))} value={theirs} nothingFoundMessage="Nobody else has a stretch." onChange={setTheirs} />
          <TextInput mt="sm" label="Why" maxLength={500} value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
          <p className={styles.hint}>It counts when {taken?.on_call ? personName(taken.on_call) : "the other"} accepts; until then nothing changes.</p>
          {swap.error ? <p role="alert" className={styles.bad}>{refusalElse(swap.error)}</p> : null}
          <Group justify="flex-end" mt="md"><Button onClick={onClose}>Leave it</Button><Button type="submit" variant="filled" disabled={!given || !taken} loading={swap.isPending}>Ask</Button></Group>
        </form>
      )}
    </Modal>
  );
}
