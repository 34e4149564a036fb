import { useEffect, useRef, useState } from "react";
import { linesOf } from "@/parts/hidden";
import { Inert } from "@/parts/Inert";
import styles from "./Tail.module.css";

const NEAR_PX = 24;

/** Text that grows: it follows its end, unless the reader scrolled up; then it keeps still until it is told to follow again. */
export function Tail({ text, label }: { text: string; label: string }) {
  const scroller = useRef<HTMLDivElement>(null);
  const [follows, setFollows] = useState(true);
  useEffect(() => {
    if (follows && scroller.current) scroller.current.scrollTop = scroller.current.scrollHeight;
  }, [text, follows]);
  return (
    <div className={styles.frame}>
      <div
        ref={scroller} className={styles.tail} role="region" aria-label={label} tabIndex={0}
        onScroll={({ currentTarget: at }) => setFollows(at.scrollHeight - at.scrollTop - at.clientHeight < NEAR_PX)}
      >
        {linesOf(text).map((line, at) => <code key={at}><Inert text={line} /></code>)}
      </div>
      {follows ? null : <button type="button" className={styles.follow} onClick={() => setFollows(true)}>Follow the end</button>}
    </div>
  );
}
