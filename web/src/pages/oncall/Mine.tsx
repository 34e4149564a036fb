import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { Changes } from "@/pages/oncall/Changes";
import { FeedDialog } from "@/pages/oncall/FeedDialog";
import { useActing, useFeeds, useOwn } from "@/pages/oncall/oncall";
import { spanWords } from "@/pages/oncall/weeks";
import { Failure, Skeleton } from "@/parts/States";
import { Age } from "@/parts/Time";
import styles from "./OnCall.module.css";

const AT_FIRST = 5;

/** When one is on call oneself, what waits for one's answer, and the addresses that one's calendar reads. */
export function Mine() {
  const { data, error, refetch } = useOwn();
  const [adding, setAdding] = useState(false);
  if (error && !data) return <Failure what="Your times on call" failure={error} again={() => void refetch()} />;
  if (!data) return <Skeleton rows={3} />;
  return (
    <>
      {data.stretches.length === 0 ? <p className="dim">No time of the next 60 days is yours.</p> : (
        <ul className={styles.mine}>{data.stretches.slice(0, AT_FIRST).map((one) => (
          <li key={`${one.schedule_id} ${one.from}`}><b>{spanWords(one)}</b>{Date.parse(one.from) <= Date.now() ? <span className={styles.tag}>now</span> : null} <Link className="dim" to="/on-call" search={{ schedule: one.schedule_id } as never}>{one.schedule}</Link></li>
        ))}</ul>
      )}
      {data.stretches.length > AT_FIRST ? <p className="dim small">And {data.stretches.length - AT_FIRST} more within 60 days.</p> : null}
      {data.changes.length ? <Changes title="Changes and swaps" changes={data.changes} /> : null}
      <Feeds />
      <Button mt="sm" onClick={() => setAdding(true)}>Put them into my calendar</Button>
      {adding ? <FeedDialog schedule={null} onClose={() => setAdding(false)} /> : null}
    </>
  );
}

function Feeds() {
  const { data } = useFeeds();
  const { endFeed } = useActing();
  if (!data || data.items.length === 0) return null;
  return (
    <>
      <h3>Calendar addresses</h3>
      <ul className={styles.mine}>{data.items.map((one) => (
        <li key={one.id} className={styles.feed}>
          <span><b>{one.name}</b> <span className="dim"><code>{one.hint}…</code> {one.read_at ? <>read <Age at={one.read_at} suffix=" ago" /></> : "not read yet"}</span></span>
          <Button size="compact-xs" aria-label={`End the address of ${one.name}`} loading={endFeed.isPending} onClick={() => endFeed.mutate(one.id)}>End it</Button>
        </li>
      ))}</ul>
      {endFeed.error ? <p role="alert" className={styles.bad}>{endFeed.error.message}</p> : null}
    </>
  );
}
