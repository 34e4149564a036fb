import { Button, Modal, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import type { Search } from "@/address";
import { type Card, useBoard } from "@/api/board";
import { answered, client } from "@/api/client";
import { useMay, useSession } from "@/api/session";
import { Icon } from "@/parts/Icon";
import { counted } from "@/parts/names";
import { SeverityCounts } from "@/parts/Severity";
import { Empty } from "@/parts/States";
import table from "@/parts/Table.module.css";
import { Brakes } from "@/pages/brakes/Brakes";
import { Page } from "@/shell/Page";
import styles from "./Companies.module.css";

const MOST = 500;

/** The companies that the person serves, and the way to each one's settings. */
export default function Companies() {
  const { companies } = useSession();
  const may = useMay();
  const [words, setWords] = useState("");
  const search = useSearch({ strict: false }) as Search;
  const [adding, setAdding] = useState(search.add === "1");
  const { data: board } = useBoard();
  const shown = companies.filter((one) => one.name.toLowerCase().includes(words.trim().toLowerCase()));
  const braking = search.tab === "brakes" && may("brakes_for_all.read");
  const tabs = may("brakes_for_all.read") ? [{ title: "By name", to: "/companies", here: !braking }, { title: "Brakes for all", to: "/companies?tab=brakes", here: braking }] : [];
  if (braking) return <Page title="Companies" tabs={tabs}><Brakes company={null} name="all companies" /></Page>;
  return (
    <Page title="Companies" tabs={tabs} actions={may("company.add") ? <Button variant="filled" onClick={() => setAdding(true)}>Add a company</Button> : null}>
      {companies.length === 0 ? <Empty title="No company yet." action={may("company.add") ? <Button variant="filled" onClick={() => setAdding(true)}>Add the first</Button> : null}><p>A company, then a tool that sends, then its first alert: that is all it takes.</p></Empty> : (
        <>
          {companies.length > 8 ? <TextInput aria-label="Find a company" placeholder="Find a company" value={words} onChange={(event) => setWords(event.currentTarget.value)} mb="sm" w={280} /> : null}
          <table className={table.table}>
            <thead><tr><th>Company</th><th>Open incidents</th><th className={`${table.right} ${table.some}`}>Alerts, last hour</th><th className={table.some}>Tools</th></tr></thead>
            <tbody>{shown.slice(0, MOST).map((one) => <Row key={one.id} id={one.id} name={one.name} card={board?.companies.find((other) => other.id === one.id)} />)}</tbody>
          </table>
        </>
      )}
      {adding ? <Add onClose={() => setAdding(false)} /> : null}
    </Page>
  );
}

function Row({ id, name, card }: { id: string; name: string; card: Card | undefined }) {
  const burns = card ? Object.values(card.by_severity).some((count) => count > 0) : false;
  const silent = card?.silent.length ?? 0;
  return (
    <tr>
      <td><Link to={`/companies/${id}/overview`}>{name}</Link></td>
      <td>{burns ? <SeverityCounts counts={card?.by_severity ?? {}} /> : card ? <span className="dim">none</span> : null}</td>
      <td className={`${table.right} ${table.some}`}>{card ? card.alerts_last_hour.toLocaleString("en") : null}</td>
      <td className={table.some}><Link to={`/companies/${id}/integrations`} className={styles.tools} data-silent={silent > 0 || undefined}>{silent ? <><Icon name="warning" size={13} /> {counted(silent, "tool")} silent</> : "Integrations"}</Link></td>
    </tr>
  );
}

function Add({ onClose }: { onClose: () => void }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [name, setName] = useState("");
  const [zone, setZone] = useState(Intl.DateTimeFormat().resolvedOptions().timeZone);
  const add = useMutation({
    mutationFn: () => answered(client.POST("/api/companies", { body: { name: name.trim(), time_zone: zone.trim() } })),
    onSuccess: async (made) => {
      await queries.invalidateQueries({ queryKey: ["session"] });
      void navigate({ to: `/companies/${made.id}/integrations` });
    },
  });
  return (
    <Modal opened onClose={onClose} title="Add a company">
      <form onSubmit={(event) => { event.preventDefault(); add.mutate(); }}>
        <TextInput data-autofocus required label="Name" value={name} onChange={(event) => setName(event.currentTarget.value)} />
        <TextInput required mt="sm" label="Time zone" description="Its days are counted there, such as Europe/London." value={zone} onChange={(event) => setZone(event.currentTarget.value)} error={add.error?.message} />
        <Button type="submit" variant="filled" mt="md" loading={add.isPending} disabled={!name.trim()}>Add it, then connect a tool</Button>
      </form>
    </Modal>
  );
}
