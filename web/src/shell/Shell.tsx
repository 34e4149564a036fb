import { Menu, Tooltip, useMantineColorScheme } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useLocation, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { answered, client } from "@/api/client";
import { useCounts } from "@/api/incidents";
import { useMay, useSession } from "@/api/session";
import { Hints } from "@/parts/Hints";
import { Icon } from "@/parts/Icon";
import { Find } from "@/shell/Find";
import { KeyHelp } from "@/shell/KeyHelp";
import { useKeys } from "@/shell/keys";
import { LineFoot } from "@/shell/LineFoot";
import { type Entry, sections } from "@/shell/navigation";
import { useScope } from "@/shell/scope";
import styles from "./Shell.module.css";

const FOLDED = "alertwhisperer.rail.folded";
const MANY = 999;
/** Below, on a phone; the other pages are behind "More". */
const AT_HAND: readonly string[] = ["/board", "/incidents", "/approvals"];

/** The frame of every page: rail, the page, and what answers keys everywhere. */
export function Shell() {
  const may = useMay();
  const navigate = useNavigate();
  const wall = useSearch({ strict: false, select: (search: Record<string, unknown>) => search.wall === "1" });
  const { toggleColorScheme } = useMantineColorScheme();
  const [folded, setFolded] = useState(() => window.localStorage.getItem(FOLDED) === "1");
  const [finding, setFinding] = useState(false);
  const [helping, setHelping] = useState(false);
  const shown = sections.map((one) => ({ ...one, entries: one.entries.filter((entry) => !entry.action || may(entry.action)) }));
  const fold = () => setFolded((was) => {
    window.localStorage.setItem(FOLDED, was ? "0" : "1");
    return !was;
  });
  useKeys([
    ...shown.flatMap((one) => one.entries).filter((entry) => entry.chord).map((entry) => ({
      key: `g ${entry.chord}`, does: `go to ${entry.title}`, act: () => void navigate({ to: entry.to }),
    })),
    { key: "mod+k", does: "find anything", act: () => setFinding(true) },
    { key: "?", does: "show all keys", act: () => setHelping(true) },
    { key: "[", does: "fold the rail", act: fold },
  ]);
  return (
    <div className={styles.frame} data-folded={folded || undefined} data-wall={wall || undefined}>
      <a className="skip" href="#main">Skip to the page</a>
      <nav className={styles.rail} aria-label="Main">
        <Link to="/" className={styles.brand}>
          <span className={styles.mark} aria-hidden><Icon name="alerts" size={14} /></span>
          <span className={styles.label}>Alert Whisperer</span>
        </Link>
        <CompanySwitch />
        <div className={styles.sections}>
          {shown.filter((one) => one.entries.length > 0).map((one, place) => (
            <section key={one.title} aria-label={one.title}>
              {place > 0 ? <h2 className={styles.heading}>{one.title}</h2> : null}
              <ul>{one.entries.map((entry) => <li key={entry.to}><RailEntry entry={entry} /></li>)}</ul>
            </section>
          ))}
        </div>
        <LineFoot onScheme={toggleColorScheme} />
      </nav>
      <main className={styles.main} id="main" tabIndex={-1}>
        <Outlet />
      </main>
      <nav className={styles.tabs} aria-label="Main, below">
        {(shown[0]?.entries ?? []).filter((entry) => AT_HAND.includes(entry.to)).map((entry) => (
          <Link key={entry.to} to={entry.to} className={styles.tab} activeProps={{ "aria-current": "page" }}>
            <Icon name={entry.icon} size={20} /><span>{entry.title}</span>
          </Link>
        ))}
        <button type="button" className={styles.tab} onClick={() => setFinding(true)}><Icon name="search" size={20} /><span>Find</span></button>
        <Link to="/me" className={styles.tab} activeProps={{ "aria-current": "page" }}><Icon name="menu" size={20} /><span>More</span></Link>
      </nav>
      <Hints />
      {finding ? <Find onClose={() => setFinding(false)} /> : null}
      {helping ? <KeyHelp onClose={() => setHelping(false)} /> : null}
    </div>
  );
}

function RailEntry({ entry }: { entry: Entry }) {
  const count = useCount(entry.to);
  const { pathname } = useLocation();
  const here = pathname === entry.to || pathname.startsWith(`${entry.to}/`);
  return (
    <Tooltip label={entry.title} position="right" classNames={{ tooltip: styles.tip }}>
      <Link to={entry.to} className={styles.entry} aria-current={here ? "page" : undefined}>
        <Icon name={entry.icon} />
        <span className={styles.label}>{entry.title}</span>
        {count ? <span className={styles.count} data-mine={entry.to === "/approvals" || undefined}>{count > MANY ? `${MANY}+` : count}</span> : null}
      </Link>
    </Tooltip>
  );
}

/** The two counts that carry meaning: incidents that are open, and approvals that wait for a decision. */
function useCount(to: string): number {
  const may = useMay();
  const { companyId } = useScope();
  const incidents = useCounts(companyId ? [companyId] : [], {}, { enabled: to === "/incidents" && may("incident.read") });
  const approvals = useQuery({
    queryKey: ["counts", to, companyId], queryFn: () => countApprovals(companyId), enabled: to === "/approvals" && may("approval.decide"), staleTime: 5_000,
  });
  if (to === "/approvals") return approvals.data ?? 0;
  return to === "/incidents" && incidents.data ? incidents.data.needs_ack + incidents.data.working + incidents.data.waiting : 0;
}

/** What waits for this person's own decision. */
async function countApprovals(companyId: string | null): Promise<number> {
  const page = await answered(client.GET("/api/approvals", { params: { query: { limit: 100 } } }));
  return page.items.filter((one) => companyId === null || one.company_id === companyId).length;
}

function CompanySwitch() {
  const { companies } = useSession();
  const { companyId, choose } = useScope();
  const chosen = companies.find((one) => one.id === companyId);
  const [only] = companies;
  const name = chosen?.name ?? (companies.length === 1 && only ? only.name : "All companies");
  if (companies.length < 2) return <div className={styles.company}><span className={styles.badge} aria-hidden>{name.slice(0, 1)}</span><span className={styles.label}>{name}</span></div>;
  return (
    <Menu width={240} position="bottom-start">
      <Menu.Target>
        <button type="button" className={styles.company} aria-description="the company that the page is about">
          <span className={styles.badge} aria-hidden>{name.slice(0, 1)}</span>
          <span className={styles.label}>{name}</span>
          <Icon name="chevron" size={14} />
        </button>
      </Menu.Target>
      <Menu.Dropdown className={styles.choices}>
        <Menu.Item onClick={() => choose(null)} aria-current={companyId === null || undefined}>All companies</Menu.Item>
        {companies.map((one) => <Menu.Item key={one.id} onClick={() => choose(one.id)} aria-current={companyId === one.id || undefined}>{one.name}</Menu.Item>)}
      </Menu.Dropdown>
    </Menu>
  );
}
