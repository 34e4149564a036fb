import { Button, TextInput } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { answered, client } from "@/api/client";
import { useCompanyName, useMay, useSession } from "@/api/session";
import { Empty, Failure, Skeleton } from "@/parts/States";
import table from "@/parts/Table.module.css";
import { At } from "@/parts/Time";
import type { Search } from "@/router";
import { Page } from "@/shell/Page";

/** What was done, by whom, to what and why: an entry for each act, which nobody can change afterwards. */
export default function Audit() {
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const may = useMay();
  const { companies } = useSession();
  const companyName = useCompanyName();
  const [actor, setActor] = useState(search.actor ?? "");
  const [action, setAction] = useState(search.action ?? "");
  const company = search.company ?? (may("audit.read_all") ? "" : (companies[0]?.id ?? ""));
  const found = useInfiniteQuery({
    queryKey: ["audit", company, search.actor, search.action],
    queryFn: ({ pageParam }) => {
      const query = { limit: 100, ...(search.actor ? { actor: search.actor } : {}), ...(search.action ? { action: search.action } : {}), ...(pageParam ? { cursor: pageParam } : {}) };
      return company
        ? answered(client.GET("/api/companies/{company_id}/audit", { params: { path: { company_id: company }, query } }))
        : answered(client.GET("/api/audit", { params: { query } }));
    },
    initialPageParam: null as string | null, getNextPageParam: (last) => last.next,
  });
  const rows = found.data?.pages.flatMap((one) => one.items) ?? [];
  const narrow = (event: FormEvent) => {
    event.preventDefault();
    void navigate({ to: ".", search: { ...search, actor: actor.trim() || undefined, action: action.trim() || undefined } as never });
  };
  return (
    <Page title="Audit log">
      <form onSubmit={narrow} style={{ display: "flex", gap: 8, marginBottom: 12, flexWrap: "wrap" }}>
        <TextInput aria-label="Who" placeholder="Who: an e-mail" value={actor} onChange={(event) => setActor(event.currentTarget.value)} />
        <TextInput aria-label="Act" placeholder="Act, such as signed_in" value={action} onChange={(event) => setAction(event.currentTarget.value)} />
        <Button type="submit">Find</Button>
      </form>
      {found.isPending ? <Skeleton rows={12} /> : null}
      {found.error && !found.data ? <Failure what="The audit log" failure={found.error} again={() => void found.refetch()} /> : null}
      {found.data && rows.length === 0 ? <Empty title="No entry fits." /> : null}
      {rows.length ? (
        <table className={table.table}>
          <thead><tr><th>When</th><th>Who</th><th>Did</th><th>To</th><th className={table.some}>Company</th><th className={table.few}>Why</th></tr></thead>
          <tbody>{rows.map((one) => <tr key={one.id}><td><At at={one.at} seconds /></td><td>{one.actor}</td><td><b>{one.action.replaceAll("_", " ")}</b></td><td className={table.wide}>{Object.values(one.resource).join(" ")} <span className="dim">{Object.keys(one.detail).length ? JSON.stringify(one.detail) : ""}</span></td><td className={table.some}>{companyName(one.company_id)}</td><td className={table.few}>{one.reason}</td></tr>)}</tbody>
        </table>
      ) : null}
      {found.hasNextPage ? <Button mt="md" loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>Older ones</Button> : null}
    </Page>
  );
}
