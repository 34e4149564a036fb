import { Popover, UnstyledButton } from "@mantine/core";
import type { Definition } from "@/pages/dashboard/figures";
import { Goto } from "@/parts/Goto";
import { Icon } from "@/parts/Icon";
import styles from "./Dashboard.module.css";

/** What a figure means, when there is none, and the way to the rows behind it. */
export function Meaning({ title, definition, rows }: { title: string; definition: Definition; rows: string | null }) {
  return (
    <Popover width={340} withArrow position="bottom-end" trapFocus returnFocus>
      <Popover.Target><UnstyledButton aria-label={`What ${title} means`} className={styles.info}><Icon name="info" size={14} /></UnstyledButton></Popover.Target>
      <Popover.Dropdown>
        <p><b>{definition.title}</b>, in {definition.unit}</p>
        <p className="small">{definition.formula}.</p>
        {definition.null === "never" ? null : <p className="small dim">Not measured when {definition.null}.</p>}
        {rows ? <p className="small"><Goto to={rows}>Show the {definition.rows}</Goto></p> : null}
      </Popover.Dropdown>
    </Popover>
  );
}
