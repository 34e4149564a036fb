import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Whole } from "@/api/acts";
import { answered, client, type Shapes } from "@/api/client";
import { useMay } from "@/api/session";
import { CompanyNow } from "@/pages/oncall/NowLine";
import { Icon } from "@/parts/Icon";
import { Inert } from "@/parts/Inert";
import styles from "./Incident.module.css";

export type ToCall = Shapes["WhomToCall"];
type Contact = ToCall["contacts"][number];
const RARELY_MS = 60_000; // whether somebody can be reached changes with the hour

/** A number that a phone can call; null where there is none in it. */
export function callable(phone: string): string | null {
  const digits = phone.replace(/[^0-9+]/g, "");
  return /^\+?[0-9]{3,}$/.test(digits) ? `tel:${digits}` : null;
}

/** Who is called first about an incident: one who can be reached now, before one of whom that is not known. */
export function firstToCall(contacts: readonly Contact[]): { name: string; href: string } | null {
  const open = contacts.filter((one) => one.reachable_now !== false);
  for (const one of [...open.filter((each) => each.reachable_now), ...open, ...contacts]) {
    const href = callable(one.phone);
    if (href) return { name: one.name, href };
  }
  return null;
}

/** Whom to call about an incident, and what they asked to heed; of its sites first. */
export function useWhom(incidentId: string): ToCall | undefined {
  const may = useMay();
  return useQuery({
    queryKey: ["whom", incidentId],
    queryFn: () => answered(client.GET("/api/incidents/{incident_id}/whom-to-call", { params: { path: { incident_id: incidentId } } })),
    enabled: may("contact.read"),
    staleTime: RARELY_MS, refetchInterval: RARELY_MS,
  }).data;
}

/** Whom to call at the client, with the client's warnings before all. */
export function Whom({ incident }: { incident: Whole }) {
  const may = useMay();
  const found = useWhom(incident.id);
  if (!found) return null;
  return (
    <section className="card" aria-label="Whom to call" id="whom">
      <div className={styles.cardhead}><h2>Whom to call</h2></div>
      <CompanyNow company={incident.company_id} />
      {found.warnings.map((one) => (
        <p key={`${one.about} ${one.text}`} className={styles.warning}><Icon name="warning" size={14} /><span><b><Inert text={one.about} /></b>: <Inert text={one.text} /></span></p>
      ))}
      {found.contacts.length === 0 ? (
        <p className="dim">No contact is recorded for this company{may("contact.set") ? <>: <Link to="/companies/$company/$tab" params={{ company: incident.company_id, tab: "people" }}>add one</Link></> : ""}.</p>
      ) : null}
      <ul className={styles.contacts}>{found.contacts.map((one) => <li key={one.id}><Icon name="phone" size={14} /><Reach contact={one} /></li>)}</ul>
    </section>
  );
}

function Reach({ contact: one }: { contact: Contact }) {
  const call = callable(one.phone);
  return (
    <div>
      <p>
        <b>{one.name}</b>{one.role ? `, ${one.role}` : ""}{one.hours ? <span className="dim">, {one.hours}</span> : null}
        {one.reachable_now === null ? null : <span className={one.reachable_now ? styles.reachable : styles.away}>{one.reachable_now ? "reachable now" : "not now"}</span>}
      </p>
      <p className={styles.reach}>
        {call ? <a href={call}>{one.phone}</a> : one.phone ? <span>{one.phone}</span> : null}
        {one.email ? <a href={`mailto:${encodeURIComponent(one.email).replace("%40", "@")}`}>{one.email}</a> : null}
        {one.preferred ? <span className="dim">prefers {one.preferred}</span> : null}
      </p>
      {one.notes ? <p className="dim"><Inert text={one.notes} /></p> : null}
    </div>
  );
}
