import { Button, Group, Modal, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { answered, client } from "@/api/client";
import { fromField, toField } from "@/parts/moment";
import { refusalAt, refusalElse } from "@/parts/refusal";

const HOUR_MS = 3_600_000;

/** Records what was promised to a client about an incident, so that no shift forgets it. */
export function PromiseDialog({ id, number, onClose }: { id: string; number: number; onClose: () => void }) {
  const queries = useQueryClient();
  const [text, setText] = useState("");
  const [due, setDue] = useState(() => toField(new Date(Date.now() + HOUR_MS)));
  const at = fromField(due);
  const make = useMutation({
    mutationFn: () => answered(client.POST("/api/incidents/{incident_id}/promises", { params: { path: { incident_id: id } }, body: { text: text.trim(), due_at: at ?? "" } })),
    onSuccess: () => {
      for (const key of ["handover", "incident"]) void queries.invalidateQueries({ queryKey: [key] });
      onClose();
    },
  });
  return (
    <Modal opened onClose={onClose} title={`Promise something about ${number}`}>
      <form onSubmit={(event) => { event.preventDefault(); make.mutate(); }}>
        <TextInput label="What was promised to the client" required data-autofocus maxLength={500} placeholder="A call with news" value={text} error={refusalAt(make.error, "text")} onChange={(event) => setText(event.currentTarget.value)} />
        <TextInput mt="sm" type="datetime-local" label="By when, by your clock" required value={due} error={refusalAt(make.error, "due_at")} onChange={(event) => setDue(event.currentTarget.value)} />
        {make.error && refusalElse(make.error, "text", "due_at") ? <p role="alert">{refusalElse(make.error, "text", "due_at")}</p> : null}
        <Group justify="flex-end" mt="md"><Button onClick={onClose}>Leave it</Button><Button type="submit" variant="filled" disabled={!text.trim() || at === null} loading={make.isPending}>Record it</Button></Group>
      </form>
    </Modal>
  );
}
