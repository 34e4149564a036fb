import { Button, Group, Modal, Select, TextInput } from "@mantine/core";
import { useState } from "react";
import { type Credential, keep, remove, replace, useAccessAct, useCredentials, useWays, type Way } from "@/api/access";
import { useMay } from "@/api/session";
import { begun, fieldTitle, filled, isWhole, wayTitle } from "@/pages/company/access";
import { Confirm } from "@/pages/company/Confirm";
import { WayFields } from "@/pages/company/WayFields";
import { Inert } from "@/parts/Inert";
import { counted } from "@/parts/names";
import { Person } from "@/parts/Person";
import { refusalAt, refusalElse } from "@/parts/refusal";
import { Failure, Skeleton } from "@/parts/States";
import table from "@/parts/Table.module.css";
import { Age } from "@/parts/Time";
import styles from "./Company.module.css";

/** The secrets that let scripts in: who made which, and what is bound with it; never what they are. */
export function Credentials({ company }: { company: string }) {
  const maySet = useMay()("credential.set");
  const found = useCredentials(company, true);
  const ways = useWays();
  const [open, setOpen] = useState<{ does: "add" } | { does: "replace" | "remove"; one: Credential } | null>(null);
  const close = () => setOpen(null);
  if (found.error && !found.data) return <Failure what="Credentials" failure={found.error} again={() => void found.refetch()} />;
  if (!found.data || !ways.data) return <Skeleton rows={4} />;
  const rows = found.data.pages.flatMap((one) => one.items);
  return (
    <section aria-label="Credentials">
      <h2>Credentials</h2>
      <p className={styles.lead}>Their values are sealed when they come in, and shown to nobody. One can be removed once nothing is bound with it.</p>
      {maySet ? <p style={{ marginBottom: 12 }}><Button onClick={() => setOpen({ does: "add" })}>Add a credential</Button></p> : null}
      {rows.length === 0 ? <p className="dim">None yet: nothing can be reached.</p> : (
        <table className={`${table.table} ${styles.machines}`}>
          <thead><tr><th>Name</th><th>For</th><th className={table.some}>Holds</th><th className={table.few}>Values of</th><th>Used by</th>{maySet ? <th><span className="visually-hidden">What to do</span></th> : null}</tr></thead>
          <tbody>{rows.map((one) => (
            <tr key={one.id}>
              <td className={styles.anywhere}><b><Inert text={one.name} /></b></td>
              <td>{wayTitle(ways.data.items, one.executor)}</td>
              <td className={`${table.some} ${styles.anywhere}`}>{one.fields.map(fieldTitle).join(", ") || <span className="dim">nothing</span>}</td>
              <td className={table.few}>{one.rotated_at ? <>replaced <Age at={one.rotated_at} suffix=" ago" />, made </> : null}<Age at={one.added_at} suffix=" ago" /> by <Person email={one.added_by} /></td>
              <td>{one.bound === 0 ? <span className="dim">nothing</span> : counted(one.bound, "asset")}</td>
              {maySet ? (
                <td className={table.right}>
                  <Group gap={6} justify="flex-end" wrap="nowrap">
                    <Button size="compact-xs" aria-label={`Replace the values of ${one.name}`} onClick={() => setOpen({ does: "replace", one })}>Replace</Button>
                    {one.bound === 0 ? <Button size="compact-xs" aria-label={`Remove ${one.name}`} onClick={() => setOpen({ does: "remove", one })}>Remove</Button> : null}
                  </Group>
                </td>
              ) : null}
            </tr>
          ))}</tbody>
        </table>
      )}
      {found.hasNextPage ? <Button mt="md" loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>Older ones</Button> : null}
      {open?.does === "add" ? <Add company={company} ways={ways.data.items} onClose={close} /> : null}
      {open?.does === "replace" ? <Replace company={company} one={open.one} way={ways.data.items.find((way) => way.slug === open.one.executor)} onClose={close} /> : null}
      {open?.does === "remove" ? <Remove company={company} one={open.one} onClose={close} /> : null}
    </section>
  );
}

function Add({ company, ways, onClose }: { company: string; ways: readonly Way[]; onClose: () => void }) {
  const [slug, setSlug] = useState<string | null>(null);
  const [name, setName] = useState("");
  const [typed, setTyped] = useState<Record<string, string>>({});
  const add = useAccessAct(company, keep(company));
  const way = ways.find((one) => one.slug === slug);
  const choose = (chosen: string | null) => {
    setSlug(chosen);
    setTyped(begun(ways.find((one) => one.slug === chosen)?.credential ?? []));
  };
  const names = (way?.credential ?? []).map((one) => one.name);
  const ready = way !== undefined && name.trim() !== "" && isWhole(way.credential, typed);
  return (
    <Modal opened onClose={onClose} title="Add a credential" size="lg">
      <form onSubmit={(event) => { event.preventDefault(); if (way) add.mutate({ name: name.trim(), executor: way.slug, values: filled(way.credential, typed) }, { onSuccess: onClose }); }}>
        <Select data-autofocus required label="For" placeholder="SSH, AWS Systems Manager…" data={ways.map((one) => ({ value: one.slug, label: one.title }))} value={slug} onChange={choose} />
        <TextInput mt="sm" required label="Name" description="As your people call it" value={name} onChange={(event) => setName(event.currentTarget.value)} error={refusalAt(add.error, "name")} />
        {way ? <WayFields values={way.credential} typed={typed} failure={add.error} onType={(field, value) => setTyped((was) => ({ ...was, [field]: value }))} /> : null}
        {add.error && refusalElse(add.error, "name", ...names) ? <p role="alert">{refusalElse(add.error, "name", ...names)}</p> : null}
        <Group justify="flex-end" mt="md"><Button onClick={onClose}>Leave it</Button><Button type="submit" variant="filled" disabled={!ready} loading={add.isPending}>Seal and keep it</Button></Group>
      </form>
    </Modal>
  );
}

function Replace({ company, one, way, onClose }: { company: string; one: Credential; way: Way | undefined; onClose: () => void }) {
  const values = way?.credential ?? [];
  const [typed, setTyped] = useState(begun(values));
  const turn = useAccessAct(company, replace(company, one.id));
  const names = values.map((value) => value.name);
  return (
    <Modal opened onClose={onClose} title={`Replace the values of ${one.name}`} size="lg">
      <form onSubmit={(event) => { event.preventDefault(); turn.mutate(filled(values, typed), { onSuccess: onClose }); }}>
        <p>All of them are replaced, not only those that differ. {one.bound === 0 ? "Nothing is bound with it." : `${counted(one.bound, "asset")} use the new ones from the next run on; approvals that wait are asked anew.`}</p>
        <WayFields values={values} typed={typed} failure={turn.error} onType={(field, value) => setTyped((was) => ({ ...was, [field]: value }))} />
        {turn.error && refusalElse(turn.error, ...names) ? <p role="alert">{refusalElse(turn.error, ...names)}</p> : null}
        <Group justify="flex-end" mt="md"><Button onClick={onClose}>Leave it</Button><Button type="submit" variant="filled" disabled={!isWhole(values, typed)} loading={turn.isPending}>Replace them</Button></Group>
      </form>
    </Modal>
  );
}

function Remove({ company, one, onClose }: { company: string; one: Credential; onClose: () => void }) {
  const gone = useAccessAct(company, remove(company, one.id));
  return (
    <Confirm title={`Remove ${one.name}`} does="Remove it" failure={gone.error} pending={gone.isPending} onDo={() => gone.mutate(undefined, { onSuccess: onClose })} onClose={onClose}>
      <p>What is in it is destroyed and cannot be had back. Nothing is bound with it.</p>
    </Confirm>
  );
}
