import { Button, Checkbox, Group, Modal, Select, TagsInput, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { answered, client } from "@/api/client";
import { type Runbook, useRunbook } from "@/api/runbooks";
import { overrideOf, type Typed, typedOf } from "@/pages/company/overrides";
import { kindWord } from "@/pages/runbooks/words";
import { refusalAt, refusalElse } from "@/parts/refusal";
import { Failure, Skeleton } from "@/parts/States";

const MOST_NOTE = 500;
const RISKS = [{ value: "", label: "as the runbook says" }, { value: "low", label: "low" }, { value: "medium", label: "medium" }, { value: "high", label: "high" }];

/** What a company wants otherwise in a runbook: never its scripts, and its risk only upwards. */
export function OverrideDialog({ company, slug, title, onClose }: { company: string; slug: string; title: string; onClose: () => void }) {
  const { data, error, refetch } = useRunbook(company, slug);
  return (
    <Modal opened onClose={onClose} size="lg" title={`Want “${title}” otherwise`}>
      {data ? <Form company={company} one={data} onClose={onClose} /> : error ? <Failure what="The runbook" failure={error} again={() => void refetch()} /> : <Skeleton rows={6} />}
    </Modal>
  );
}

function Form({ company, one, onClose }: { company: string; one: Runbook; onClose: () => void }) {
  const queries = useQueryClient();
  const [typed, setTyped] = useState<Typed>(() => typedOf(one));
  const set = (more: Partial<Typed>) => setTyped((was) => ({ ...was, ...more }));
  const path = { params: { path: { company_id: company, slug: one.slug } } };
  const onSuccess = () => {
    void queries.invalidateQueries({ queryKey: ["runbooks"] });
    onClose();
  };
  const save = useMutation({ mutationFn: () => answered(client.PUT("/api/companies/{company_id}/runbooks/{slug}/override", { ...path, body: overrideOf(typed) })), onSuccess });
  const restore = useMutation({ mutationFn: () => answered(client.DELETE("/api/companies/{company_id}/runbooks/{slug}/override", path)), onSuccess });
  const failure = save.error ?? restore.error;
  const fields = ["risk", "note", ...one.parameters.map((each) => each.name)];
  return (
    <form onSubmit={(event) => { event.preventDefault(); save.mutate(); }}>
      <Checkbox label="Switched off: it cannot be started" checked={typed.disabled} onChange={(event) => set({ disabled: event.currentTarget.checked })} />
      <Select mt="sm" label="Risk" description="Only upwards: the higher, the more people must agree." data={RISKS} allowDeselect={false} value={typed.risk} error={refusalAt(failure, "risk")} onChange={(risk) => set({ risk: risk ?? "" })} />
      {one.parameters.map((each) => (
        <fieldset key={each.name} style={{ marginTop: 12, border: "1px solid var(--aw-line)", borderRadius: 8 }}>
          <legend><code>{each.name}</code></legend>
          <p className="dim">{each.description} ({kindWord(each)})</p>
          <TextInput label="Value where nobody says one" autoComplete="off" spellCheck={false} placeholder={each.default ?? "none: it must be given"} value={typed.parameters[each.name] ?? ""} error={refusalAt(failure, each.name)} onChange={(event) => set({ parameters: { ...typed.parameters, [each.name]: event.currentTarget.value } })} />
          {each.suggested_from.length ? <TagsInput mt="sm" label="Values that an alert may hand over" description="Enter after each; no other value is ever taken from an alert." splitChars={[]} value={[...(typed.allowed[each.name] ?? [])]} onChange={(values) => set({ allowed: { ...typed.allowed, [each.name]: values } })} /> : null}
        </fieldset>
      ))}
      <Textarea mt="sm" label="Why" autosize maxLength={MOST_NOTE} value={typed.note} error={refusalAt(failure, "note")} onChange={(event) => set({ note: event.currentTarget.value })} />
      {failure && refusalElse(failure, ...fields) ? <p role="alert">{refusalElse(failure, ...fields)}</p> : null}
      <Group justify="flex-end" mt="md">
        {one.override ? <Button loading={restore.isPending} onClick={() => restore.mutate()}>Want nothing otherwise</Button> : null}
        <Button onClick={onClose}>Leave it</Button><Button type="submit" variant="filled" loading={save.isPending}>Save</Button>
      </Group>
    </form>
  );
}
