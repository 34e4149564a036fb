import { Button, Group, Modal, SegmentedControl, TextInput } from "@mantine/core";
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { answered, client } from "@/api/client";
import { useMay } from "@/api/session";
import { WindowDialog } from "@/pages/company/WindowDialog";
import { Goto } from "@/parts/Goto";
import { Icon } from "@/parts/Icon";
import { fromField, toField } from "@/parts/moment";
import { counted, personName } from "@/parts/names";
import { useNow } from "@/parts/now";
import { refusalAt, refusalElse } from "@/parts/refusal";
import { Empty, Failure, Skeleton } from "@/parts/States";
import { Age, At } from "@/parts/Time";
import { FINDINGS, recurrenceWords, timeOf, type Window } from "@/parts/windows";
import styles from "./Windows.module.css";

type Phase = Window["phase"];
const PHASES: readonly { value: Phase; label: string }[] = [{ value: "running", label: "Running" }, { value: "coming", label: "Coming" }, { value: "past", label: "Past" }];
const ASK_AGAIN_MS = 15_000;
const HOUR_MS = 3_600_000;

/** Times in which alerts of some places open no incident: those that run, that come, and what the past ones held back. */
export function Windows({ company }: { company: string }) {
  const may = useMay();
  const [chosen, setChosen] = useState<Phase | null>(null);
  const [asked, setAsked] = useState<{ what: "add" } | { what: "extend" | "end"; window: Window } | null>(null);
  const running = useWindows(company, "running");
  const coming = useWindows(company, "coming");
  const past = useWindows(company, "past");
  const all = { running, coming, past };
  const first = running.rows.length > 0 ? "running" : coming.rows.length > 0 ? "coming" : past.rows.length > 0 ? "past" : "running";
  const phase = chosen ?? first;
  const { rows, query } = all[phase];
  if (query.error && !query.data) return <Failure what="The windows" failure={query.error} again={() => void query.refetch()} />;
  if (!running.query.data || !coming.query.data || !past.query.data) return <Skeleton rows={4} />;
  const none = PHASES.every((one) => all[one.value].rows.length === 0);
  const add = may("window.set") ? <Button variant="filled" onClick={() => setAsked({ what: "add" })}>Add a window</Button> : null;
  return (
    <>
      {none ? (
        <Empty title="No maintenance window yet." action={add}><p>Before planned work, make a window: alerts inside it open no incident. They are kept and counted, and what still fires at the end opens one.</p></Empty>
      ) : (
        <>
          <div className={styles.bar}>
            <SegmentedControl aria-label="Which windows" data={PHASES.map((one) => ({ value: one.value, label: `${one.label} ${all[one.value].rows.length}${all[one.value].query.hasNextPage ? "+" : ""}` }))} value={phase} onChange={(value) => setChosen(value as Phase)} />
            {add}
          </div>
          {rows.length === 0 ? <Empty title={phase === "running" ? "No window runs now." : phase === "coming" ? "None is to come." : "None is over yet."}><p>{phase === "past" ? "What a window held back is told here once it is over." : "Alerts open incidents as usual."}</p></Empty> : (
            <ul className={styles.list}>{rows.map((one) => <One key={one.id} window={one} company={company} onAsk={(what) => setAsked({ what, window: one })} />)}</ul>
          )}
          {query.hasNextPage ? <Button mt="sm" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>Show more</Button> : null}
        </>
      )}
      {asked?.what === "add" ? <WindowDialog company={company} onClose={() => setAsked(null)} /> : null}
      {asked?.what === "extend" ? <Extend company={company} window={asked.window} onClose={() => setAsked(null)} /> : null}
      {asked?.what === "end" ? <End company={company} window={asked.window} onClose={() => setAsked(null)} /> : null}
    </>
  );
}

function useWindows(company: string, phase: Phase) {
  const query = useInfiniteQuery({
    queryKey: ["windows", company, phase],
    queryFn: ({ pageParam }) => answered(client.GET("/api/companies/{company_id}/windows", { params: { path: { company_id: company }, query: { phase, limit: 50, ...(pageParam ? { cursor: pageParam } : {}) } } })),
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
    refetchInterval: ASK_AGAIN_MS,
  });
  return { query, rows: query.data?.pages.flatMap((page) => page.items) ?? [] };
}

function One({ window: one, company, onAsk }: { window: Window; company: string; onAsk: (what: "extend" | "end") => void }) {
  const may = useMay();
  const now = useNow(60);
  const time = timeOf(one, now);
  const left = one.times.filter((each) => Date.parse(each.ends_at) > now).length;
  const over = one.times.filter((each) => each.settled_at !== null);
  const sum = (of: "suppressed" | "criticals" | "opened") => over.reduce((total, each) => total + each[of], 0);
  return (
    <li className={styles.one} data-phase={one.phase}>
      <header>
        <Icon name="moon" size={14} />
        <h3>{one.name}</h3>
        <span className={styles.when}>{time ? <><At at={time.starts_at} /> to <At at={time.ends_at} /></> : "ended before it began"}{one.recurrence ? <span className="dim">, {recurrenceWords(one.recurrence)}{left > 1 ? `, ${left} times more` : ""}</span> : null}</span>
        {one.phase !== "past" && may("window.set") ? (
          <span className={styles.acts}>
            <Button size="compact-xs" aria-label={`Let ${one.name} end later`} onClick={() => onAsk("extend")}>Extend</Button>
            <Button size="compact-xs" aria-label={`End ${one.name}`} onClick={() => onAsk("end")}>{one.phase === "running" ? "End now" : "Call off"}</Button>
          </span>
        ) : null}
      </header>
      <p>{one.reason}</p>
      <p className={styles.facts}><Where company={company} window={one} /><span>by {personName(one.made_by)}, <Age at={one.made_at} suffix=" ago" /></span>{one.ended_at && one.ended_by ? <span>ended by {personName(one.ended_by)}</span> : null}</p>
      {over.length > 0 || one.last_held_back_at ? (
        <p className={styles.facts}>
          <Goto to={`/suppressed?company=${company}&window=${one.id}`}>{over.length > 0 ? `${counted(sum("suppressed"), "alert")} held back` : "See what it holds back"}</Goto>
          {over.length > 0 ? <span>{counted(sum("criticals"), "critical")}</span> : null}
          {over.length > 0 ? <span>{sum("opened") ? `${counted(sum("opened"), "incident")} opened at the end` : "nothing fired at the end"}</span> : null}
          {over.length > 1 ? <span>in {counted(over.length, "time")}</span> : null}
        </p>
      ) : null}
      {one.findings.map((finding) => <p key={finding} className={styles.finding}><Icon name="warning" size={13} /> It {FINDINGS[finding]}.</p>)}
    </li>
  );
}

function Where({ company, window: one }: { company: string; window: Window }) {
  const path = { company_id: company };
  const sites = useQuery({ queryKey: ["sites", company], enabled: one.sites.length > 0, queryFn: () => answered(client.GET("/api/companies/{company_id}/sites", { params: { path, query: { limit: 500 } } })) });
  const assets = useQuery({ queryKey: ["assets", company, "all"], enabled: one.assets.length > 0, queryFn: () => answered(client.GET("/api/companies/{company_id}/assets", { params: { path, query: { limit: 500 } } })) });
  const named = (ids: readonly string[], known: readonly { id: string; name: string }[] | undefined, noun: string) => {
    const names = ids.map((id) => known?.find((each) => each.id === id)?.name).filter((each) => each !== undefined);
    return names.length === ids.length && ids.length <= 4 ? names.join(", ") : ids.length ? counted(ids.length, noun) : "";
  };
  const places = [named(one.sites, sites.data?.items, "site"), named(one.assets, assets.data?.items, "asset")].filter(Boolean).join(", ");
  return <span><b>{one.whole_company ? "The whole company" : places}</b>{one.signatures.length ? <>, only {one.signatures.join(", ")}</> : null}</span>;
}

function useSettled(company: string, onDone: () => void) {
  const queries = useQueryClient();
  return () => {
    void queries.invalidateQueries({ queryKey: ["windows"] });
    void queries.invalidateQueries({ queryKey: ["incidents", company] });
    onDone();
  };
}

function Extend({ company, window: one, onClose }: { company: string; window: Window; onClose: () => void }) {
  const time = timeOf(one, Date.now());
  const [until, setUntil] = useState(() => toField(new Date(Date.parse(time?.ends_at ?? new Date().toISOString()) + HOUR_MS)));
  const done = useSettled(company, onClose);
  const extend = useMutation({
    mutationFn: (end: string) => answered(client.POST("/api/companies/{company_id}/windows/{window_id}/extend", { params: { path: { company_id: company, window_id: one.id } }, body: { until: end } })),
    onSuccess: done,
  });
  const end = fromField(until);
  return (
    <Modal opened onClose={onClose} title={`Let ${one.name} end later`}>
      <form onSubmit={(event) => { event.preventDefault(); if (end) extend.mutate(end); }}>
        <TextInput type="datetime-local" label="It ends" description="by your clock" required data-autofocus value={until} error={refusalAt(extend.error, "until", "ends")} onChange={(event) => setUntil(event.currentTarget.value)} />
        {extend.error && refusalElse(extend.error, "until", "ends") ? <p role="alert">{refusalElse(extend.error, "until", "ends")}</p> : null}
        <Group justify="flex-end" mt="md"><Button onClick={onClose}>Leave it</Button><Button type="submit" variant="filled" disabled={!end} loading={extend.isPending}>Extend it</Button></Group>
      </form>
    </Modal>
  );
}

function End({ company, window: one, onClose }: { company: string; window: Window; onClose: () => void }) {
  const now = Date.now();
  const running = one.phase === "running";
  const more = one.times.filter((each) => Date.parse(each.starts_at) > now).length;
  const done = useSettled(company, onClose);
  const end = useMutation({
    mutationFn: (forGood: boolean) => answered(client.POST("/api/companies/{company_id}/windows/{window_id}/end", { params: { path: { company_id: company, window_id: one.id } }, body: { for_good: forGood } })),
    onSuccess: done,
  });
  return (
    <Modal opened onClose={onClose} title={running ? `End ${one.name} now` : `Call ${one.name} off`}>
      <p>{running ? "What still fires opens incidents within seconds; what ended meanwhile opens none." : "Alerts open incidents as usual at that time."}{running && more ? ` ${counted(more, "more time is", "more times are")} to come.` : ""}</p>
      {end.error ? <p role="alert">{refusalElse(end.error)}</p> : null}
      <Group justify="flex-end" mt="md">
        <Button onClick={onClose}>Leave it</Button>
        {running && more ? <Button loading={end.isPending} onClick={() => end.mutate(true)}>End it for good</Button> : null}
        <Button variant="filled" data-autofocus loading={end.isPending} onClick={() => end.mutate(!running)}>{running ? "End it now" : "Call it off"}</Button>
      </Group>
    </Modal>
  );
}
