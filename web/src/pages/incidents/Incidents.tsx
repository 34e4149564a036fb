import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { Search } from "@/address";
import { type Act, useAct, wasOf } from "@/api/acts";
import { useCounts } from "@/api/incidents";
import { useMay, useSession } from "@/api/session";
import { takeBack } from "@/api/undo";
import { BulkBar } from "@/pages/incidents/BulkBar";
import { FilterBar } from "@/pages/incidents/FilterBar";
import { filterOf, sieveOf } from "@/pages/incidents/filter";
import { Grid, type List } from "@/pages/incidents/Grid";
import { between, countsOf, linesOf } from "@/pages/incidents/lines";
import { Nothing } from "@/pages/incidents/Nothing";
import type { Group, Incident } from "@/pages/incidents/rows";
import { useRows } from "@/pages/incidents/useRows";
import { useTabs } from "@/pages/incidents/useTabs";
import { ViewMenu } from "@/pages/incidents/Views";
import { AssignDialog } from "@/parts/acts/AssignDialog";
import { MergeDialog } from "@/parts/acts/MergeDialog";
import { ResolveDialog } from "@/parts/acts/ResolveDialog";
import { SnoozeDialog } from "@/parts/acts/SnoozeDialog";
import { Failure, Skeleton } from "@/parts/States";
import { useNarrow } from "@/parts/useNarrow";
import { type Binding, useKeys } from "@/shell/keys";
import { Page } from "@/shell/Page";
import styles from "./Incidents.module.css";

const STILL_MS = 3_000;
/** The row that was opened by key: whoever comes back goes on from there. */
let opened: string | null = null;

export type Dialog = "resolve" | "assign" | "merge" | "snooze" | null;

/** The live list of incidents. */
export default function Incidents() {
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const may = useMay();
  const { email, companies } = useSession();
  const address = JSON.stringify(filterOf(search));
  const filter = useMemo(() => filterOf(search), [address]);
  const [cursor, setCursor] = useState<string | null>(opened);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [folded, setFolded] = useState<ReadonlySet<Group>>(new Set());
  const [dialog, setDialog] = useState<Dialog>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const list = useRef<List | null>(null);
  const anchor = useRef<string | null>(null);
  const moved = useRef(0);
  const inList = useRef<() => boolean>(() => false);
  inList.current = () => cursor !== null || chosen.size > 0 || dialog !== null || (scroller.current?.scrollTop ?? 0) > 0 || Date.now() - moved.current < STILL_MS || document.querySelector("[role=menu]") !== null;
  const busy = useCallback(() => inList.current(), []);
  const { rows, fresh, query, isListed, more, hasMore, show } = useRows(filter, busy);
  const counted = useCounts(filter.company, sieveOf(filter));
  const act = useAct(() => setChosen(new Set()));

  const lines = useMemo(() => linesOf(rows, { counts: countsOf(counted.data), folded, hasMore }), [rows, counted.data, folded, hasMore]);
  const order = useMemo(() => lines.flatMap((one) => (one.kind === "row" ? [one.incident] : [])), [lines]);
  useEffect(() => {
    if (opened === null || lines.length === 0) return;
    const back = lines.findIndex((one) => one.key === opened);
    opened = null;
    if (back >= 0) list.current?.scrollToIndex(back);
    else setCursor(null); // it does not fit any more, or stands further down than what was fetched
  }, [lines]);
  const narrow = useNarrow();
  const at = order.findIndex((one) => one.id === cursor);
  const current = order[at];
  const targets = chosen.size ? order.filter((one) => chosen.has(one.id)) : current ? [current] : [];
  const step = (by: number): Incident | undefined => {
    const next = order[Math.min(Math.max(at + by, 0), order.length - 1)];
    if (!next) return undefined;
    setCursor(next.id);
    list.current?.scrollToIndex(lines.findIndex((one) => one.key === next.id));
    return next;
  };
  const numbers = useRef<number[]>([]);
  numbers.current = order.map((one) => one.number);
  const open = useCallback((incident: Incident) => void navigate({ to: `/incidents/${incident.number}`, state: { order: numbers.current } as never }), [navigate]);
  const toggle = useCallback((id: string) => {
    anchor.current = id;
    setChosen((was) => flipped(was, id));
  }, []);
  const choose = (ids: readonly string[]) => setChosen((was) => new Set([...was, ...ids]));
  const perform = (to: Act) => {
    if (targets.length) act.mutate({ ids: targets.map((one) => one.id), act: to, was: wasOf(targets) });
  };
  const ask = (what: Dialog) => targets.length && setDialog(what);
  const mayAck = may("incident.acknowledge");
  const extend = (by: number) => { const next = step(by); choose([current, next].flatMap((one) => (one ? [one.id] : []))); };
  useKeys([
    { key: "j", does: "next", act: () => step(1) }, { key: "ArrowDown", does: "next", act: () => step(1) },
    { key: "k", does: "the one before", act: () => step(-1) }, { key: "ArrowUp", does: "the one before", act: () => step(-1) },
    { key: "Enter", does: "open", act: () => { if (current) { opened = current.id; open(current); } } },
    { key: "Escape", does: "clear", act: () => { setChosen(new Set()); setCursor(null); } },
    { key: "n", does: "show new rows", act: show },
    { key: "/", does: "find in the list", act: () => document.getElementById("list-words")?.focus() },
    { key: "f", does: "add a filter", act: () => document.querySelector<HTMLElement>("[data-filters] button")?.focus() },
    ...(mayAck ? [
      { key: "x", does: "select", act: () => current && toggle(current.id) },
      { key: "shift+j", does: "select downwards", act: () => extend(1) }, { key: "shift+k", does: "select upwards", act: () => extend(-1) },
      { key: "shift+x", does: "select from the last one to here", act: () => current && choose(between(order, anchor.current ?? current.id, current.id)) },
      { key: "a", does: "acknowledge", act: () => perform({ kind: "acknowledge" }) },
      { key: "shift+a", does: "take the acknowledgement back", act: () => perform({ kind: "unacknowledge" }) },
      { key: "u", does: "undo the last act", act: takeBack },
      { key: "i", does: "give to me", act: () => perform({ kind: "assign", assignee: email }) },
      { key: "s", does: "assign", act: () => ask("assign") },
      { key: "z", does: "snooze, or wake what is snoozed", act: () => (isAllSnoozed(targets) ? perform({ kind: "unsnooze" }) : ask("snooze")) },
      { key: "r", does: "resolve", act: () => ask("resolve") },
      { key: "m", does: "merge", act: () => ask("merge") },
    ] : []),
  ] as Binding[]);

  const title = targets.length === 1 && targets[0] ? `${targets[0].number} ${targets[0].title}` : `${targets.length} incidents`;
  const several = companies.length > 1;
  const hasBars = may("incident.cross");
  return (
    <Page title="Incidents" tabs={useTabs(search)} actions={<ViewMenu search={search} />} scrolls={false}>
      {mayAck && chosen.size
        ? <BulkBar count={targets.length} snoozed={isAllSnoozed(targets)} taken={targets.every((one) => one.acknowledged_at)} onAct={perform} onAsk={setDialog} onClear={() => setChosen(new Set())} me={email} />
        : <FilterBar filter={filter} waiting={rows.waiting} onShow={show} onSet={(set) => void navigate({ to: ".", search: { ...search, ...set } as never, replace: true })} />}
      <div className={styles.columns} data-several={several || undefined} data-bars={hasBars || undefined} aria-hidden>
        <span /><span>Sev</span><span>No.</span><span>What and where</span><span className={styles.company}>Company</span>
        <span className={styles.right}>Alerts</span><span className={styles.tools}>Tools</span><span className={styles.hour}>Last hour</span><span>State</span><span className={styles.owner}>Owner</span><span className={styles.right}>Age</span>
      </div>
      <Grid
        lines={lines} order={order} scroller={scroller} list={list} narrow={narrow} height={narrow ? 56 : 28} here={current?.id ?? null} chosen={chosen} selectable={mayAck} several={several} hasBars={hasBars && !narrow}
        onMore={more} folded={folded} onFold={(group) => setFolded((was) => flipped(was, group))} onToggle={toggle} onOpen={open} onMove={() => { moved.current = Date.now(); }}
      >
        {query.isPending ? <Skeleton rows={16} height={narrow ? 56 : 28} /> : null}
        {query.error && !query.data ? <Failure what="Incidents" failure={query.error} again={() => void query.refetch()} /> : null}
        {isListed && lines.length === 0 ? <Nothing search={search} /> : null}
      </Grid>
      <Spoken fresh={fresh} />
      {dialog === "resolve" ? <ResolveDialog title={title} onResolve={(note) => perform({ kind: "resolve", note })} onClose={() => setDialog(null)} /> : null}
      {dialog === "snooze" ? <SnoozeDialog title={title} onSnooze={(end, note) => perform({ kind: "snooze", end, note })} onClose={() => setDialog(null)} /> : null}
      {dialog === "assign" ? <AssignDialog title={title} companyIds={[...new Set(targets.map((one) => one.company_id))]} onAssign={(assignee) => perform({ kind: "assign", assignee })} onClose={() => setDialog(null)} /> : null}
      {dialog === "merge" ? <MergeDialog chosen={targets} onMerge={(into, others) => act.mutate({ ids: [into.id], act: { kind: "merge", others: others.map((one) => one.id) } })} onClose={() => setDialog(null)} /> : null}
    </Page>
  );
}

function flipped<T>(was: ReadonlySet<T>, one: T): ReadonlySet<T> {
  const now = new Set(was);
  if (!now.delete(one)) now.add(one);
  return now;
}

const isAllSnoozed = (targets: readonly Incident[]): boolean => targets.length > 0 && targets.every((one) => one.state === "snoozed");

/** Says a new critical once, politely. */
function Spoken({ fresh }: { fresh: readonly Incident[] }) {
  const criticals = fresh.filter((one) => one.severity === "critical");
  const [first] = criticals;
  return <p className="visually-hidden" aria-live="polite">{first ? `${criticals.length} new critical, ${first.company ?? first.title}` : ""}</p>;
}
