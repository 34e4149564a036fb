import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { Whole } from "@/api/acts";
import { answered, client, type Shapes } from "@/api/client";
import { duration } from "@/parts/duration";
import { Icon } from "@/parts/Icon";
import { Inert } from "@/parts/Inert";
import { personName } from "@/parts/names";
import { StateGlyph } from "@/parts/State";
import { At } from "@/parts/Time";
import styles from "./Incident.module.css";

type Before = Shapes["SimilarIncident"];
const FEW = 4;
const BACK_WITHIN_M = 24 * 60; // later than a day, and what ended it did hold

/** Earlier incidents like it: how long each took, what ended it, and whether that held. */
export function Similar({ incident }: { incident: Whole }) {
  const [all, setAll] = useState(false);
  const { data } = useQuery({
    queryKey: ["similar", incident.id],
    queryFn: () => answered(client.GET("/api/incidents/{incident_id}/similar", { params: { path: { incident_id: incident.id } } })),
    staleTime: 300_000,
  });
  const found = data?.items ?? [];
  if (found.length === 0) return null;
  const shown = all ? found : found.slice(0, FEW);
  return (
    <section className="card" aria-label="Before">
      <div className={styles.cardhead}><h2>Before</h2><span className="dim small">the same key first, then the same check</span></div>
      <ul className={styles.earlier}>{shown.map((one) => <One key={one.id} before={one} title={incident.title} />)}</ul>
      {shown.length < found.length ? <button type="button" className={styles.rest} onClick={() => setAll(true)}>Show {found.length - shown.length} more</button> : null}
    </section>
  );
}

function One({ before: one, title }: { before: Before; title: string }) {
  const back = one.came_back_after_minutes;
  const held = back === null || back > BACK_WITHIN_M;
  return (
    <li>
      <Link to="/incidents/$number" params={{ number: String(one.number) }}>{one.number}</Link>
      <span>
        <Inert text={one.title === title ? "The same alert" : one.title} />
        <small><At at={one.opened_at} />, over {one.minutes_to_resolve ? `after ${duration(one.minutes_to_resolve * 60)}` : "within a minute"}{one.resolved_by ? `, by ${personName(one.resolved_by).split("@")[0]}` : ", by itself"}</small>
        {one.resolution_note ? <q className={styles.cause}><Inert text={one.resolution_note} /></q> : null}
      </span>
      {held
        ? <span className={styles.held} title={one.why}><StateGlyph state="resolved" /> held</span>
        : <span className={styles.back} title={one.why}><Icon name="back" size={14} /> back after {duration((back ?? 0) * 60)}</span>}
    </li>
  );
}
