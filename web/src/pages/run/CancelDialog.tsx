import { Button, Group, Modal } from "@mantine/core";
import { type Run, useCancel } from "@/api/runs";
import { refusalElse } from "@/parts/refusal";

/** Ends a run, after saying what that means where it stands now. */
export function CancelDialog({ run, onClose }: { run: Run; onClose: () => void }) {
  const cancel = useCancel(run.id);
  return (
    <Modal opened onClose={onClose} title={`Cancel “${run.title}”`}>
      <p>{run.started_at
        ? "It ends before its next script that changes something. An act that runs now is ended and, where there is an undo, put back. What is done on other targets stays."
        : "Nothing has started; nothing will. Whoever was asked need not answer any more."}</p>
      {cancel.error ? <p role="alert">{refusalElse(cancel.error)}</p> : null}
      <Group justify="flex-end" mt="md"><Button data-autofocus onClick={onClose}>Let it go on</Button><Button variant="filled" loading={cancel.isPending} onClick={() => cancel.mutate(undefined, { onSuccess: onClose })}>Cancel this run</Button></Group>
    </Modal>
  );
}
