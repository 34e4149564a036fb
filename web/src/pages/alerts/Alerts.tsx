import { Button, Checkbox, Menu } from "@mantine/core";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { Search } from "@/address";
import { useMay, useSession } from "@/api/session";
import { type Filter, filterOf, narrowing } from "@/pages/alerts/filter";
import { Row } from "@/pages/alerts/Row";
import { type Alert, useAlerts } from "@/pages/alerts/useAlerts";
import { Chip, WordChip } from "@/parts/Chip";
import { Icon } from "@/parts/Icon";
import { IncidentLink } from "@/parts/IncidentLink";
import { Kbd } from "@/parts/Kbd";
import { SEVERITIES, severityTitle } from "@/parts/Severity";
import { Empty, Failure, Skeleton } from "@/parts/States";
import { clockTime, shortTime } from "@/parts/Time";
import { useNarrow } from "@/parts/useNarrow";
import { useKeys } from "@/shell/keys";
import { Page } from "@/shell/Page";
import styles from "./Alerts.module.css";

const STILL_MS = 3_000;
const AHEAD = 30; // rows from the end at which the next page is fetched

/** Every distinct alert, newest first; its page says why it went where it is. */
export default function Alerts() {
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const { companies } = useSession();
  const address = JSON.stringify(filterOf(search));
  const filter = useMemo(() => filterOf(search), [address]);
  const [cursor, setCursor] = useState<string | null>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const moved = useRef(0);
  const inList = useRef<() => boolean>(() => false);
  inList.current = () => cursor !== null || (scroller.current?.scrollTop ?? 0) > 0 || Date.now() - moved.current < STILL_MS;
  const { rows, query, stale, anew, company } = useAlerts(filter, useCallback(() => inList.current(), []));
  const narrow = useNarrow();
  const height = narrow ? 56 : 28;
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => scroller.current, estimateSize: () => height, overscan: 12, getItemKey: (at) => rows[at]?.id ?? at });
  useEffect(() => virtual.measure(), [height, virtual]);
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  useEffect(() => {
    if (last >= rows.length - AHEAD && hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [last, rows.length, hasNextPage, isFetchingNextPage, fetchNextPage]);
  const at = rows.findIndex((one) => one.id === cursor);
  const step = (by: number) => {
    const to = Math.min(Math.max(at + by, 0), rows.length - 1);
    const next = rows[to];
    if (!next) return;
    setCursor(next.id);
    virtual.scrollToIndex(to);
  };
  const open = (one: Alert | undefined) => one && void navigate({ to: "/alerts/$id", params: { id: one.id } });
  const show = () => {
    anew();
    setCursor(null);
    scroller.current?.scrollTo({ top: 0 });
  };
  useKeys([
    { key: "j", does: "next", act: () => step(1) }, { key: "ArrowDown", does: "next", act: () => step(1) },
    { key: "k", does: "the one before", act: () => step(-1) }, { key: "ArrowUp", does: "the one before", act: () => step(-1) },
    { key: "Enter", does: "open", act: () => open(rows[at]) },
    { key: "Escape", does: "clear", act: () => setCursor(null) },
    { key: "n", does: "show new rows", act: show },
  ]);
  const several = !company && companies.length > 1;
  const set = (more: Search) => void navigate({ to: ".", search: { ...search, ...more } as never, replace: true });
  const total = rows.length.toLocaleString("en") + (hasNextPage ? "+" : "");
  return (
    <Page title="Alerts" scrolls={false}>
      <Filters filter={filter} stale={stale} onShow={show} onSet={set} />
      <div className={styles.columns} data-several={several || undefined} aria-hidden>
        <span>Sev</span><span>What <span className={styles.total}>{query.data ? total : ""}</span></span><span>Asset</span><span>{several ? "Company" : ""}</span><span>Tool</span><span>State</span>
        <span className={styles.age}>Received</span><span className={styles.age}>First</span><span className={styles.age}>Last</span>
      </div>
      <div
        ref={scroller} className={styles.list} role="grid" tabIndex={0} aria-label="Alerts" aria-rowcount={hasNextPage ? -1 : rows.length} aria-activedescendant={cursor ? `alert-${cursor}` : undefined}
        onPointerMove={() => { moved.current = Date.now(); }} onKeyDown={(event) => { if (event.key === "ArrowDown" || event.key === "ArrowUp") event.preventDefault(); }}
      >
        {query.isPending ? <Skeleton rows={16} height={height} /> : null}
        {query.error && !query.data ? <Failure what="Alerts" failure={query.error} again={() => void query.refetch()} /> : null}
        {query.data && rows.length === 0 ? <Nothing filter={filter} onSet={set} /> : null}
        <div className={styles.all} style={{ height: virtual.getTotalSize() }}>
          {items.map((item) => {
            const one = rows[item.index];
            return one ? (
              <Row
                key={item.key} alert={one} style={{ transform: `translateY(${item.start}px)`, height: item.size }} narrow={narrow} several={several}
                index={item.index + 1} here={one.id === cursor} onOpen={() => open(one)}
              />
            ) : null;
          })}
        </div>
      </div>
    </Page>
  );
}

function Filters({ filter, stale, onShow, onSet }: { filter: Filter; stale: string | null; onShow: () => void; onSet: (more: Search) => void }) {
  const { companies } = useSession();
  const toggled = (one: string) => (filter.severity as string[]).includes(one) ? filter.severity.filter((other) => other !== one) : [...filter.severity, one];
  const since = [filter.from ? `from ${shortTime(filter.from)}` : "", filter.to ? `to ${shortTime(filter.to)}` : ""].filter(Boolean).join(" ");
  return (
    <div className={styles.bar} role="toolbar" aria-label="Filters">
      <Chip title="State" value={filter.status === "resolved" ? "ended" : (filter.status ?? "any")} set={filter.status !== null}>
        <Menu.Item onClick={() => onSet({ status: undefined })}>any</Menu.Item>
        <Menu.Item onClick={() => onSet({ status: "firing" })}>firing</Menu.Item>
        <Menu.Item onClick={() => onSet({ status: "resolved" })}>ended</Menu.Item>
      </Chip>
      <Chip title="Severity" value={filter.severity.length ? filter.severity.join(", ") : "any"} set={filter.severity.length > 0} stays>
        {SEVERITIES.map((one) => (
          <Menu.Item key={one} onClick={() => onSet({ severity: toggled(one).join(",") || undefined })} leftSection={<Checkbox checked={filter.severity.includes(one)} readOnly tabIndex={-1} aria-hidden />}>{severityTitle[one]}</Menu.Item>
        ))}
      </Chip>
      {companies.length > 1 ? (
        <Chip title="Company" value={companies.find((one) => one.id === filter.company)?.name ?? "any"} set={filter.company !== ""}>
          <Menu.Item onClick={() => onSet({ company: undefined, incident: undefined })}>any</Menu.Item>
          {companies.map((one) => <Menu.Item key={one.id} onClick={() => onSet({ company: one.id, incident: undefined })}>{one.name}</Menu.Item>)}
        </Chip>
      ) : null}
      <WordChip title="Asset" value={filter.asset || undefined} hint="Its whole name, or in one company any of its names" onSet={(asset) => onSet({ asset })} />
      <WordChip title="Check" value={filter.signature || undefined} hint="Its whole name, as the tool sends it" onSet={(signature) => onSet({ signature })} />
      <WordChip title="Tool" value={filter.tool || undefined} hint="As prometheus, zabbix, datadog" onSet={(tool) => onSet({ tool })} />
      {since ? <button type="button" className={styles.since} onClick={() => onSet({ from: undefined, to: undefined })}>first seen {since} <Icon name="close" size={12} /></button> : null}
      {filter.incident ? <span className={styles.of}>of incident <IncidentLink id={filter.incident} /> <button type="button" aria-label="Of any incident" onClick={() => onSet({ incident: undefined })}><Icon name="close" size={12} /></button></span> : null}
      <span className={styles.waits}>
        {stale ? <Button variant="light" onClick={onShow} leftSection={<Icon name="up" size={13} />} rightSection={<Kbd>n</Kbd>}>Changed since {clockTime(stale)}: show</Button> : null}
      </span>
    </div>
  );
}

function Nothing({ filter, onSet }: { filter: Filter; onSet: (more: Search) => void }) {
  const may = useMay();
  const parts = narrowing(filter);
  if (parts.length) {
    return (
      <Empty title={parts.length === 1 ? "No alert fits this filter." : `No alert fits ${parts.length} filters.`} action={<Link to="/alerts">Show all</Link>}>
        <p className={styles.without}>{parts.map((one) => <Button key={one.part} onClick={() => onSet({ [one.part]: undefined })}>Without {one.words}</Button>)}</p>
      </Empty>
    );
  }
  return <Empty title="No alert yet." action={may("integration.add") ? <Link to="/companies">Connect a tool</Link> : null}><p>An alert appears here as soon as a tool sends one.</p></Empty>;
}
