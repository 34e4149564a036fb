import { Modal } from "@mantine/core";
import { Fragment } from "react";
import { Kbd } from "@/parts/Kbd";
import { useKeyBoard } from "@/shell/keys";
import styles from "./KeyHelp.module.css";

/** All keys that are bound on this page. */
export function KeyHelp({ onClose }: { onClose: () => void }) {
  const { bound, off } = useKeyBoard();
  return (
    <Modal opened onClose={onClose} title="Keys of this page" size="lg">
      {off ? <p className="dim">Single keys are switched off; the menu under your name switches them on.</p> : null}
      <dl className={styles.keys}>
        {bound.map((one) => (
          <Fragment key={one.key}>
            <dt>{one.key.replace("mod+", "Ctrl+").split(" ").map((part) => <Kbd key={part}>{part}</Kbd>)}</dt>
            <dd>{one.does}</dd>
          </Fragment>
        ))}
      </dl>
    </Modal>
  );
}
