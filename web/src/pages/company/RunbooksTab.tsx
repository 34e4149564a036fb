import { Button, Group, Modal, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { answered, client, Refused } from "@/api/client";
import { type Brief, useRunbook, useRunbooks } from "@/api/runbooks";
import { useMay } from "@/api/session";
import { OverrideDialog } from "@/pages/company/OverrideDialog";
import { placeWord } from "@/pages/company/overrides";
import { RunPolicy } from "@/pages/company/RunPolicy";
import { Broken, RunbookTable } from "@/pages/runbooks/Runbooks";
import { refusalElse } from "@/parts/refusal";
import { Failure, Skeleton } from "@/parts/States";
import styles from "./Company.module.css";

const SLUG = "^[a-z][a-z0-9\\-]{2,63}$";
const MOST_BYTES = 262_144;
type Dialog = { kind: "override" | "edit" | "remove"; one: Brief } | { kind: "add" } | null;

/** What can be run for a company: its own runbooks, what it wants otherwise in any, and what alerts may decide. */
export function RunbooksTab({ company }: { company: string }) {
  const may = useMay();
  const { data, error, refetch } = useRunbooks(company);
  const [dialog, setDialog] = useState<Dialog>(null);
  if (error && !data) return <Failure what="Runbooks" failure={error} again={() => void refetch()} />;
  if (!data) return <Skeleton rows={8} height={48} />;
  const maySet = may("runbook.set");
  const acts = (one: Brief) => (
    <Group gap={6} justify="flex-end" wrap="nowrap">
      <Button size="compact-xs" aria-label={`Want ${one.title} otherwise`} onClick={() => setDialog({ kind: "override", one })}>Otherwise</Button>
      {one.own ? <Button size="compact-xs" aria-label={`Change ${one.title}`} onClick={() => setDialog({ kind: "edit", one })}>Change</Button> : null}
      {one.own ? <Button size="compact-xs" aria-label={`Remove ${one.title}`} onClick={() => setDialog({ kind: "remove", one })}>Remove</Button> : null}
    </Group>
  );
  const own = data.items.filter((one) => one.own);
  const prebuilt = data.items.filter((one) => !one.own);
  const close = () => setDialog(null);
  return (
    <div className={styles.people}>
      {may("run_policy.read") ? <RunPolicy company={company} runbooks={data.items} /> : null}
      <section aria-label="Its own runbooks">
        <h2>Its own runbooks</h2>
        <Broken broken={data.broken} />
        {own.length ? <RunbookTable items={own} company={company} {...(maySet ? { acts } : {})} /> : <p className="dim">None. It has the prebuilt ones below.</p>}
        {maySet ? <Button mt="sm" onClick={() => setDialog({ kind: "add" })}>Add a runbook</Button> : null}
      </section>
      <section aria-label="Prebuilt runbooks">
        <h2>Prebuilt runbooks</h2>
        <RunbookTable items={prebuilt} company={company} {...(maySet ? { acts } : {})} />
      </section>
      {dialog?.kind === "override" ? <OverrideDialog company={company} slug={dialog.one.slug} title={dialog.one.title} onClose={close} /> : null}
      {dialog?.kind === "add" ? <File company={company} slug={null} first="" onClose={close} /> : null}
      {dialog?.kind === "edit" ? <Edit company={company} slug={dialog.one.slug} onClose={close} /> : null}
      {dialog?.kind === "remove" ? <Remove company={company} one={dialog.one} onClose={close} /> : null}
    </div>
  );
}

function Edit({ company, slug, onClose }: { company: string; slug: string; onClose: () => void }) {
  const { data, error } = useRunbook(company, slug);
  if (data) return <File company={company} slug={slug} first={data.text} onClose={onClose} />;
  return <Modal opened onClose={onClose} title={slug}>{error ? <Failure what="The runbook" failure={error} /> : <Skeleton rows={6} />}</Modal>;
}

/** The file of a runbook of the company's own; what is wrong in it is said with its line. */
function File({ company, slug, first, onClose }: { company: string; slug: string | null; first: string; onClose: () => void }) {
  const queries = useQueryClient();
  const [name, setName] = useState(slug ?? "");
  const [text, setText] = useState(first);
  const keep = useMutation({
    mutationFn: () => answered(client.PUT("/api/companies/{company_id}/runbooks/{slug}", { params: { path: { company_id: company, slug: name } }, body: { text } })),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ["runbooks"] });
      onClose();
    },
  });
  const named = new RegExp(SLUG).test(name);
  const failure = keep.error;
  const at = failure instanceof Refused ? placeWord(failure.where, name) : "";
  return (
    <Modal opened onClose={onClose} size="xl" title={slug ? `Change ${slug}` : "Add a runbook"}>
      <form onSubmit={(event) => { event.preventDefault(); keep.mutate(); }}>
        <p>{slug ? "A changed file needs a higher version. " : "A name that no prebuilt one has, and a file as docs/howto/add-a-runbook.md goes through it. "}Scripts run byte for byte as they stand here, once somebody agreed to them.</p>
        {slug ? null : <TextInput mt="sm" data-autofocus required label="Name" description="Small letters, digits and hyphens" value={name} error={name && !named ? "3 to 64 small letters, digits and hyphens, a letter first" : undefined} onChange={(event) => setName(event.currentTarget.value)} />}
        <Textarea mt="sm" required label="File" description="TOML" autosize minRows={10} maxRows={24} maxLength={MOST_BYTES} spellCheck={false} classNames={{ input: styles.code ?? "" }} value={text} error={failure ? `${at}${refusalElse(failure) ?? ""}` : undefined} onChange={(event) => setText(event.currentTarget.value)} />
        <Group justify="flex-end" mt="md"><Button onClick={onClose}>Leave it</Button><Button type="submit" variant="filled" disabled={!named || !text.trim() || text === first} loading={keep.isPending}>Keep it</Button></Group>
      </form>
    </Modal>
  );
}

function Remove({ company, one, onClose }: { company: string; one: Brief; onClose: () => void }) {
  const queries = useQueryClient();
  const remove = useMutation({
    mutationFn: () => answered(client.DELETE("/api/companies/{company_id}/runbooks/{slug}", { params: { path: { company_id: company, slug: one.slug } } })),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ["runbooks"] });
      onClose();
    },
  });
  return (
    <Modal opened onClose={onClose} title={`Remove “${one.title}”`}>
      <p>It cannot be started any more. A run of it that waits for a yes does not start; what ran stays to be read.</p>
      {remove.error ? <p role="alert">{refusalElse(remove.error)}</p> : null}
      <Group justify="flex-end" mt="md"><Button data-autofocus onClick={onClose}>Keep it</Button><Button variant="filled" loading={remove.isPending} onClick={() => remove.mutate()}>Remove it</Button></Group>
    </Modal>
  );
}
