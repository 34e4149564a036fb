import { TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import type { Search } from "@/address";
import { type Kind, useSearchFor } from "@/api/search";
import { Icon } from "@/parts/Icon";
import { Kbd } from "@/parts/Kbd";
import { counted } from "@/parts/names";
import { Empty, Failure } from "@/parts/States";
import { FoundLine } from "@/shell/FoundLine";
import { addressOf, countsOf, KIND, KINDS } from "@/shell/found";
import { useKeys } from "@/shell/keys";
import { Page } from "@/shell/Page";
import styles from "./Search.module.css";

const MOST = 50;
const PAUSE_MS = 60;

/** All that fits, of every kind; what is looked for is the page's address. */
export default function SearchPage() {
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const [words, setWords] = useState(search.q ?? "");
  const [place, setPlace] = useState(-1);
  useEffect(() => setWords((was) => (was.trim() === (search.q ?? "") ? was : (search.q ?? ""))), [search.q]);
  const [asked] = useDebouncedValue(words.trim(), PAUSE_MS);
  useEffect(() => {
    if (asked !== (search.q ?? "") && asked === words.trim()) void navigate({ to: "/search", search: { q: asked || undefined, kind: search.kind } as never, replace: true });
  }, [asked, words, search.q, search.kind, navigate]);
  const { data, error, isPlaceholderData, refetch } = useSearchFor(asked, MOST);
  const kind = KINDS.find((one) => one === search.kind);
  const all = asked === "" ? [] : (data?.items ?? []);
  const found = kind ? all.filter((one) => one.kind === kind) : all;
  const choose = (to: Kind | undefined) => { setPlace(-1); void navigate({ to: "/search", search: { q: asked || undefined, kind: to } as never, replace: true }); };
  const step = (by: number) => {
    const next = Math.min(Math.max(place + by, 0), found.length - 1);
    setPlace(next);
    document.querySelector<HTMLElement>(`[data-found="${next}"]`)?.focus();
  };
  useKeys([
    { key: "j", does: "next", act: () => step(1) }, { key: "ArrowDown", does: "next", act: () => step(1) },
    { key: "k", does: "the one before", act: () => step(-1) }, { key: "ArrowUp", does: "the one before", act: () => step(-1) },
    { key: "/", does: "change the words", act: () => document.getElementById("search-words")?.focus() },
  ]);
  return (
    <Page title="Search">
      <div className={styles.page}>
        <TextInput
          id="search-words" size="sm" autoFocus={!search.q} aria-label="Words, a number or an id" placeholder="Company, host, contact, number or id" value={words} spellCheck={false}
          leftSection={<Icon name="search" size={14} />} rightSection={<Kbd>/</Kbd>} onChange={(event) => { setWords(event.currentTarget.value); setPlace(-1); }}
          onKeyDown={(event) => {
            if (event.key === "ArrowDown" || (event.key === "Enter" && found.length > 0)) { event.preventDefault(); step(1); }
            if (event.key === "Escape") event.currentTarget.blur();
          }}
        />
        {asked === "" ? null : <div className={styles.kinds} role="group" aria-label="Kinds">
          <button type="button" aria-pressed={!kind} onClick={() => choose(undefined)}>All {all.length}</button>
          {countsOf(all).map((one) => <button key={one.kind} type="button" aria-pressed={kind === one.kind} onClick={() => choose(one.kind)}>{KIND[one.kind].several} {one.count}</button>)}
          <span className="dim small" role="status">{said(asked, data && !isPlaceholderData ? { count: found.length, took: data.took_ms, more: all.length >= MOST } : null)}</span>
        </div>}
        {error && !isPlaceholderData ? <Failure what="What fits" failure={error} again={() => void refetch()} /> : null}
        {asked === "" ? <Empty title="Look for anything that has a name."><p>A host, a company, a contact, an incident's number, a tool's own id, or the first 8 digits of one of ours.</p></Empty> : null}
        {asked !== "" && data && !isPlaceholderData && found.length === 0 ? <Empty title={`Nothing of yours fits “${asked}”.`}><p>Words must each be a part of the name. Of incidents, titles of the newest 20,000 are looked through; numbers and ids of all.</p></Empty> : null}
        {found.length ? (
          <ol className={styles.list} aria-label="Found">
            {found.map((one, at) => {
              const { to, search: query } = addressOf(one);
              return <li key={`${one.kind}-${one.id}`}><Link to={to} search={(query ?? {}) as never} className={styles.one} data-found={at} data-exact={one.exact || undefined} onFocus={() => setPlace(at)}><FoundLine found={one} age /></Link></li>;
            })}
          </ol>
        ) : null}
      </div>
    </Page>
  );
}

function said(asked: string, found: { count: number; took: number; more: boolean } | null): string {
  if (asked === "") return "";
  if (!found) return "Looking…";
  return `${found.more ? `the first ${found.count}` : counted(found.count, "thing")}, found in ${found.took} ms`;
}
