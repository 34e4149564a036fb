import { Button, Group, Modal, Radio, Stack, TextInput } from "@mantine/core";
import { useState } from "react";
import type { SnoozeEnd } from "@/api/acts";
import { endOf, localTime, snoozes } from "@/parts/acts/snoozes";
import { shortTime } from "@/parts/Time";

const OWN = "own";

/** Lets incidents keep quiet for a while; what clears or worsens wakes before. */
export function SnoozeDialog({ title, onSnooze, onClose }: { title: string; onSnooze: (end: SnoozeEnd, note: string) => void; onClose: () => void }) {
  const [opened] = useState(() => Date.now());
  const [chosen, setChosen] = useState("hour");
  const [own, setOwn] = useState(() => localTime(new Date(opened + 2 * 3_600_000)));
  const [note, setNote] = useState("");
  const end = chosen === OWN ? endOf(own, opened) : (snoozes(opened).find((one) => one.value === chosen)?.end ?? null);
  const send = () => {
    if (!end) return;
    onSnooze(end, note.trim());
    onClose();
  };
  return (
    <Modal opened onClose={onClose} title={`Snooze ${title}`}>
      <form onSubmit={(event) => { event.preventDefault(); send(); }}>
        <Radio.Group label="Until when?" value={chosen} onChange={setChosen} description="It wakes before when it becomes worse, or clear.">
          <Stack gap={6} mt="xs">
            {snoozes(opened).map((one, place) => <Radio key={one.value} value={one.value} data-autofocus={place === 0 || undefined} label={one.end.until ? `${one.words}, ${shortTime(one.end.until)}` : one.words} />)}
            <Radio value={OWN} label="until a time of your own" />
          </Stack>
        </Radio.Group>
        {chosen === OWN ? (
          <TextInput mt="xs" type="datetime-local" aria-label="Until" value={own} error={end ? undefined : "Choose a time within the next 30 days."} onChange={(event) => setOwn(event.currentTarget.value)} />
        ) : null}
        <TextInput mt="md" label="Why?" description="Shown in the timeline. May be empty." maxLength={1_000} value={note} onChange={(event) => setNote(event.currentTarget.value)} />
        <Group justify="flex-end" mt="md"><Button onClick={onClose}>Leave it awake</Button><Button type="submit" variant="filled" disabled={!end}>Snooze</Button></Group>
      </form>
    </Modal>
  );
}
