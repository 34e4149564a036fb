import { Link } from "@tanstack/react-router";
import type { Card as CardData } from "@/api/board";
import { type Line, openOf } from "@/pages/board/cards";
import { Bars } from "@/parts/Bars";
import { duration } from "@/parts/duration";
import { Icon } from "@/parts/Icon";
import { Inert } from "@/parts/Inert";
import { counted, initialsOf } from "@/parts/names";
import { useNow } from "@/parts/now";
import { Quiet } from "@/parts/Quiet";
import { SeverityCounts, SeverityGlyph } from "@/parts/Severity";
import { stateTitle } from "@/parts/State";
import { Age } from "@/parts/Time";
import styles from "./Board.module.css";

/** One company: what burns, worst first, and whether more alerts come than is usual at this hour. */
export function Card({ card, most }: { card: CardData; most: number }) {
  const shown = card.incidents.slice(0, most);
  const more = openOf(card) - shown.length;
  return (
    <li className={styles.card} data-burns={card.critical_needs_ack > 0 || undefined} data-company={card.name}>
      <header>
        <span className={styles.badge} aria-hidden>{initials(card.name)}</span>
        <h2><Link to="/incidents" search={{ company: card.id } as never}>{card.name}</Link></h2>
        <SeverityCounts counts={card.by_severity} most={3} />
      </header>
      <ul>
        {shown.map((one) => (
          <li key={one.id}>
            <Link to="/incidents/$number" params={{ number: String(one.number) }} className={styles.incident}>
              <SeverityGlyph severity={one.severity} size={15} />
              <span className={styles.title}><Inert text={titleOf(one)} /></span><span className={styles.age}><Age at={one.opened_at} /></span>
              <span className={styles.meta}><span className={styles.where}>{one.number} <Inert text={one.asset ?? ""} /></span><span className={styles.how}>, {stateTitle[one.state].toLowerCase()}{one.assignee ? `, ${initialsOf(one.assignee)}` : ""}</span></span>
            </Link>
          </li>
        ))}
      </ul>
      {card.incidents.length === 0 ? <p className="dim">Nothing open now.</p> : null}
      <footer className={styles.foot}>
        <span className={styles.notes}>
          {more > 0 ? <Link to="/incidents" search={{ company: card.id } as never}>{more.toLocaleString("en")} more</Link> : null}
          <Quiet company={card.id} words />
          {card.silent.length ? <Silent silent={card.silent} /> : null}
        </span>
        <Rate card={card} />
      </footer>
    </li>
  );
}

/** The same where there are too many for cards: a small seat, always at its place. */
export function Seat({ card }: { card: CardData }) {
  const open = openOf(card);
  const [worst] = card.incidents;
  const said = worst ? `; worst: ${worst.number} ${worst.title}` : "";
  return (
    <li className={styles.seat} data-burns={card.critical_needs_ack > 0 || undefined} data-company={card.name}>
      <Link to="/incidents" search={{ company: card.id } as never} title={`${card.name}: ${counted(open, "open incident")}${said}`}>
        <b>{card.name}</b>
        <span className={styles.counts}>
          {open ? <SeverityCounts counts={card.by_severity} /> : <span className="dim">quiet</span>}
          <Quiet company={card.id} />
          {card.silent.length ? <span className={styles.mute}><Icon name="warning" size={13} /> silent</span> : null}
        </span>
        <Bars bars={card.bars} usual={card.usual} width={104} height={12} label={rateWords(card)} />
      </Link>
    </li>
  );
}

function Rate({ card }: { card: CardData }) {
  return (
    <span className={styles.rate}>
      <Bars bars={card.bars} usual={card.usual} width={150} height={30} label={rateWords(card)} />
      <small>{card.alerts_last_hour.toLocaleString("en")} {card.alerts_last_hour === 1 ? "alert" : "alerts"}<br />last hour</small>
    </span>
  );
}

function rateWords(card: CardData): string {
  const usual = card.usual ? `, usually ${card.usual.low.toFixed(1)} to ${card.usual.high.toFixed(1)} in three minutes` : ", not long enough here to say what is usual";
  return `${counted(card.alerts_last_hour, "alert")} in the last hour${usual}`;
}

function Silent({ silent }: { silent: CardData["silent"] }) {
  const [first] = silent;
  if (!first) return null;
  return <span className={styles.mute}><Icon name="warning" size={13} /> <span className={styles.who}>{first.integration}{silent.length > 1 ? ` and ${silent.length - 1} more` : ""}</span> silent for <For since={first.since} /></span>;
}

/** How long something lasts already. */
export function For({ since }: { since: string }) {
  const now = useNow(60);
  return <>{duration((now - Date.parse(since)) / 1_000)}</>;
}

export function titleOf(one: Line): string {
  return one.asset ? one.title.replace(` on ${one.asset}`, "") : one.title;
}

function initials(name: string): string {
  const words = name.split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  return `${words[0]?.slice(0, 1) ?? ""}${words[1]?.slice(0, 1) ?? words[0]?.slice(1, 2) ?? ""}`.toUpperCase();
}
