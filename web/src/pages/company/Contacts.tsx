import { Button, Group, Modal, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { answered, client } from "@/api/client";
import { useMay } from "@/api/session";
import { Empty, Failure, Skeleton } from "@/parts/States";
import table from "@/parts/Table.module.css";

const FIELDS = [["name", "Name"], ["role", "Role"], ["phone", "Phone"], ["email", "E-mail"], ["hours", "Hours"]] as const;

/** Whom to call at the client; each incident of the company shows them. */
export function Contacts({ company }: { company: string }) {
  const may = useMay();
  const [adding, setAdding] = useState(false);
  const { data, error, refetch } = useQuery({ queryKey: ["contacts", company], queryFn: () => answered(client.GET("/api/companies/{company_id}/contacts", { params: { path: { company_id: company }, query: { limit: 20 } } })) });
  if (error && !data) return <Failure what="Contacts" failure={error} again={() => void refetch()} />;
  if (!data) return <Skeleton rows={4} />;
  const add = may("contact.set") ? <Button variant="filled" onClick={() => setAdding(true)}>Add a contact</Button> : null;
  return (
    <>
      {data.items.length === 0 ? <Empty title="No contact yet." action={add}><p>Whoever is on call at 3 a.m. finds here whom to call, and what they must not do.</p></Empty> : (
        <>
          <p style={{ marginBottom: 12 }}>{add}</p>
          <table className={`${table.table} ${table.cards}`}><thead><tr><th>Name</th><th>Role</th><th>Phone</th><th className={table.some}>E-mail</th><th className={table.some}>Hours</th><th className={table.few}>Notes</th></tr></thead>
            <tbody>{data.items.map((one) => <tr key={one.id}><td><b>{one.name}</b></td><td>{one.role}</td><td>{one.phone}</td><td className={table.some}>{one.email}</td><td className={table.some}>{one.hours}</td><td className={table.few}>{one.notes}</td></tr>)}</tbody></table>
        </>
      )}
      {adding ? <Add company={company} onClose={() => setAdding(false)} /> : null}
    </>
  );
}

function Add({ company, onClose }: { company: string; onClose: () => void }) {
  const queries = useQueryClient();
  const [fields, setFields] = useState<Record<string, string>>({});
  const set = (name: string, value: string) => setFields((was) => ({ ...was, [name]: value }));
  const add = useMutation({
    mutationFn: () => answered(client.POST("/api/companies/{company_id}/contacts", { params: { path: { company_id: company } }, body: { name: "", ...fields } as never })),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ["contacts", company] });
      onClose();
    },
  });
  return (
    <Modal opened onClose={onClose} title="Add a contact">
      <form onSubmit={(event) => { event.preventDefault(); add.mutate(); }}>
        {FIELDS.map(([name, title]) => <TextInput key={name} mt="xs" label={title} required={name === "name"} data-autofocus={name === "name" || undefined} value={fields[name] ?? ""} onChange={(event) => set(name, event.currentTarget.value)} />)}
        <Textarea mt="xs" label="Notes and warnings" autosize value={fields.notes ?? ""} onChange={(event) => set("notes", event.currentTarget.value)} />
        {add.error ? <p role="alert">{add.error.message}</p> : null}
        <Group justify="flex-end" mt="md"><Button onClick={onClose}>Leave</Button><Button type="submit" variant="filled" loading={add.isPending} disabled={!fields.name?.trim()}>Add</Button></Group>
      </form>
    </Modal>
  );
}
