import { Button } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import type { Search } from "@/address";
import { answered, client } from "@/api/client";
import { useCompanyName, useSession } from "@/api/session";
import { Goto } from "@/parts/Goto";
import { IncidentLink } from "@/parts/IncidentLink";
import { Inert } from "@/parts/Inert";
import { SeverityGlyph } from "@/parts/Severity";
import { Empty, Failure, Skeleton } from "@/parts/States";
import table from "@/parts/Table.module.css";
import { At, shortTime } from "@/parts/Time";
import { Page } from "@/shell/Page";
import styles from "./Suppressed.module.css";

/** Alerts that maintenance windows held back: the rows behind the figure, and behind one window. */
export default function Suppressed() {
  const search = useSearch({ strict: false }) as Search;
  const { companies } = useSession();
  const company = search.company ?? (companies.length === 1 ? companies[0]?.id : undefined) ?? "";
  const name = useCompanyName()(company);
  const [window, from, to] = [search.window ?? "", search.from, search.to];
  const query = useInfiniteQuery({
    queryKey: ["windows", "suppressed", company, window, from, to],
    enabled: company !== "",
    initialPageParam: "",
    queryFn: ({ pageParam }) => {
      const page = { limit: 100, ...(pageParam ? { cursor: pageParam } : {}) };
      return window
        ? answered(client.GET("/api/companies/{company_id}/windows/{window_id}/suppressed", { params: { path: { company_id: company, window_id: window }, query: page } }))
        : answered(client.GET("/api/companies/{company_id}/suppressed", { params: { path: { company_id: company }, query: { ...page, ...(from ? { from } : {}), ...(to ? { to } : {}) } } }));
    },
    getNextPageParam: (page) => page.next,
  });
  const rows = query.data?.pages.flatMap((page) => page.items) ?? [];
  const trail = [{ title: "Alerts", to: "/alerts" }];
  if (!company) return <Page title="Held back" trail={trail}><Empty title="Choose a company." action={<Goto to="/companies">Companies</Goto>}><p>What windows held back is shown company by company.</p></Empty></Page>;
  return (
    <Page title="Held back by windows" trail={trail}>
      <p className={`dim ${styles.lead}`}>Alerts of {name}{from ? ` received from ${shortTime(from)}` : ""}{to ? ` to ${shortTime(to)}` : ""} that a maintenance window held back, newest first. <Goto to={`/companies/${company}/windows`}>The windows</Goto></p>
      {query.error && !query.data ? <Failure what="What was held back" failure={query.error} again={() => void query.refetch()} /> : null}
      {query.isPending ? <Skeleton rows={8} /> : null}
      {query.data && rows.length === 0 ? <Empty title="No window held anything back."><p>Alerts inside a maintenance window are listed here as they come.</p></Empty> : null}
      {rows.length ? (
        <table className={table.table}>
          <thead><tr><th><span className="visually-hidden">Severity</span></th><th>What</th><th>Asset</th><th className={table.some}>Window</th><th>Became</th><th className={table.right}>Received</th></tr></thead>
          <tbody>{rows.map((one) => (
            <tr key={one.id}>
              <td><SeverityGlyph severity={one.severity} size={15} /></td>
              <td className={table.wide}><Goto to={`/alerts/${one.alert_id}`}><Inert text={one.signature} /></Goto></td>
              <td><Inert text={one.asset} /></td>
              <td className={table.some}>{one.window_name}</td>
              <td>{one.incident_id ? <IncidentLink id={one.incident_id} /> : <span className="dim">nothing: nobody was called</span>}</td>
              <td className={table.right}><At at={one.received_at} seconds /></td>
            </tr>
          ))}</tbody>
        </table>
      ) : null}
      {query.hasNextPage ? <Button mt="sm" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>Show more</Button> : null}
    </Page>
  );
}
