/** What a page shows when there is nothing, nothing yet, or a failure: what is so, what still holds, what to do next. */
import { Button, CopyButton } from "@mantine/core";
import { type ReactNode, useEffect, useState } from "react";
import { Refused } from "@/api/client";
import styles from "./States.module.css";

export function Empty({ title, children, action }: { title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className={styles.empty}>
      <p className={styles.title}>{title}</p>
      {children ? <div className={styles.words}>{children}</div> : null}
      {action}
    </div>
  );
}

export function Failure({ what, failure, again, holds = "Alerts are still being accepted." }: {
  what: string;
  failure: Error;
  again?: () => void;
  holds?: string;
}) {
  const refused = failure instanceof Refused ? failure : null;
  if (refused?.status === 403) return <Empty title="You may not see this."><p>{refused.detail}. Ask an administrator of your MSP.</p></Empty>;
  return (
    <div className={styles.empty} role="alert">
      <p className={styles.title}>{what} could not be loaded.</p>
      <div className={styles.words}>
        <p>{failure.message} {refused?.mend} {refused?.status === 0 ? "" : holds}</p>
        {refused?.request ? (
          <CopyButton value={refused.request}>
            {({ copied, copy }) => <p className="dim">Request <code>{refused.request}</code> <button type="button" className={styles.link} onClick={copy}>{copied ? "copied" : "copy"}</button></p>}
          </CopyButton>
        ) : null}
      </div>
      {again ? <Button onClick={again}>Try again</Button> : null}
    </div>
  );
}

/** Rows of the final height, after 150 ms, without shimmer. */
export function Skeleton({ rows = 8, height = 28 }: { rows?: number; height?: number }) {
  const [shown, setShown] = useState(false);
  useEffect(() => {
    const timer = window.setTimeout(() => setShown(true), 150);
    return () => window.clearTimeout(timer);
  }, []);
  return (
    <div aria-busy="true" aria-label="Loading" role="status" data-skeleton>
      {Array.from({ length: rows }, (_, place) => (
        <div key={place} className={styles.row} style={{ height }}>{shown ? <span className={styles.bar} style={{ width: `${40 + ((place * 17) % 45)}%` }} /> : null}</div>
      ))}
    </div>
  );
}
