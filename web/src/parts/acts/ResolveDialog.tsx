import { Button, Group, Modal, Textarea } from "@mantine/core";
import { useState } from "react";

/** Asks for what it was and what mended it; the next who has it will read that. */
export function ResolveDialog({ title, onResolve, onClose }: { title: string; onResolve: (note: string) => void; onClose: () => void }) {
  const [note, setNote] = useState("");
  const send = () => {
    onResolve(note.trim());
    onClose();
  };
  return (
    <Modal opened onClose={onClose} title={`Resolve ${title}`}>
      <form onSubmit={(event) => { event.preventDefault(); send(); }}>
        <Textarea
          data-autofocus label="What was it, and what mended it?" autosize minRows={2} maxLength={1_000} value={note}
          description="Shown in the timeline and to whoever meets it next. May be empty."
          onChange={(event) => setNote(event.currentTarget.value)}
          onKeyDown={(event) => { if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); send(); } }}
        />
        <Group justify="flex-end" mt="md"><Button onClick={onClose}>Keep it open</Button><Button type="submit" variant="filled">Resolve</Button></Group>
      </form>
    </Modal>
  );
}
