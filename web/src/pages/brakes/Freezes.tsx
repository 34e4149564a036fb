import { Button, Group, Modal, TextInput } from "@mantine/core";
import { useState } from "react";
import { type Freeze, useBraking, type Whose, type Window } from "@/pages/brakes/brakes";
import { fromField, toField } from "@/parts/moment";
import { refusalAt, refusalElse } from "@/parts/refusal";
import table from "@/parts/Table.module.css";
import { At } from "@/parts/Time";
import styles from "./Brakes.module.css";

const HOUR_MS = 3_600_000;

/** Times in which nothing starts; those of all companies are shown with a company's own. */
export function Freezes({ company, freezes, maySet }: { company: Whose; freezes: readonly Freeze[]; maySet: boolean }) {
  const { freeze } = useBraking(company);
  const [adding, setAdding] = useState(false);
  const reach = company ? "company" : "all";
  const own = freezes.filter((one) => one.reach === reach);
  const windows = (some: readonly Freeze[]): Window[] => some.map(({ from, to, reason }) => ({ from, to, reason }));
  return (
    <section className="card" aria-label="Freezes">
      <h2>Freezes <span className="dim small">times in which nothing starts, by your clock</span></h2>
      {freezes.length === 0 ? <p className="dim">None is in force and none is to come. Set one before a migration, an audit or the holidays.</p> : (
        <table className={`${table.table} ${table.cards}`}>
          <thead><tr><th>From</th><th>To</th><th>Why</th><th>State</th><th><span className="visually-hidden">What to do</span></th></tr></thead>
          <tbody>{freezes.map((one) => (
            <tr key={`${one.reach} ${one.from} ${one.to} ${one.reason}`}>
              <td data-label="from"><At at={one.from} /></td><td data-label="to"><At at={one.to} /></td><td>{one.reason}</td>
              <td>{one.holds ? <b>in force</b> : "to come"}{one.reach === "all" && company ? <span className="dim">, of all companies</span> : null}</td>
              <td className={table.right}>{maySet && one.reach === reach ? <Button size="compact-xs" aria-label={`Take ${one.reason} away`} loading={freeze.isPending} onClick={() => freeze.mutate(windows(own.filter((other) => other !== one)))}>Take it away</Button> : null}</td>
            </tr>
          ))}</tbody>
        </table>
      )}
      {!adding && freeze.error ? <p role="alert" className={styles.bad}>{freeze.error.message}</p> : null}
      {maySet ? <Button mt="sm" onClick={() => { freeze.reset(); setAdding(true); }}>Add a freeze</Button> : null}
      {adding ? <Add failure={freeze.error} pending={freeze.isPending} onAdd={(one) => freeze.mutate([...windows(own), one], { onSuccess: () => setAdding(false) })} onClose={() => setAdding(false)} /> : null}
    </section>
  );
}

function Add({ failure, pending, onAdd, onClose }: { failure: Error | null; pending: boolean; onAdd: (window: Window) => void; onClose: () => void }) {
  const [from, setFrom] = useState(() => toField(new Date()));
  const [to, setTo] = useState(() => toField(new Date(Date.now() + 8 * HOUR_MS)));
  const [reason, setReason] = useState("");
  const [starts, ends] = [fromField(from), fromField(to)];
  const backwards = starts && ends && ends <= starts ? "must end after it starts" : undefined;
  const ready = starts && ends && !backwards && reason.trim();
  return (
    <Modal opened onClose={onClose} title="Add a freeze">
      <form onSubmit={(event) => { event.preventDefault(); if (ready) onAdd({ from: starts, to: ends, reason: reason.trim() }); }}>
        <Group grow align="flex-start">
          <TextInput type="datetime-local" label="From" required value={from} error={refusalAt(failure, "from")} onChange={(event) => setFrom(event.currentTarget.value)} />
          <TextInput type="datetime-local" label="To" required value={to} error={backwards ?? refusalAt(failure, "to")} onChange={(event) => setTo(event.currentTarget.value)} />
        </Group>
        <TextInput mt="sm" label="Why" required data-autofocus maxLength={500} value={reason} error={refusalAt(failure, "reason")} onChange={(event) => setReason(event.currentTarget.value)} />
        {failure && refusalElse(failure, "from", "to", "reason") ? <p role="alert">{refusalElse(failure, "from", "to", "reason")}</p> : null}
        <Group justify="flex-end" mt="md"><Button onClick={onClose}>Leave it</Button><Button type="submit" variant="filled" disabled={!ready} loading={pending}>Add it</Button></Group>
      </form>
    </Modal>
  );
}
