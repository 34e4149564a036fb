import { Button, CopyButton, Group, Modal, TextInput } from "@mantine/core";
import { type Schedule, useActing } from "@/pages/oncall/oncall";
import { refusalElse } from "@/parts/refusal";
import styles from "./OnCall.module.css";

/** Makes a secret address that a calendar program reads; it is shown once. */
export function FeedDialog({ schedule, onClose }: { schedule: Schedule | null; onClose: () => void }) {
  const { addFeed } = useActing();
  const of = schedule ? schedule.name : "your own times";
  return (
    <Modal opened onClose={onClose} title={`Subscribe: ${of}`}>
      {addFeed.data ? (
        <>
          <TextInput readOnly label="Address" value={addFeed.data.address} onFocus={(event) => event.currentTarget.select()} />
          <p className={styles.hint}>Put it into your calendar program as a subscription. It is shown this once; whoever has it reads these times and nothing else. End it on your own page.</p>
          <Group justify="flex-end" mt="md"><CopyButton value={addFeed.data.address}>{({ copied, copy }) => <Button data-autofocus onClick={copy}>{copied ? "Copied" : "Copy"}</Button>}</CopyButton><Button variant="filled" onClick={onClose}>Done</Button></Group>
        </>
      ) : (
        <>
          <p>Your calendar program reads a secret address every hour or so, and shows {schedule ? "who is on call by this schedule" : "when you are on call, by all schedules"}: names and times, no alert and no company.</p>
          {addFeed.error ? <p role="alert" className={styles.bad}>{refusalElse(addFeed.error)}</p> : null}
          <Group justify="flex-end" mt="md"><Button onClick={onClose}>Leave it</Button><Button variant="filled" data-autofocus loading={addFeed.isPending} onClick={() => addFeed.mutate(schedule?.id ?? null)}>Make an address</Button></Group>
        </>
      )}
    </Modal>
  );
}
