import { Button, Group, Modal, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { useBraking, type Whose } from "@/pages/brakes/brakes";
import { refusalAt, refusalElse } from "@/parts/refusal";

/** Stops a company or lets it go on, once its name was typed: this is about machines, and has no undo. */
export function SwitchDialog({ company, name, on, onClose }: { company: Whose; name: string; on: boolean; onClose: () => void }) {
  const { stop, release } = useBraking(company);
  const [reason, setReason] = useState("");
  const [typed, setTyped] = useState("");
  const act = on ? stop : release;
  const same = typed.trim().toLowerCase() === name.toLowerCase();
  const ready = same && (!on || reason.trim() !== "");
  const send = () => {
    if (!ready) return;
    if (on) stop.mutate(reason.trim(), { onSuccess: onClose });
    else release.mutate(undefined, { onSuccess: onClose });
  };
  return (
    <Modal opened onClose={onClose} title={on ? `Stop ${name}` : `Let ${name} go on`}>
      <form onSubmit={(event) => { event.preventDefault(); send(); }}>
        <p>{on ? "No run starts and no approval takes effect until it is let go on. Alerts are still accepted, incidents still open, people are still told." : "Runs may start again, and what was approved may take effect, as far as no freeze is in force."}</p>
        {on ? <Textarea mt="sm" label="Why" required data-autofocus autosize maxLength={500} value={reason} error={refusalAt(act.error, "reason")} onChange={(event) => setReason(event.currentTarget.value)} /> : null}
        <TextInput mt="sm" label={`Type “${name}”`} required data-autofocus={on ? undefined : true} autoComplete="off" value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />
        {act.error && refusalElse(act.error, "reason") ? <p role="alert">{refusalElse(act.error, "reason")}</p> : null}
        <Group justify="flex-end" mt="md"><Button onClick={onClose}>{on ? "Leave it running" : "Keep it stopped"}</Button><Button type="submit" variant="filled" disabled={!ready} loading={act.isPending}>{on ? `Stop ${name}` : "Let it go on"}</Button></Group>
      </form>
    </Modal>
  );
}
