import { Button, Group, Switch, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { answered, client } from "@/api/client";
import { useMay, useSession } from "@/api/session";
import { Devices } from "@/pages/me/Devices";
import { Mine } from "@/pages/oncall/Mine";
import { Icon } from "@/parts/Icon";
import { counted, roleName } from "@/parts/names";
import { useKeyBoard } from "@/shell/keys";
import { sections } from "@/shell/navigation";
import { Page } from "@/shell/Page";
import styles from "./Me.module.css";

/** One's own page: who one is here, where one is told of incidents, how the console looks; on a phone, the way to all pages. */
export default function Me() {
  const { email, role, companies } = useSession();
  const may = useMay();
  return (
    <Page title="You">
      <div className={styles.page}>
        <nav className={`card ${styles.pages}`} aria-label="All pages">
          <ul>{sections.flatMap((one) => one.entries).filter((one) => !one.action || may(one.action)).map((one) => <li key={one.to}><Link to={one.to} className={styles.go}><Icon name={one.icon} size={18} />{one.title}</Link></li>)}</ul>
        </nav>
        <section className="card" aria-label="You">
          <h2>{email}</h2>
          <p className="dim">{roleName(role)}, serving {counted(companies.length, "company", "companies")}</p>
          <Group mt="sm" gap="xs"><Button component="a" href="/account">Password, second factor, sessions</Button><SignOut /></Group>
        </section>
        {may("push.own") ? <section className="card" aria-label="Told of incidents"><h2>Told of incidents</h2><Devices /></section> : null}
        {may("on_call.own") ? <section className="card" aria-label="On call"><h2>On call</h2><Mine /></section> : null}
        <Looks />
      </div>
    </Page>
  );
}

function SignOut() {
  const out = useMutation({ mutationFn: () => answered(client.DELETE("/api/session")), onSuccess: () => window.location.assign("/sign-in") });
  return <><Button loading={out.isPending} onClick={() => out.mutate()}>Sign out</Button>{out.error ? <p role="alert" className={styles.bad}>{out.error.message}</p> : null}</>;
}

function Looks() {
  const keys = useKeyBoard();
  const [off, setOff] = useState(keys.off);
  const scheme = useComputedColorScheme("light");
  const { setColorScheme } = useMantineColorScheme();
  return (
    <section className="card" aria-label="How the console looks">
      <h2>How the console looks and answers</h2>
      <Switch mt="xs" size="sm" label="Dark" checked={scheme === "dark"} onChange={(event) => setColorScheme(event.currentTarget.checked ? "dark" : "light")} />
      <Switch mt="sm" size="sm" label="Single keys act (such as a: acknowledge)" checked={!off} onChange={(event) => { keys.switch(!event.currentTarget.checked); setOff(!event.currentTarget.checked); }} />
    </section>
  );
}
