import { Button, Group, Modal, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { answered, client, type Shapes } from "@/api/client";
import { SeverityGlyph, SEVERITIES } from "@/parts/Severity";
import styles from "./MergeDialog.module.css";

type Incident = Shapes["IncidentShown"];

/** Shows what would come of a merge before it is done; `chosen` are those already picked, the first of them stays. */
export function MergeDialog({ chosen, onMerge, onClose }: {
  chosen: readonly Incident[];
  onMerge: (into: Incident, others: readonly Incident[]) => void;
  onClose: () => void;
}) {
  const [number, setNumber] = useState("");
  const { data: found, error } = useQuery({
    queryKey: ["incident", "by-number", number],
    queryFn: () => answered(client.GET("/api/incidents/by-number/{number}", { params: { path: { number: Number(number) } } })),
    enabled: chosen.length === 1 && /^[0-9]{1,15}$/.test(number),
    retry: false,
  });
  const [stays, ...others] = chosen.length > 1 ? chosen : [...chosen, ...(found ? [found] : [])];
  if (!stays) return null;
  const foreign = others.filter((one) => one.company_id !== stays.company_id);
  const twice = others.some((one) => one.id === stays.id);
  const all = [stays, ...others];
  const worst = SEVERITIES.find((one) => all.some((incident) => incident.severity === one)) ?? stays.severity;
  const sum = (count: (one: Incident) => number) => all.reduce((total, one) => total + count(one), 0);
  const ready = others.length > 0 && foreign.length === 0 && !twice;
  return (
    <Modal opened onClose={onClose} title={chosen.length > 1 ? `Merge ${chosen.length} incidents` : `Merge another incident into ${stays.number}`} size="lg">
      {chosen.length === 1 ? (
        <TextInput data-autofocus label="Number of the incident that becomes part of it" inputMode="numeric" value={number} onChange={(event) => setNumber(event.currentTarget.value.trim())} error={number && error ? error.message : undefined} />
      ) : null}
      <ul className={styles.parts}>
        {others.map((one) => <li key={one.id}><SeverityGlyph severity={one.severity} /> {one.number} {one.title} <span className="dim">{one.alert_count} alerts; will say “merged into {stays.number}”</span></li>)}
      </ul>
      {ready ? (
        <section className={styles.result} aria-label="What comes of it">
          <h3>Afterwards</h3>
          <p><SeverityGlyph severity={worst} /> <b>{stays.number} {stays.title}</b></p>
          <p className="dim">{sum((one) => one.occurrence_count)} alerts received, {sum((one) => one.alert_count)} distinct, on {new Set(all.flatMap((one) => one.assets)).size} assets, from {new Set(all.flatMap((one) => one.tools)).size} tools. New alerts of each keep joining it.</p>
        </section>
      ) : null}
      {foreign.length ? <p role="alert" className={styles.warning}>Incidents of two companies are never merged: {foreign.map((one) => one.number).join(", ")} belongs to another.</p> : null}
      {twice ? <p role="alert" className={styles.warning}>That is the same incident.</p> : null}
      <Group justify="flex-end" mt="md">
        <Button onClick={onClose}>Leave them apart</Button>
        <Button variant="filled" disabled={!ready} onClick={() => { onMerge(stays, others); onClose(); }}>Merge</Button>
      </Group>
    </Modal>
  );
}
