import { Link } from "@tanstack/react-router";
import { type ReactNode, useEffect, useRef } from "react";
import { Icon } from "@/parts/Icon";
import { Kbd } from "@/parts/Kbd";
import { useNow } from "@/parts/now";
import { LineBar } from "@/shell/LineFoot";
import styles from "./Page.module.css";

export interface PageTab {
  title: string;
  to: string;
  here: boolean;
  count?: number | null;
}

const clock = new Intl.DateTimeFormat("en-GB", { weekday: "short", hour: "2-digit", minute: "2-digit", timeZoneName: "short" });

/** One page: its top bar (name or trail, tabs, actions, find, clock) and what it shows. `scrolls` is false where it does so itself. */
export function Page({ title, trail = [], tabs = [], actions, scrolls = true, children }: {
  title: string;
  trail?: readonly { title: string; to: string }[];
  tabs?: readonly PageTab[];
  actions?: ReactNode;
  scrolls?: boolean;
  children: ReactNode;
}) {
  useEffect(() => {
    document.title = `${title} · Alert Whisperer`;
  }, [title]);
  const up = trail.at(-1);
  return (
    <>
      <header className={styles.top}>
        <div className={styles.name}>
          {up ? <Link to={up.to} className={styles.up} aria-label={`Back to ${up.title}`}><Icon name="left" size={18} /></Link> : null}
          {trail.map((one) => <span key={one.to} className={styles.trail}><Link to={one.to}>{one.title}</Link><Icon name="right" size={12} /></span>)}
          <h1 className={styles.title}>{title}</h1>
        </div>
        {tabs.length ? (
          <nav className={styles.tabs} aria-label={`Views of ${title}`}>
            {tabs.map((one) => <Tab key={one.to} tab={one} />)}
          </nav>
        ) : null}
        <div className={styles.actions}>{actions}</div>
        <FindButton />
        <Clock />
      </header>
      <LineBar />
      <div className={scrolls ? styles.scrolls : styles.fixed}>{children}</div>
    </>
  );
}

/** One tab; the page says whether it is the present one, since several may share a path. */
function Tab({ tab: { title, to, here, count } }: { tab: PageTab }) {
  const [path = "", query = ""] = to.split("?");
  const self = useRef<HTMLAnchorElement>(null);
  useEffect(() => {
    if (here) self.current?.scrollIntoView?.({ block: "nearest", inline: "nearest" });
  }, [here]);
  return (
    <Link
      ref={self} to={path} search={Object.fromEntries(new URLSearchParams(query)) as never} activeOptions={{ exact: true, includeSearch: true }}
      className={styles.tab} aria-current={here ? "page" : undefined}
    >
      {title}{count === undefined || count === null ? null : <span className={styles.count}>{count.toLocaleString("en")}</span>}
    </Link>
  );
}

/** Opens what Ctrl-K opens. */
function FindButton() {
  return (
    <button type="button" className={styles.find} onClick={() => window.dispatchEvent(new KeyboardEvent("keydown", { key: "k", ctrlKey: true }))}>
      <Icon name="search" size={14} /><span>Find anything</span><Kbd>Ctrl K</Kbd>
    </button>
  );
}

function Clock() {
  const now = useNow(60);
  return <time className={styles.clock} dateTime={new Date(now).toISOString()}>{clock.format(now)}</time>;
}
