import { Menu, Popover, TextInput } from "@mantine/core";
import { type ReactNode, useEffect, useState } from "react";
import { Icon } from "@/parts/Icon";
import styles from "./Chip.module.css";

/** A filter with choices: its name, what it is set to, and a menu. `stays` keeps the menu open for several; `onOpen` is where choices are asked for. */
export function Chip({ title, value, set, stays = false, onOpen, children }: { title: string; value: string; set: boolean; stays?: boolean; onOpen?: () => void; children: ReactNode }) {
  return (
    <Menu position="bottom-start" closeOnItemClick={!stays} onOpen={onOpen}>
      <Menu.Target><button type="button" className={styles.chip} data-set={set || undefined}><b>{title}</b> <span className={styles.value}>{value}</span></button></Menu.Target>
      <Menu.Dropdown className={styles.choices}>{children}</Menu.Dropdown>
    </Menu>
  );
}

/** A filter by words that are typed. */
export function WordChip({ title, value, hint, onSet }: { title: string; value: string | undefined; hint: string; onSet: (value: string | undefined) => void }) {
  const [open, setOpen] = useState(false);
  const [words, setWords] = useState(value ?? "");
  useEffect(() => setWords(value ?? ""), [value]);
  const send = (to: string | undefined) => {
    setOpen(false);
    onSet(to);
  };
  return (
    <span className={styles.pair}>
      <Popover opened={open} onChange={setOpen} position="bottom-start" trapFocus returnFocus>
        <Popover.Target>
          <button type="button" className={styles.chip} data-set={value ? true : undefined} aria-haspopup="dialog" aria-expanded={open} onClick={() => setOpen((was) => !was)}><b>{title}</b> <span className={styles.value}>{value ?? "any"}</span></button>
        </Popover.Target>
        <Popover.Dropdown>
          <form onSubmit={(event) => { event.preventDefault(); send(words.trim() || undefined); }}>
            <TextInput data-autofocus label={title} description={hint} value={words} onChange={(event) => setWords(event.currentTarget.value)} w={240} />
          </form>
        </Popover.Dropdown>
      </Popover>
      {value ? <button type="button" className={styles.clear} aria-label={`Any ${title.toLowerCase()}`} onClick={() => send(undefined)}><Icon name="close" size={12} /></button> : null}
    </span>
  );
}
