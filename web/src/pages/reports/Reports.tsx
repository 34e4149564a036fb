import { Button, Select } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import type { Search } from "@/address";
import { answered, client, type Shapes } from "@/api/client";
import { useMay, useSession } from "@/api/session";
import { Baseline } from "@/pages/reports/Baseline";
import { Schedules } from "@/pages/reports/Schedules";
import { Icon } from "@/parts/Icon";
import { Empty, Failure, Skeleton } from "@/parts/States";
import table from "@/parts/Table.module.css";
import { Person } from "@/parts/Person";
import { Age, daysWords } from "@/parts/Time";
import { Page } from "@/shell/Page";

type Report = Shapes["ReportShown"];
type Period = NonNullable<Shapes["ReportAsked"]["period"]>;

const PERIODS: readonly { value: Period; label: string }[] = [
  { value: "last_month", label: "Last month" }, { value: "this_month", label: "This month so far" }, { value: "last_week", label: "Last week" },
  { value: "this_week", label: "This week so far" }, { value: "last_30_days", label: "Last 30 days" }, { value: "yesterday", label: "Yesterday" }, { value: "last_quarter", label: "Last quarter" },
];
const FORMATS: readonly { value: Report["format"]; label: string }[] = [{ value: "pdf", label: "PDF" }, { value: "xlsx", label: "XLSX" }, { value: "csv", label: "CSV" }];
const LOOK_MS = 1_500;

/** A company's reports: those that were made, those that are made by the clock, and what they compare with. */
export default function Reports() {
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const { companies } = useSession();
  const may = useMay();
  const company = search.company ?? companies[0]?.id ?? "";
  const tab = search.tab ?? "";
  const address = (slug: string) => `/reports?${new URLSearchParams({ ...(search.company ? { company: search.company } : {}), ...(slug ? { tab: slug } : {}) })}`;
  const tabs = [{ title: "Made", slug: "" }, { title: "Scheduled", slug: "schedules" }, ...(may("baseline.read") ? [{ title: "Compared with", slug: "baseline" }] : [])];
  return (
    <Page title="Reports" tabs={tabs.map(({ title, slug }) => ({ title, to: address(slug), here: slug === tab }))}>
      <div style={{ display: "flex", flexWrap: "wrap", gap: 8, marginBottom: 12, alignItems: "flex-end" }}>
        {companies.length > 1 ? <Select label="Company" searchable allowDeselect={false} w={240} data={companies.map((one) => ({ value: one.id, label: one.name }))} value={company} onChange={(value) => void navigate({ to: ".", search: { ...search, company: value ?? undefined } as never })} /> : null}
        {tab === "" && may("report.make") && company ? <Ask company={company} /> : null}
      </div>
      {!company ? (may("company.add") ? <Empty title="No company yet."><p>Reports are of companies. <Link to="/companies">Add the first one.</Link></p></Empty> : <Empty title="You serve no company yet."><p>Reports are of companies. Ask an administrator of your MSP to let you serve one.</p></Empty>) : tab === "schedules" ? <Schedules key={company} company={company} /> : tab === "baseline" ? <Baseline key={company} company={company} /> : <Made company={company} />}
    </Page>
  );
}

/** Reports that were asked for, made by the server, kept with their hash. */
function Made({ company }: { company: string }) {
  const may = useMay();
  const found = useInfiniteQuery({
    queryKey: ["reports", company],
    queryFn: ({ pageParam }) => answered(client.GET("/api/companies/{company_id}/reports", { params: { path: { company_id: company }, query: { limit: 50, ...(pageParam ? { cursor: pageParam } : {}) } } })),
    initialPageParam: null as string | null, getNextPageParam: (last) => last.next,
    // A report that is being made is looked at until it is there.
    refetchInterval: (query) => (query.state.data?.pages.some((page) => page.items.some((one) => one.status === "queued")) ? LOOK_MS : false),
  });
  const rows = found.data?.pages.flatMap((one) => one.items) ?? [];
  return (
    <>
      {found.isPending ? <Skeleton rows={6} /> : null}
      {found.error && !found.data ? <Failure what="Reports" failure={found.error} again={() => void found.refetch()} /> : null}
      {found.data && rows.length === 0 ? <Empty title="No report yet."><p>{may("report.make") ? "Choose a period above. A PDF is for the customer; XLSX and CSV hold the rows behind the figures." : "Whoever looks after this company can make one."}</p></Empty> : null}
      {rows.length ? (
        <table className={`${table.table} ${table.cards}`}>
          <thead><tr><th>Period</th><th className={table.some}>Days</th><th>Format</th><th>State</th><th className={table.few}>By</th><th className={table.right}>Made</th><th><span className="visually-hidden">File</span></th></tr></thead>
          <tbody>{rows.map((one) => <Row key={one.id} company={company} one={one} />)}</tbody>
        </table>
      ) : null}
      {found.hasNextPage ? <Button mt="md" onClick={() => void found.fetchNextPage()}>Older ones</Button> : null}
    </>
  );
}

function Ask({ company }: { company: string }) {
  const queries = useQueryClient();
  const [period, setPeriod] = useState<Period>("last_30_days");
  const [format, setFormat] = useState<Report["format"]>("pdf");
  const ask = useMutation({
    mutationFn: () => answered(client.POST("/api/companies/{company_id}/reports", { params: { path: { company_id: company } }, body: { period, format } as Shapes["ReportAsked"] })),
    onSuccess: () => void queries.invalidateQueries({ queryKey: ["reports", company] }),
    onError: (failure) => notifications.show({ title: "Not made", message: failure.message }),
  });
  return (
    <>
      <Select label="Period" allowDeselect={false} w={170} data={PERIODS} value={period} onChange={(value) => setPeriod(value as Period)} />
      <Select label="Format" allowDeselect={false} w={90} data={FORMATS} value={format} onChange={(value) => setFormat(value as Report["format"])} />
      <Button variant="filled" loading={ask.isPending} onClick={() => ask.mutate()}>Make a report</Button>
    </>
  );
}

function Row({ company, one }: { company: string; one: Report }) {
  const title = PERIODS.find((period) => period.value === one.period)?.label ?? "From one moment to another";
  return (
    <tr>
      <td><b>{title}</b></td>
      <td className={table.some}>{daysWords(one.from, one.to)}</td>
      <td>{one.format.toUpperCase()}</td>
      <td>{one.status === "queued" ? "being made" : one.status === "failed" ? `failed: ${one.problem ?? ""}` : "ready"}</td>
      <td className={table.few} data-label="by"><Person email={one.by} /></td>
      <td className={table.right}>{one.made_at ? <Age at={one.made_at} suffix=" ago" /> : null}</td>
      <td className={table.right}>{one.status === "made" ? <a href={`/api/companies/${company}/reports/${one.id}/file`} download aria-label={`Download ${title}, ${one.format}`}><Icon name="download" size={14} /> {one.bytes ? `${Math.ceil(one.bytes / 1024).toLocaleString("en")} KB` : ""}</a> : null}</td>
    </tr>
  );
}
