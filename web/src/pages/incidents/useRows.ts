import { useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { useIncidents } from "@/api/incidents";
import { useSession } from "@/api/session";
import { useChanges } from "@/live/live";
import { fits } from "@/pages/incidents/fits";
import { type Filter, sieveOf } from "@/pages/incidents/filter";
import { changed, extended, type Group, type Incident, listed, none, type Part, reread, type Rows, settled } from "@/pages/incidents/rows";

const PAGE = 100;
const PAINT_MS = 100;
const MOST_ASKED = 100;

type Paged = Part & { next: string | null };

/** The rows of a filter, kept live; `busy` says whether the person is in the list at this moment. */
export function useRows(filter: Filter, busy: () => boolean) {
  const { list } = useIncidents();
  const { email } = useSession();
  const ask = useCallback((more: Parameters<typeof list>[0]) => list({ ...sieveOf(filter), company: filter.company, group: [...filter.groups], sort: "attention", ...more }), [list, filter]);
  const page = useCallback(async (group: Group, cursor?: string): Promise<Paged> => {
    const { items, next } = await ask({ group: [group], limit: PAGE, ...(cursor ? { cursor } : {}) });
    return { group, items, next, hasMore: next !== null };
  }, [ask]);
  const query = useQuery({
    queryKey: ["rows", filter],
    queryFn: () => Promise.all(filter.groups.map((group) => page(group))),
    refetchOnMount: "always",
    staleTime: Number.POSITIVE_INFINITY, // the live line says what changed; a list that is read anew would move
  });
  const [rows, setRows] = useState<Rows>(none);
  const [fresh, setFresh] = useState<Incident[]>([]);
  const [cursors, setCursors] = useState<Partial<Record<Group, string>>>({});
  const latest = useRef(rows);
  latest.current = rows;
  const flush = useFlush(filter, email, ask, useCallback((now: readonly Incident[], gone: ReadonlySet<string>) => {
    const known = new Set([...latest.current.shown.map((one) => one.incident.id), ...latest.current.waiting.map((one) => one.id)]);
    const entering = now.filter((one) => !known.has(one.id));
    if (entering.length) setFresh(entering);
    setRows((was) => changed(was, now, gone, busy(), Date.now()));
  }, [busy]));

  const shownOf = useRef<Filter | null>(null);
  const [listedOf, setListedOf] = useState<Filter | null>(null);
  const { data } = query;
  useEffect(() => {
    if (!data) return setRows(none);
    const isOther = shownOf.current !== filter;
    shownOf.current = filter;
    setListedOf(filter);
    const { rows: next, unsure } = isOther ? { rows: listed(data), unsure: [] } : reread(latest.current, data, busy(), Date.now());
    // While the list keeps still, pages that were fetched further down stay, and go on where they ended.
    if (isOther || !busy()) setCursors(Object.fromEntries(data.flatMap((one) => (one.next ? [[one.group, one.next]] : []))));
    setRows(next);
    flush.ask(unsure);
  }, [data, filter, busy, flush]);

  const coming = useRef(new Set<Group>());
  const more = useCallback(async (group: Group) => {
    const cursor = cursors[group];
    if (!cursor || coming.current.has(group)) return;
    coming.current.add(group);
    try {
      const next = await page(group, cursor);
      setRows((was) => extended(was, next));
      setCursors((was) => (next.next ? { ...was, [group]: next.next } : Object.fromEntries(Object.entries(was).filter(([one]) => one !== group))));
    } finally {
      coming.current.delete(group);
    }
  }, [cursors, page]);

  useChanges("incident", (change) => {
    if (change === null) return; // everything is read anew
    if (filter.company.length && !filter.company.includes(change.company_id)) return;
    if (change.rows) flush.take(change.ids, change.rows as Incident[]);
    else flush.ask(change.ids);
  });
  // An answer becomes rows a moment after it came: until then an empty list says nothing.
  const isListed = data !== undefined && listedOf === filter;
  return { rows, fresh, query, isListed, more, hasMore: useCallback((group: Group) => cursors[group] !== undefined, [cursors]), show: useCallback(() => setRows(settled), []) };
}

interface Flush {
  /** Rows that were told; an id without one is of something that nobody sees any more. */
  take: (ids: readonly string[], rows: readonly Incident[]) => void;
  /** Ids of which only the server can tell what they are. */
  ask: (ids: readonly string[]) => void;
}

/** Gathers what changed, and writes it into the list at most ten times a second. */
function useFlush(filter: Filter, me: string, ask: (more: { id: string[]; limit: number }) => Promise<{ items: Incident[] }>, write: (now: readonly Incident[], gone: ReadonlySet<string>) => void): Flush {
  const told = useRef(new Map<string, Incident | null>());
  const unsure = useRef(new Set<string>());
  const heard = useRef(new Map<string, number>());
  const timer = useRef(0);
  const now = useRef({ filter, me, ask, write });
  now.current = { filter, me, ask, write };
  const [flush] = useState<Flush>(() => {
    const start = () => {
      if (timer.current === 0) timer.current = window.setTimeout(() => void run(), PAINT_MS);
    };
    const run = async (): Promise<void> => {
      timer.current = 0;
      const { filter: by, me: self } = now.current;
      const [fit, gone] = [[] as Incident[], new Set<string>()];
      for (const [id, row] of told.current) {
        const verdict = row === null ? false : fits(row, by, self);
        if (verdict === null) unsure.current.add(id);
        else if (verdict && row) fit.push(row);
        else gone.add(id);
      }
      told.current.clear();
      if (fit.length || gone.size) now.current.write(fit, gone);
      const ids = [...unsure.current].slice(0, MOST_ASKED);
      if (ids.length === 0) return;
      for (const id of ids) unsure.current.delete(id);
      const began = performance.now();
      let items: Incident[];
      try {
        ({ items } = await now.current.ask({ id: ids, limit: MOST_ASKED }));
      } catch {
        // The server is away, or the line will say so: they are asked for with what changes next, or all is read anew.
        for (const id of ids) unsure.current.add(id);
        return;
      }
      if (now.current.filter !== by) return;
      // What was told while the answer came is younger than the answer.
      const older = (id: string) => (heard.current.get(id) ?? 0) > began;
      now.current.write(items.filter((one) => !older(one.id)), new Set(ids.filter((id) => !older(id) && !items.some((one) => one.id === id))));
      if (unsure.current.size) start();
    };
    return {
      take: (ids, rows) => {
        const of = new Map(rows.map((one) => [one.id, one]));
        for (const id of ids) {
          told.current.set(id, of.get(id) ?? null);
          unsure.current.delete(id);
          heard.current.set(id, performance.now());
        }
        if (heard.current.size > 5_000) heard.current.clear(); // what is asked for now is younger than all that
        start();
      },
      ask: (ids) => {
        for (const id of ids) unsure.current.add(id);
        if (ids.length) start();
      },
    };
  });
  useEffect(() => () => { window.clearTimeout(timer.current); timer.current = 0; }, []);
  return flush;
}
