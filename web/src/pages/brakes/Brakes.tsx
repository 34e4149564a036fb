import { Button } from "@mantine/core";
import { useState } from "react";
import { type Brakes as Found, useBrakes, useMayBrake, type Whose } from "@/pages/brakes/brakes";
import { Freezes } from "@/pages/brakes/Freezes";
import { SwitchDialog } from "@/pages/brakes/SwitchDialog";
import { Failure, Skeleton } from "@/parts/States";
import { Age, At } from "@/parts/Time";
import styles from "./Brakes.module.css";

/** What keeps acts from starting: the kill switch, and times in which nothing starts. Alerts and incidents go on. */
export function Brakes({ company, name }: { company: Whose; name: string }) {
  const { data, error, refetch } = useBrakes(company);
  const mine = useMayBrake(company);
  const [asked, setAsked] = useState<"stop" | "release" | null>(null);
  if (error && !data) return <Failure what="The brakes" failure={error} again={() => void refetch()} />;
  if (!data) return <Skeleton rows={4} />;
  const own = data.switches.find((one) => one.reach === (company ? "company" : "all"));
  return (
    <div className={styles.stack}>
      <section className={styles.banner} data-holds={data.holds || undefined} aria-label="Now">
        <div className={styles.now} role="status">{data.holds ? <Held found={data} name={name} /> : <p><b>Acts may start.</b> No kill switch is on and no freeze is in force{company ? ` for ${name}` : ""}.</p>}</div>
        {own === undefined && mine.stop ? <Button className={styles.stop ?? ""} onClick={() => setAsked("stop")}>{company ? `Stop everything of ${name}` : "Stop everything everywhere"}</Button> : null}
        {own && mine.release ? <Button variant="filled" onClick={() => setAsked("release")}>Let {name} go on</Button> : null}
        {own && !mine.release ? <p className="dim small">A company admin or an MSP admin may let it go on.</p> : null}
      </section>
      <Freezes company={company} freezes={data.freezes} maySet={mine.freeze} />
      {asked ? <SwitchDialog company={company} name={name} on={asked === "stop"} onClose={() => setAsked(null)} /> : null}
    </div>
  );
}

function Held({ found, name }: { found: Found; name: string }) {
  return (
    <>
      {found.switches.map((one) => <p key={one.reach}><b>Nothing starts {one.reach === "all" ? "in any company" : `for ${name}`}.</b> Stopped <Age at={one.set_at} suffix=" ago" />{one.set_by ? ` by ${one.set_by}` : ""}: {one.reason}</p>)}
      {found.freezes.filter((one) => one.holds).map((one) => <p key={`${one.reach} ${one.from}`}><b>Frozen until <At at={one.to} />{one.reach === "all" ? ", in all companies" : ""}.</b> {one.reason}</p>)}
    </>
  );
}
