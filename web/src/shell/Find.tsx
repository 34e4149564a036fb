import { Modal, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useNavigate } from "@tanstack/react-router";
import { type RefObject, useEffect, useLayoutEffect, useRef, useState } from "react";
import { useSearchFor } from "@/api/search";
import { Icon } from "@/parts/Icon";
import { Kbd } from "@/parts/Kbd";
import { FoundLine } from "@/shell/FoundLine";
import { addressOf } from "@/shell/found";
import styles from "./Find.module.css";

const MOST = 12;
const PAUSE_MS = 60; // between two keys of one who types; the answer is there before 200 ms

/** Ctrl-K: companies, assets, incidents, contacts, integrations and alerts, by name, number or id. */
export function Find({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const [words, setWords] = useState("");
  const [place, setPlace] = useState(0);
  const field = useRef<HTMLInputElement>(null);
  useEarlyKeys(field, (key) => setWords((was) => was + key));
  const [asked] = useDebouncedValue(words.trim(), PAUSE_MS);
  const { data, error, isPlaceholderData } = useSearchFor(asked, MOST);
  const found = asked === "" ? [] : (data?.items ?? []);
  const isOld = asked !== words.trim() || isPlaceholderData;
  const last = found.length || -1; // the line that leads to all of them
  useEffect(() => document.getElementById(`found-${place}`)?.scrollIntoView({ block: "nearest" }), [place]);
  const go = (at: number) => {
    const one = found[at];
    if (!one && at !== last) return;
    const { to, search } = one ? addressOf(one) : { to: "/search", search: { q: words.trim() } };
    onClose();
    void navigate({ to, search: (search ?? {}) as never });
  };
  return (
    <Modal opened onClose={onClose} withCloseButton={false} size="xl" padding={0} yOffset="10vh" aria-label="Find anything">
      <TextInput
        ref={field} data-autofocus size="md" variant="unstyled" className={styles.input} leftSection={<Icon name="search" />} value={words} spellCheck={false}
        placeholder="Company, host, contact, number or id" aria-label="Find" role="combobox" aria-expanded={last >= 0} aria-controls="found" aria-activedescendant={last >= 0 ? `found-${place}` : undefined}
        onChange={(event) => { setWords(event.currentTarget.value); setPlace(0); }}
        onKeyDown={(event) => {
          if (event.key === "ArrowDown") setPlace((was) => Math.min(was + 1, Math.max(last, 0)));
          else if (event.key === "ArrowUp") setPlace((was) => Math.max(was - 1, 0));
          // What is shown may still be of fewer letters: Enter opens nothing that was not asked for.
          else if (event.key === "Enter") { if (!isOld) go(place); }
          else return;
          event.preventDefault();
        }}
      />
      <ul id="found" role="listbox" aria-label="Found" className={styles.found} aria-busy={isOld}>
        {found.map((one, at) => (
          <li key={`${one.kind}-${one.id}`} id={`found-${at}`} role="option" aria-selected={at === place} className={styles.one} onMouseEnter={() => setPlace(at)} onClick={() => go(at)}><FoundLine found={one} /></li>
        ))}
        {last >= 0 ? <li id={`found-${last}`} role="option" aria-selected={place === last} className={styles.all} onMouseEnter={() => setPlace(last)} onClick={() => go(last)}>All that fits “{words.trim()}”</li> : null}
      </ul>
      <p className={styles.foot}>
        <span role="status">{error && !isOld ? error.message : asked === "" ? "Companies, assets, incidents, contacts, integrations and alerts." : isOld ? "Looking…" : found.length ? `${found.length} found` : `Nothing of yours fits “${asked}”.`}</span>
        <span className={styles.keys} aria-hidden><Kbd>↑</Kbd> <Kbd>↓</Kbd> choose <Kbd>Enter</Kbd> open</span>
      </p>
    </Modal>
  );
}

/** Letters that are typed before the field has the focus belong to it, and are no keys of the page beneath. */
function useEarlyKeys(field: RefObject<HTMLInputElement | null>, take: (key: string) => void): void {
  const latest = useRef(take);
  latest.current = take;
  useLayoutEffect(() => {
    const early = (event: KeyboardEvent) => {
      if (event.target === field.current || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
      if (event.key.length === 1) latest.current(event.key);
      else if (event.key !== "Enter" && event.key !== "Backspace") return;
      event.preventDefault();
      event.stopPropagation();
    };
    window.addEventListener("keydown", early, true);
    return () => window.removeEventListener("keydown", early, true);
  }, [field]);
}
