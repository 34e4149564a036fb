import { Button, Select } from "@mantine/core";
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import type { Search } from "@/address";
import { answered, client } from "@/api/client";
import { useMay, useSession } from "@/api/session";
import { Empty, Failure, Skeleton } from "@/parts/States";
import { Age } from "@/parts/Time";
import { Page } from "@/shell/Page";
import styles from "./Quarantine.module.css";

/** What came and could not be read: kept whole, to be run again once it can be. */
export default function Quarantine() {
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const { companies } = useSession();
  const company = search.company ?? companies[0]?.id ?? "";
  const state = (["waiting", "rerun", "discarded"] as const).find((one) => one === search.state) ?? "waiting";
  const found = useInfiniteQuery({
    queryKey: ["quarantine", company, state],
    queryFn: ({ pageParam }) => answered(client.GET("/api/companies/{company_id}/quarantine", { params: { path: { company_id: company }, query: { state, limit: 50, ...(pageParam ? { cursor: pageParam } : {}) } } })),
    initialPageParam: null as string | null, getNextPageParam: (last) => last.next, enabled: company !== "",
  });
  const rows = found.data?.pages.flatMap((one) => one.items) ?? [];
  const tabs = (["waiting", "rerun", "discarded"] as const).map((one) => ({ title: { waiting: "Waiting", rerun: "Run again", discarded: "Discarded" }[one], to: `/quarantine?company=${company}&state=${one}`, here: one === state }));
  return (
    <Page title="Quarantine" tabs={tabs}>
      {companies.length > 1 ? <Select mb="sm" w={260} aria-label="Company" searchable allowDeselect={false} data={companies.map((one) => ({ value: one.id, label: one.name }))} value={company} onChange={(value) => void navigate({ to: ".", search: { ...search, company: value ?? undefined } as never })} /> : null}
      {found.isPending && company ? <Skeleton rows={6} /> : null}
      {found.error && !found.data ? <Failure what="Quarantine" failure={found.error} again={() => void found.refetch()} /> : null}
      {(found.data && rows.length === 0) || !company ? <Empty title={state === "waiting" ? "Everything that came could be read." : "None."}><p>What cannot be read waits here with its reason, and nothing of it is lost.</p></Empty> : null}
      <ul className={styles.units}>{rows.map((one) => <Unit key={one.id} company={company} id={one.id} what={one.what} where={one.where} mend={one.mend} at={one.at} state={one.state} summary={one.summary ?? one.subject} />)}</ul>
      {found.hasNextPage ? <Button mt="md" onClick={() => void found.fetchNextPage()}>Older ones</Button> : null}
    </Page>
  );
}

function Unit({ company, id, what, where, mend, at, state, summary }: { company: string; id: string; what: string; where: string; mend: string; at: string; state: string; summary: string | null }) {
  const may = useMay();
  const queries = useQueryClient();
  const path = { params: { path: { company_id: company, quarantine_id: id } } };
  const body = useQuery({ queryKey: ["quarantine", "body", id], queryFn: () => answered(client.GET("/api/companies/{company_id}/quarantine/{quarantine_id}", path)), enabled: false });
  const settle = useMutation({
    mutationFn: async (how: "rerun" | "discard") => {
      if (how === "rerun") await answered(client.POST("/api/companies/{company_id}/quarantine/{quarantine_id}/rerun", path));
      else await answered(client.POST("/api/companies/{company_id}/quarantine/{quarantine_id}/discard", path));
    },
    onSettled: () => void queries.invalidateQueries({ queryKey: ["quarantine"] }),
  });
  return (
    <li className={`card ${styles.unit}`}>
      <p><b>{what}</b>{where ? <> at <code>{where}</code></> : null} <span className="dim"><Age at={at} suffix=" ago" /></span></p>
      <p className="dim">{mend}{summary ? ` · ${summary}` : ""}</p>
      {body.data ? <pre>{body.data.body_text ?? "The body is no text in UTF-8."}</pre> : null}
      {settle.error ? <p role="alert">{settle.error.message}</p> : null}
      <p className={styles.acts}>
        {body.data ? null : <Button size="compact-xs" loading={body.isFetching} onClick={() => void body.refetch()}>Show the body</Button>}
        {state === "waiting" && may("quarantine.rerun") ? <Button size="compact-xs" onClick={() => settle.mutate("rerun")}>Run again</Button> : null}
        {state === "waiting" && may("quarantine.discard") ? <Button size="compact-xs" onClick={() => settle.mutate("discard")}>Discard</Button> : null}
      </p>
    </li>
  );
}
