import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Board, Card } from "@/api/board";
import { useMay } from "@/api/session";
import { For, titleOf } from "@/pages/board/Card";
import { type Line, untakenCriticals } from "@/pages/board/cards";
import { duration } from "@/parts/duration";
import { Inert } from "@/parts/Inert";
import { useNow } from "@/parts/now";
import { Age } from "@/parts/Time";
import styles from "./Board.module.css";

type Address = { to: string; search?: Record<string, string> };

/** What concerns nobody's card alone: what burns untaken, the longest wait, decisions that are due, and silence. */
export function Strip({ strip, cards }: { strip: Board["strip"]; cards: readonly Card[] }) {
  const may = useMay();
  const { criticals_needs_ack: criticals, approvals, silent } = strip;
  const untaken = untakenCriticals(strip, cards);
  return (
    <section className={styles.strip} aria-label="What matters now">
      <Tile figure={untaken.toLocaleString("en")} tone={untaken ? "critical" : ""} title={untaken === 1 ? "critical unacknowledged" : "criticals unacknowledged"} to={{ to: "/incidents", search: { state: "needs_ack", severity: "critical" } }}>
        {criticals.slice(0, 2).map((one) => `${one.number} ${one.company}`).join(", ") || "none"}
      </Tile>
      <Waited first={longest(cards)} />
      {may("approval.decide") ? (
        <Tile figure={String(approvals.count)} tone={approvals.count ? "medium" : ""} title={approvals.count === 1 ? "approval waits" : "approvals wait"} to={{ to: "/approvals" }}>
          {approvals.first_expires_at ? <>first lapses in <Left until={approvals.first_expires_at} /></> : "nothing waits for a decision"}
        </Tile>
      ) : null}
      <Tile figure={String(silent.length)} tone={silent.length ? "high" : ""} title={silent.length === 1 ? "tool is silent" : "tools are silent"} to={silent[0] ? { to: `/companies/${silent[0].company_id}/integrations` } : { to: "/companies" }}>
        {silent[0] ? <>{silent[0].integration} of {silent[0].company}, nothing for <For since={silent[0].since} />{silent[0].usually ? `, usually every ${duration(silent[0].usually)}` : ""}</> : "all are heard as usual"}
      </Tile>
    </section>
  );
}

function longest(cards: readonly Card[]): Line | undefined {
  return cards.flatMap((one) => one.incidents).filter((one) => one.state === "needs_ack").sort((a, b) => a.opened_at.localeCompare(b.opened_at))[0];
}

function Waited({ first }: { first: Line | undefined }) {
  if (!first) return <Tile figure="none" tone="" title="waits to be taken" to={{ to: "/incidents", search: { state: "needs_ack" } }}>everything open has been taken</Tile>;
  return <Tile figure={<Age at={first.opened_at} />} tone={first.severity === "critical" ? "critical" : "medium"} title="the longest wait" to={{ to: `/incidents/${first.number}` }}>{first.number} <Inert text={titleOf(first)} /></Tile>;
}

function Tile({ figure, title, tone, to, children }: { figure: ReactNode; title: string; tone: string; to: Address; children: ReactNode }) {
  return <Link to={to.to} search={(to.search ?? {}) as never} className={styles.tile} data-tone={tone || undefined}><b className={styles.figure}>{figure}</b><span><b>{title}</b><small>{children}</small></span></Link>;
}

function Left({ until }: { until: string }) {
  const now = useNow();
  return <>{duration((Date.parse(until) - now) / 1_000)}</>;
}
