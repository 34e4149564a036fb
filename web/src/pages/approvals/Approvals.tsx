import { useQuery } from "@tanstack/react-query";
import { Link, useParams, useSearch } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import type { Search } from "@/address";
import { type Approval, asked, type Which } from "@/api/approvals";
import { useCompanyName } from "@/api/session";
import { Decision } from "@/pages/approvals/Decision";
import { Expires } from "@/pages/approvals/parts";
import { settledOf, titleOf } from "@/pages/approvals/words";
import { Icon, type IconName } from "@/parts/Icon";
import { useIncidentOf } from "@/parts/IncidentLink";
import { Inert } from "@/parts/Inert";
import { counted } from "@/parts/names";
import { Risk } from "@/parts/Risk";
import { Empty, Failure, Skeleton } from "@/parts/States";
import { At } from "@/parts/Time";
import { Page } from "@/shell/Page";
import styles from "./Approvals.module.css";

const TABS: readonly { which: Which; title: string; none: string }[] = [
  { which: "yours", title: "Yours to decide", none: "Nothing waits for you. What needs your decision appears here, with exactly what would run." },
  { which: "others", title: "Waiting on others", none: "Nothing waits for anybody else." },
  { which: "settled", title: "Decided", none: "Nothing was decided in the last hour, and nothing lapsed." },
];

/** What waits for a decision on the left, one decision whole on the right. */
export default function Approvals() {
  const { id } = useParams({ strict: false }) as { id?: string };
  const search = useSearch({ strict: false }) as Search;
  const [yours, others, settled] = [useAsked("yours"), useAsked("others"), useAsked("settled")];
  const lists = { yours, others, settled };
  const tab = TABS.find((one) => one.which === search.tab) ?? TABS[0];
  const which = tab?.which ?? "yours";
  const list = lists[which];
  const of = (found: readonly Approval[] | undefined) => (found ?? []).filter((one) => !search.company || one.company_id === search.company);
  const rows = of(list.data);
  const shown = usePinned(id, rows[0]?.id, which);
  const tabs = TABS.map((one) => ({
    title: one.title, to: address(one.which, search.company), here: one.which === which, count: one.which === "settled" ? null : of(lists[one.which].data).length || null,
  }));
  if (list.error && !list.data) return <Page title="Approvals" tabs={tabs}><Failure what="Approvals" failure={list.error} again={() => void list.refetch()} /></Page>;
  return (
    <Page title="Approvals" tabs={tabs} scrolls={false}>
      <div className={styles.columns}>
        <nav className={styles.queue} aria-label={tab?.title ?? ""} data-chosen={id ? true : undefined}>
          {list.isPending ? <Skeleton rows={6} height={80} /> : null}
          {list.data && rows.length === 0 ? <p className={styles.none}>{tab?.none}</p> : null}
          <ul>{rows.map((one) => <li key={one.id}><Entry one={one} here={one.id === shown} search={search} /></li>)}</ul>
          {which !== "settled" && of(settled.data).length ? (
            <section aria-labelledby="lately">
              <h2 id="lately">Decided in the last hour</h2>
              <ul>{of(settled.data).map((one) => <li key={one.id}><Settled one={one} here={one.id === shown} search={search} /></li>)}</ul>
            </section>
          ) : null}
        </nav>
        <div className={styles.one} data-chosen={id ? true : undefined}>
          {shown ? <Decision key={shown} id={shown} /> : list.data ? <Empty title="Nothing to decide."><p>Acts of medium and high risk wait here until somebody who may has read them.</p></Empty> : null}
        </div>
      </div>
    </Page>
  );
}

function useAsked(which: Which) {
  return useQuery({ queryKey: ["approvals", which], queryFn: () => asked(which) });
}

function address(which: Which, company: string | undefined): string {
  const query = new URLSearchParams({ ...(which === "yours" ? {} : { tab: which }), ...(company ? { company } : {}) }).toString();
  return `/approvals${query ? `?${query}` : ""}`;
}

/** The first of the list stays the one that is read, also when another becomes the first: nothing moves under a hand. */
function usePinned(id: string | undefined, first: string | undefined, which: Which): string | undefined {
  const [pinned, setPinned] = useState<{ which: Which; id: string | undefined }>({ which, id: undefined });
  const current = pinned.which === which ? pinned.id : undefined;
  useEffect(() => {
    if (current === undefined && first !== undefined) setPinned({ which, id: first });
  }, [current, first, which]);
  return id ?? current ?? first;
}

function Entry({ one, here, search }: { one: Approval; here: boolean; search: Search }) {
  const companyName = useCompanyName();
  const incident = useIncidentOf(one.incident_id);
  return (
    <Link to="/approvals/$id" params={{ id: one.id }} search={search as never} className={styles.entry} aria-current={here || undefined}>
      <span className={styles.line}><span className={styles.whose}><Risk risk={one.risk} tag /><span className="dim">{companyName(one.company_id) || "this installation"}</span></span>{one.state === "asked" ? <Expires at={one.expires_at} /> : one.settled_at ? <At at={one.settled_at} /> : null}</span>
      <b className={styles.what}>{titleOf(one.runbook)} <span className="dim">on {counted(one.target_count, "target")}</span></b>
      <span className={styles.why}><Inert text={one.why} /></span>
      <span className={styles.line}><span className="dim">{settledOf(one) ?? (one.needed > 1 ? `${one.agreed} of ${one.needed} have agreed` : one.you === "own_request" ? "asked by you" : "waits")}</span><span className="dim">{incident ? `for ${incident.number}` : ""}</span></span>
    </Link>
  );
}

const ICONS: Partial<Record<Approval["state"], IconName>> = { approved: "check", started: "check", refused: "close", lapsed: "clock", voided: "close" };

/** One line of what is over. */
function Settled({ one, here, search }: { one: Approval; here: boolean; search: Search }) {
  return (
    <Link to="/approvals/$id" params={{ id: one.id }} search={search as never} className={styles.settled} aria-current={here || undefined} data-state={one.state}>
      <Icon name={ICONS[one.state] ?? "clock"} size={14} />
      <span className={styles.clipped}>{titleOf(one.runbook)}</span>
      <span className="dim">{settledOf(one)}{one.settled_at ? <>, <At at={one.settled_at} /></> : null}</span>
    </Link>
  );
}
