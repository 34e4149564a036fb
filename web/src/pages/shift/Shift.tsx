import { Button } from "@mantine/core";
import { Link, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import type { Search } from "@/address";
import { useMay, useSession } from "@/api/session";
import { NowByPerson } from "@/pages/oncall/NowLine";
import { HandOverDialog } from "@/pages/shift/HandOverDialog";
import { Offers } from "@/pages/shift/Offers";
import { Part } from "@/pages/shift/Part";
import { Promises } from "@/pages/shift/Promises";
import { titleOf } from "@/pages/approvals/words";
import { type Incident, type Shift as Found, useShift } from "@/pages/shift/shift";
import { IncidentLink } from "@/parts/IncidentLink";
import { Icon } from "@/parts/Icon";
import { PromiseDialog } from "@/parts/acts/PromiseDialog";
import { duration } from "@/parts/duration";
import { personName } from "@/parts/names";
import { useNow } from "@/parts/now";
import { Person } from "@/parts/Person";
import { SeverityGlyph } from "@/parts/Severity";
import { Failure, Skeleton } from "@/parts/States";
import { Age, At, shortTime } from "@/parts/Time";
import { Page } from "@/shell/Page";
import { useScope } from "@/shell/scope";
import styles from "./Shift.module.css";

const MOST_SHOWN = 12;

/** What a shift leaves to the next: it builds itself, and is handed over by an offer that the other accepts. */
export default function Shift() {
  const search = useSearch({ strict: false }) as Search;
  const may = useMay();
  const { companyId } = useScope();
  const [offering, setOffering] = useState(false);
  const whose = search.whose === "mine" ? "mine" : "all";
  const { data, error, refetch } = useShift(companyId, whose, may("handover.cross"));
  const address = (mine: boolean) => `/shift?${new URLSearchParams({ ...(companyId ? { company: companyId } : {}), ...(mine ? { whose: "mine" } : {}) })}`;
  const tabs = [{ title: "Everything", to: address(false), here: whose === "all" }, { title: "Mine", to: address(true), here: whose === "mine" }];
  if (!may("handover.cross")) return <Page title="Hand-over"><p>You may not see this. Whoever works on incidents hands them over.</p></Page>;
  return (
    <Page title="Hand-over" tabs={tabs} actions={may("handover.offer") ? <Button variant="filled" onClick={() => setOffering(true)}>Hand over…</Button> : null}>
      {error && !data ? <Failure what="The hand-over" failure={error} again={() => void refetch()} /> : !data ? <Skeleton rows={12} /> : <Shown shift={data} withCompany={companyId === null} />}
      {offering ? <HandOverDialog onClose={() => setOffering(false)} /> : null}
    </Page>
  );
}

function Shown({ shift, withCompany }: { shift: Found; withCompany: boolean }) {
  const { companies } = useSession();
  const may = useMay();
  const { companyId } = useScope();
  const named = withCompany && companies.length > 1;
  return (
    <div className={styles.page}>
      <Offers offers={shift.offers} />
      <div className={styles.columns}>
        <div className={styles.column}>
          <Incidents title="Needs acknowledgement" found={shift.needs_ack} named={named} none="Nothing waits for somebody to take it." more="/incidents?state=needs_ack" />
        </div>
        <div className={styles.column}>
          {may("on_call.cross") ? <section className={`card ${styles.part}`} aria-label="On call now"><h2>On call now</h2><NowByPerson company={companyId} /></section> : null}
          <Incidents title="Being worked" found={shift.working} named={named} none="Nobody works on anything." more="/incidents?state=acknowledged" />
          <Incidents title="Waiting" found={shift.waiting} named={named} none="Nothing is snoozed, and nothing clears." more="/incidents?state=open" />
          <Promises promises={shift.promises} named={named} />
          <Approvals found={shift.approvals} />
          <Windows found={shift.windows} />
        </div>
      </div>
      <p className="dim small">As of <At at={shift.as_of} seconds />; it follows what happens.</p>
    </div>
  );
}

function Incidents({ title, found, named, none, more }: { title: string; found: Found["needs_ack"]; named: boolean; none: string; more: string }) {
  const shown = found.items.slice(0, MOST_SHOWN);
  return (
    <Part title={title} count={found.count}>
      {found.count === 0 ? <p className="dim">{none}</p> : <ul className={styles.rows}>{shown.map((one) => <Row key={one.id} one={one} named={named} />)}</ul>}
      {found.count > shown.length ? <p className="small"><Link to={more}>All {found.count.toLocaleString("en")}</Link></p> : null}
    </Part>
  );
}

function Row({ one, named }: { one: Incident; named: boolean }) {
  const may = useMay();
  const [promising, setPromising] = useState(false);
  const notes = [named ? one.company : null, owner(one), waits(one)].filter(Boolean);
  return (
    <li className={styles.row}>
      <SeverityGlyph severity={one.severity} size={16} />
      <Link to="/incidents/$number" params={{ number: String(one.number) }} className={styles.title}>{one.number} {one.title}</Link>
      <span className={styles.age}><Age at={one.opened_at} /></span>
      <span className={styles.notes}>{notes.join(", ")}</span>
      {may("incident.promise") ? <button type="button" className={styles.icon} aria-label={`Promise something about ${one.number}`} title="Promise something" onClick={() => setPromising(true)}><Icon name="clock" size={14} /></button> : null}
      {promising ? <PromiseDialog id={one.id} number={one.number} onClose={() => setPromising(false)} /> : null}
    </li>
  );
}

function owner(one: Incident): string {
  if (one.assignee) return personName(one.assignee);
  return one.acknowledged_by ? `acknowledged by ${personName(one.acknowledged_by)}` : "no owner";
}

/** What a quiet one waits for. */
function waits(one: Incident): string | null {
  if (one.state === "snoozed") return one.snoozed_until ? `snoozed until ${shortTime(one.snoozed_until)}` : one.snoozed_until_clear ? "snoozed until it is clear" : "snoozed";
  if (one.state !== "clearing") return null;
  return one.closes_at ? `clear, closes at ${shortTime(one.closes_at)}` : "clear, held before it closes";
}

function Approvals({ found }: { found: Found["approvals"] }) {
  const now = useNow(60);
  return (
    <Part title="Approvals" count={found.count}>
      {found.count === 0 ? <p className="dim">Nothing waits for a decision.</p> : (
        <ul className={styles.rows}>{found.items.map((one) => (
          <li key={one.id} className={styles.row}>
            <Icon name="approvals" size={16} />
            <Link to="/approvals/$id" params={{ id: one.id }} className={styles.title}>{one.runbook ? titleOf(one.runbook) : one.kind}</Link>
            <span className={styles.age}>{duration((Date.parse(one.expires_at) - now) / 1_000)} left</span>
            <span className={styles.notes}>{one.company}, {one.risk} risk, asked by <Person email={one.requested_by} />{one.incident_id ? <>, for <IncidentLink id={one.incident_id} /></> : null}</span>
          </li>
        ))}</ul>
      )}
    </Part>
  );
}

function Windows({ found }: { found: Found["windows"] }) {
  return (
    <Part title="Freezes" count={found.length}>
      {found.length === 0 ? <p className="dim">None is in force, and none ends within a day.</p> : (
        <ul className={styles.rows}>{found.map((one) => (
          <li key={`${one.company_id} ${one.from} ${one.reason}`} className={styles.row}>
            <Icon name="clock" size={16} />
            <span className={styles.title}>{one.reason}</span>
            <span className={styles.age}>to <At at={one.to} /></span>
            <span className={styles.notes}>{one.company ?? "all companies"}, {one.holds_now ? "in force" : <>from <At at={one.from} /></>}</span>
          </li>
        ))}</ul>
      )}
    </Part>
  );
}
