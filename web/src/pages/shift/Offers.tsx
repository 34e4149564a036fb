import { Button, Group } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { type Offer, outcomeWords, useHanding, useOffer, type Whole } from "@/pages/shift/shift";
import { counted } from "@/parts/names";
import { Person } from "@/parts/Person";
import { SeverityGlyph } from "@/parts/Severity";
import { Failure, Skeleton } from "@/parts/States";
import { Age } from "@/parts/Time";
import styles from "./Shift.module.css";

/** Offers that wait: those to oneself first. */
export function Offers({ offers }: { offers: readonly Offer[] }) {
  const sorted = [...offers].sort((a, b) => Number(b.you === "receiver") - Number(a.you === "receiver"));
  return <>{sorted.map((one) => <One key={one.id} offer={one} />)}</>;
}

function One({ offer }: { offer: Offer }) {
  const { accept, withdraw } = useHanding();
  const [open, setOpen] = useState(false);
  const whole = useOffer(offer.id, open);
  const toMe = offer.you === "receiver";
  const failure = accept.error ?? withdraw.error;
  const told = (found: Whole) => notifications.show({ title: "Taken over", message: outcomeWords(found) ?? "Nothing was left to take over." });
  return (
    <section className={styles.offer} data-mine={toMe || undefined} aria-label={toMe ? "Offered to you" : "Offered by you"}>
      <div>
        <p>{toMe ? <><b><Person email={offer.from} /> hands {counted(offer.count, "incident")} to you</b></> : <><b>You offered {counted(offer.count, "incident")} to <Person email={offer.to} /></b>, who has not accepted yet</>}, <Age at={offer.offered_at} suffix=" ago" />.</p>
        {offer.note ? <p className={styles.note}>“{offer.note}”</p> : null}
        {offer.hidden ? <p className="dim small">{counted(offer.hidden, "is", "are")} of companies that you do not serve.</p> : null}
        {failure ? <p role="alert" className={styles.bad}>{failure.message}</p> : null}
      </div>
      <Group gap="xs">
        <Button aria-expanded={open} onClick={() => setOpen(!open)}>{open ? "Hide them" : "Show them"}</Button>
        {toMe ? <Button variant="filled" loading={accept.isPending} onClick={() => accept.mutate(offer.id, { onSuccess: told })}>Take {offer.count === 1 ? "it" : `all ${offer.count}`} over</Button> : <Button loading={withdraw.isPending} onClick={() => withdraw.mutate(offer.id)}>Withdraw it</Button>}
      </Group>
      {open ? whole.error && !whole.data ? <Failure what="The offer" failure={whole.error} again={() => void whole.refetch()} /> : !whole.data ? <Skeleton rows={3} /> : (
        <ul className={styles.rows}>{whole.data.incidents.map((one) => (
          <li key={one.id} className={styles.row}>
            <SeverityGlyph severity={one.severity} size={16} />
            <Link to="/incidents/$number" params={{ number: String(one.number) }} className={styles.title}>{one.number} {one.title}</Link>
            <span className={styles.age}>{one.company}</span>
          </li>
        ))}</ul>
      ) : null}
    </section>
  );
}
