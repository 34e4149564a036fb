import { Menu, UnstyledButton } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useSession } from "@/api/session";
import { useLineState } from "@/live/live";
import { duration } from "@/parts/duration";
import { Person } from "@/parts/Person";
import { Initials } from "@/parts/Tool";
import { useNow } from "@/parts/now";
import { useKeyBoard } from "@/shell/keys";
import styles from "./LineFoot.module.css";

const WORDS = { connecting: "Connecting", live: "Live", down: "Not live" };

/** The rail's foot: how the live line is, and who is here. */
export function LineFoot({ onScheme }: { onScheme: () => void }) {
  const { word, delay } = useLineState();
  const { email, role } = useSession();
  const keys = useKeyBoard();
  return (
    <div className={styles.foot}>
      <div className={styles.line} data-word={word} role="status">
        <span className={styles.dot} aria-hidden />
        <span className={styles.label}>{WORDS[word]}</span>
        {delay === null || word !== "live" ? null : <span className={styles.delay}>{(delay / 1_000).toFixed(1)} s</span>}
      </div>
      <Menu position="top-start" width={220}>
        <Menu.Target>
          <UnstyledButton className={styles.self}>
            <span aria-hidden><Initials email={email} /></span><span className={styles.label}><Person email={email} /></span>
          </UnstyledButton>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>{role.replace("_", " ")}</Menu.Label>
          <Menu.Item component={Link} to="/me">You and your devices</Menu.Item>
          <Menu.Item component="a" href="/account">Account and sessions</Menu.Item>
          <Menu.Item onClick={onScheme}>Light or dark</Menu.Item>
          <Menu.Item onClick={() => keys.switch(!keys.off)}>{keys.off ? "Switch single keys on" : "Switch single keys off"}</Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </div>
  );
}

/** The bar that says the line is down; its place is always reserved by the page's top. */
export function LineBar() {
  const { word, since, caughtUp } = useLineState();
  const now = useNow();
  if (word === "down" && now - since > 2_000) {
    return <div className={styles.bar} role="status">Live updates stopped {duration((now - since) / 1_000)} ago. Asking every 10 s.</div>;
  }
  if (caughtUp !== null) return <div className={styles.bar} data-word="live" role="status">Caught up: {caughtUp} {caughtUp === 1 ? "change" : "changes"}.</div>;
  return null;
}
