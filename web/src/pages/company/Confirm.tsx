import { Button, Group, Modal } from "@mantine/core";
import type { ReactNode } from "react";
import { refusalElse } from "@/parts/refusal";

interface Props {
  title: string;
  does: string;
  failure: Error | null;
  pending: boolean;
  onDo: () => void;
  onClose: () => void;
  children: ReactNode;
}

/** Asks once more before something is taken away, and says what that means. */
export function Confirm({ title, does, failure, pending, onDo, onClose, children }: Props) {
  return (
    <Modal opened onClose={onClose} title={title}>
      {children}
      {failure ? <p role="alert">{refusalElse(failure)}</p> : null}
      <Group justify="flex-end" mt="md"><Button data-autofocus onClick={onClose}>Leave it</Button><Button variant="filled" loading={pending} onClick={onDo}>{does}</Button></Group>
    </Modal>
  );
}
