import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { Switch } from "@mantine/core";
import type { Search } from "@/address";
import { useMay, useSession } from "@/api/session";
import { Counts } from "@/pages/dashboard/Counts";
import { Each } from "@/pages/dashboard/Each";
import { type Asked, daysOf, RANGES, type Report, useFresh, useReport } from "@/pages/dashboard/figures";
import { Heat } from "@/pages/dashboard/Heat";
import { Kpis } from "@/pages/dashboard/Kpi";
import { Noisiest } from "@/pages/dashboard/Noisiest";
import { Open } from "@/pages/dashboard/Open";
import { Where } from "@/pages/dashboard/Where";
import { Empty, Failure, Skeleton } from "@/parts/States";
import { Page } from "@/shell/Page";
import styles from "./Dashboard.module.css";

/** The figures of one company, or of all companies together and then each. */
export default function Dashboard() {
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const may = useMay();
  const { companies } = useSession();
  const range = RANGES.find((one) => one.slug === search.range) ?? RANGES[1];
  const soFar = search.full !== "1";
  const company = search.company ?? (companies.length === 1 || !may("kpi.cross") ? (companies[0]?.id ?? null) : null);
  const asked: Asked = { company, range: range.slug, soFar };
  const report = useReport(asked);
  useFresh(company);
  const tabs = RANGES.map(({ slug, title }) => ({ title, to: addressOf({ ...search, range: slug }), here: slug === range.slug }));
  const letRun = (on: boolean) => void navigate({ to: ".", search: { ...search, full: on ? undefined : "1" } as never });
  return (
    <Page title="Dashboard" tabs={tabs}>
      {companies.length === 0 ? (may("company.add")
        ? <Empty title="No company yet."><p>Figures are of companies. <Link to="/companies">Add the first one.</Link></p></Empty>
        : <Empty title="You serve no company yet."><p>Figures are of companies. Ask an administrator of your MSP to let you serve one.</p></Empty>)
        : report.error && !report.data ? <Failure what="The figures" failure={report.error} again={() => void report.refetch()} />
          : !report.data ? <Skeleton rows={6} height={80} />
            : <Shown report={report.data} asked={asked} stale={report.isPlaceholderData} onSoFar={letRun} />}
    </Page>
  );
}

function Shown({ report, asked, stale, onSoFar }: { report: Report; asked: Asked; stale: boolean; onSoFar: (on: boolean) => void }) {
  const { company, range, soFar } = asked;
  const of = (from: string, to: string) => daysOf(from, to, report.time_zone, range);
  return (
    <div className={styles.page} aria-busy={stale || undefined}>
      <div className={styles.period}>
        <span>{of(report.from, report.to)}, {report.time_zone}</span>
        <Switch label={range === "24h" ? "with the hour under way" : "with today so far"} checked={soFar} onChange={(event) => onSoFar(event.currentTarget.checked)} />
        {report.previous ? <span data-before>before: {of(report.previous.from, report.previous.to)}</span> : null}
      </div>
      <Kpis report={report} company={company} />
      <div className={styles.row}><Where report={report} company={company} range={range} /><div className={styles.stack}><Open company={company} /><Counts report={report} company={company} /></div></div>
      <div className={styles.halves}><Heat company={company} /><Noisiest asked={asked} /></div>
      {company === null ? <Each range={range} soFar={soFar} /> : null}
      <p className="dim small">Days are those of {report.time_zone}. What is not measured is said so, and never shown as zero.</p>
    </div>
  );
}

function addressOf(search: Search): string {
  const kept = Object.entries(search).filter((one): one is [string, string] => Boolean(one[1]));
  return `/dashboard?${new URLSearchParams(kept)}`;
}
