import { Button } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import type { Search } from "@/address";
import { type Card as CardData, useBoard } from "@/api/board";
import { useMay } from "@/api/session";
import { Card, For, Seat } from "@/pages/board/Card";
import { applied, seats } from "@/pages/board/cards";
import { Strip } from "@/pages/board/Strip";
import { FirstRun } from "@/parts/FirstRun";
import { Icon } from "@/parts/Icon";
import { Kbd } from "@/parts/Kbd";
import { counted } from "@/parts/names";
import { StateGlyph } from "@/parts/State";
import { Empty, Failure, Skeleton } from "@/parts/States";
import { Age } from "@/parts/Time";
import { useKeys } from "@/shell/keys";
import { Page } from "@/shell/Page";
import styles from "./Board.module.css";

const STILL_MS = 3_000;
const MOST_CARDS = 24; // more would not fit; then each company has a small seat
const MOST_ON_WALL = 12; // which does not scroll
const FEW_ON_WALL = 8; // of which three lines have room
const MOST_LARGE = 60;

/** All companies at a glance, each always at its own place: who burns now. */
export default function Board() {
  const may = useMay();
  const navigate = useNavigate();
  const search = useSearch({ strict: false }) as Search;
  const wall = search.wall === "1";
  const { data, error, refetch } = useBoard(applied);
  const chosen = search.company?.split(",").filter(Boolean) ?? [];
  const shown = (data?.companies ?? []).filter((one) => chosen.length === 0 || chosen.includes(one.id));
  const moved = useRef(0);
  const { seated, waiting, show } = useSeats(shown, () => !wall && Date.now() - moved.current < STILL_MS);
  const turn = () => void navigate({ to: "/board", search: { ...search, wall: wall ? undefined : "1" } as never });
  useKeys([{ key: "n", does: "show those that began to burn", act: show }, ...(wall ? [{ key: "Escape", does: "leave the wall", act: turn }] : [])]);
  if (!may("board.cross")) return <Page title="Board"><Empty title="You may not see this."><p>The board is for those who work on incidents. Yours are in the list of incidents.</p></Empty></Page>;
  if (error && !data) return <Page title="Board"><Failure what="The board" failure={error} again={() => void refetch()} /></Page>;
  if (!data) return <Page title="Board"><Skeleton rows={10} height={60} /></Page>;
  const among = new Set(shown.map((one) => one.id));
  const strip = { ...data.strip, criticals_needs_ack: data.strip.criticals_needs_ack.filter((one) => among.has(one.company_id)), silent: data.strip.silent.filter((one) => among.has(one.company_id)) };
  const isDense = shown.length > (wall ? MOST_ON_WALL : MOST_CARDS);
  const cards = shown.filter((one) => seated.has(one.id));
  return (
    <Page
      title="Board"
      actions={(
        <>
          <span className={`dim small ${styles.about}`}>{counted(shown.length, "company", "companies")}, by name; the grey band is the usual rate at this hour</span>
          <Button className={styles.turn ?? ""} onClick={turn}>{wall ? "Leave the wall" : "Wall mode"}</Button>
          {waiting ? <Button variant="light" onClick={show} rightSection={<Kbd>n</Kbd>}>{counted(waiting, "more burns", "more burn")}: show</Button> : null}
        </>
      )}
    >
      <div className={styles.board} data-wall={wall ? (shown.length > MOST_LARGE ? "full" : "large") : undefined} onPointerMove={() => { moved.current = Date.now(); }}>
        <Strip strip={strip} cards={shown} />
        {isDense ? <ul className={styles.seats}>{shown.map((one) => <Seat key={one.id} card={one} />)}</ul> : (
          <>
            {cards.length === 0 ? <FirstRun otherwise={<Empty title="Nothing open anywhere."><p>Whatever begins appears here by itself.</p></Empty>} /> : null}
            <ul className={styles.cards}>{cards.map((one) => <Card key={one.id} card={one} most={wall && cards.length > FEW_ON_WALL ? 2 : 3} />)}</ul>
            <Quiet cards={shown.filter((one) => !seated.has(one.id))} />
          </>
        )}
        {data.left_out ? <p className="dim small">{counted(data.left_out, "more company", "more companies")} not shown here.</p> : null}
      </div>
    </Page>
  );
}

/** Which companies have a card, while the page is open; `still` says whether nothing may move now. */
function useSeats(shown: readonly CardData[], still: () => boolean): { seated: ReadonlySet<string>; waiting: number; show: () => void } {
  const [seated, setSeated] = useState<ReadonlySet<string>>(new Set());
  const burning = shown.filter((one) => one.incidents.length > 0).map((one) => one.id);
  const next = seats(seated, burning, seated.size > 0 && still());
  useEffect(() => {
    if (next.seated !== seated) setSeated(next.seated);
    if (!next.waiting) return;
    const again = window.setInterval(() => { if (!still()) setSeated((was) => seats(was, burning, false).seated); }, 1_000);
    return () => window.clearInterval(again);
  });
  return { seated: next.seated, waiting: next.waiting, show: () => setSeated(seats(seated, burning, false).seated) };
}

/** Companies without a card: silence is a fault, and told apart from quiet. */
function Quiet({ cards }: { cards: readonly CardData[] }) {
  const silent = cards.filter((one) => one.silent.length > 0);
  const quiet = cards.filter((one) => one.silent.length === 0);
  return (
    <div className={styles.quiet}>
      {silent.length ? (
        <p><span className={styles.mute}><Icon name="warning" size={14} /> <b>{silent.length} silent</b></span> {silent.map((one) => <span key={one.id}>{one.name}, nothing for <For since={one.silent[0]?.since ?? ""} /></span>)}</p>
      ) : null}
      {quiet.length ? (
        <p><StateGlyph state="resolved" /> <b>{quiet.length} quiet</b> {quiet.map((one) => <span key={one.id}>{one.name}{one.last_alert_at ? <>, last alert <Age at={one.last_alert_at} suffix=" ago" /></> : ", no alert yet"}</span>)}</p>
      ) : null}
    </div>
  );
}
