import { Fragment } from "react";
import { revealed } from "@/parts/hidden";
import styles from "./Code.module.css";

/** Words of others, inert and apart from ours; nothing in them is hidden. */
export function Inert({ text }: { text: string }) {
  return (
    <bdi>
      {revealed(text).map((one, at) => one.hidden ? <mark key={at} className={styles.hidden} title="a character that is not seen">{one.text}</mark> : <Fragment key={at}>{one.text}</Fragment>)}
    </bdi>
  );
}
