import { Button, Modal, Select, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import type { Search } from "@/address";
import { answered, client, type Shapes } from "@/api/client";
import { useMay } from "@/api/session";
import { remember } from "@/pages/integration/made";
import { Icon } from "@/parts/Icon";
import { Empty, Failure, Skeleton } from "@/parts/States";
import table from "@/parts/Table.module.css";
import { Age } from "@/parts/Time";
import { ToolTile } from "@/parts/Tool";
import styles from "./Company.module.css";

type Check = Shapes["SilenceCheckShown"];

/** The tools of a company: which speaks, which is silent for longer than is usual, which has never spoken. */
export function Integrations({ company }: { company: string }) {
  const may = useMay();
  const search = useSearch({ strict: false }) as Search;
  const [adding, setAdding] = useState(search.add === "1");
  const path = { path: { company_id: company }, query: { limit: 200 } };
  const { data, error, refetch } = useQuery({ queryKey: ["integrations", company], queryFn: () => answered(client.GET("/api/companies/{company_id}/integrations", { params: path })), refetchInterval: 15_000 });
  const checks = useQuery({ queryKey: ["silence", company], queryFn: () => answered(client.GET("/api/companies/{company_id}/silence-checks", { params: path })), enabled: may("silence.read"), refetchInterval: 15_000 });
  if (error && !data) return <Failure what="Integrations" failure={error} again={() => void refetch()} />;
  if (!data) return <Skeleton rows={6} />;
  const add = may("integration.add") ? <Button variant="filled" onClick={() => setAdding(true)}>Connect a tool</Button> : null;
  const checkOf = (id: string) => checks.data?.items.find((one) => one.integration_id === id && one.heartbeat === null);
  return (
    <>
      {data.items.length === 0 ? <Empty title="No tool sends yet." action={add}><p>Choose one: you get an address, a key and the steps for its own menus, and see the first alert arrive.</p></Empty> : (
        <>
          <p style={{ marginBottom: 12 }}>{add}</p>
          <table className={`${table.table} ${table.cards}`}>
            <thead><tr><th>Tool</th><th>Name</th><th>State</th><th className={table.right}>Last alert</th></tr></thead>
            <tbody>{data.items.map((one) => <tr key={one.id}><td><ToolTile tool={one.source} /> <span className="dim">{one.source}</span></td><td className={table.wide}><Link to={`/companies/${company}/integrations/${one.id}`}>{one.name}</Link></td><td>{stateWords(checkOf(one.id))}</td><td className={table.right} data-label="last alert">{checkOf(one.id)?.heard_at ? <Age at={checkOf(one.id)?.heard_at ?? ""} suffix=" ago" /> : <span className="dim">never</span>}</td></tr>)}</tbody>
          </table>
        </>
      )}
      {adding ? <Add company={company} onClose={() => setAdding(false)} /> : null}
    </>
  );
}

function stateWords(check: Check | undefined): React.ReactNode {
  if (!check) return "";
  if (check.state === "silent") return <span className={styles.late}><Icon name="warning" size={13} /> silent longer than usual</span>;
  return check.heard_at ? <span className={styles.heard}><Icon name="check" size={13} /> receiving</span> : "waiting for its first alert";
}

function Add({ company, onClose }: { company: string; onClose: () => void }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [source, setSource] = useState<string | null>(null);
  const [name, setName] = useState("");
  const sources = useQuery({ queryKey: ["sources"], queryFn: () => answered(client.GET("/api/sources")), staleTime: Number.POSITIVE_INFINITY });
  const title = sources.data?.items.find((one) => one.slug === source)?.title ?? "";
  const add = useMutation({
    mutationFn: () => answered(client.POST("/api/companies/{company_id}/integrations", { params: { path: { company_id: company } }, body: { source: source ?? "", name: name.trim() || title, scheme: "alertwhisperer", require_signature: false } })),
    onSuccess: (made) => {
      remember(made);
      void queries.invalidateQueries({ queryKey: ["integrations", company] });
      void navigate({ to: `/companies/${company}/integrations/${made.id}` });
    },
  });
  return (
    <Modal opened onClose={onClose} title="Connect a tool">
      <form onSubmit={(event) => { event.preventDefault(); add.mutate(); }}>
        <Select data-autofocus required searchable label="Tool" placeholder="Zabbix, Prometheus, Datadog…" data={(sources.data?.items ?? []).map((one) => ({ value: one.slug, label: one.title }))} value={source} onChange={setSource} nothingFoundMessage="Not among them: “Generic” takes any JSON." />
        <TextInput mt="sm" label="Name" placeholder={title || "as your people call it"} value={name} onChange={(event) => setName(event.currentTarget.value)} error={add.error?.message} />
        <Button type="submit" variant="filled" mt="md" disabled={!source} loading={add.isPending}>Make its key</Button>
      </form>
    </Modal>
  );
}
