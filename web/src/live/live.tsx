import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useCallback, useContext, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { signIn } from "@/api/client";
import { type Change, LiveLine, type LineState, type Row } from "@/live/line";

const Line = createContext<LiveLine | null>(null);

/** What is read anew when something of a kind changed. */
const ASKED: Record<string, readonly string[]> = {
  incident: ["incidents", "counts", "handover"],
  alert: ["alerts", "quarantine"],
  approval: ["approvals", "counts", "board", "incident"],
  run: ["runs", "run", "mending", "incident"],
  kpi: ["kpis"],
  report: ["reports"],
};
/** What is read anew as well when the line says only which things changed, and not what they are now. */
const ASKED_WITHOUT_ROWS: Record<string, readonly string[]> = { incident: ["incident", "board"] };
const LEAST_APART_MS = 1_000;

/** Holds the page's one live line, and reads anew what it says has changed, once a second at most for each. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const queries = useQueryClient();
  const [line] = useState(() => new LiveLine(`${window.location.origin.replace(/^http/, "ws")}/api/live`, signIn, () => void queries.invalidateQueries({ queryKey: ["session"] })));
  useEffect(() => {
    const waiting = new Map<string, number>();
    const again = (key: string) => {
      if (waiting.has(key)) return;
      waiting.set(key, window.setTimeout(() => {
        waiting.delete(key);
        void queries.invalidateQueries({ queryKey: [key] });
      }, LEAST_APART_MS));
    };
    const stop = line.listen((told) => {
      if (told.type === "anew") return void queries.invalidateQueries();
      for (const change of told.changes) {
        (ASKED[change.kind] ?? []).forEach(again);
        if (change.rows) takeRows(queries, change.kind, change.rows);
        else (ASKED_WITHOUT_ROWS[change.kind] ?? []).forEach(again);
      }
    });
    line.start();
    return () => {
      stop();
      waiting.forEach((timer) => window.clearTimeout(timer));
      line.stop();
    };
  }, [line, queries]);
  return <Line.Provider value={line}>{children}</Line.Provider>;
}

/** Writes rows into what is known of each thing by itself: `[kind, …]` of one id. */
export function takeRows(queries: QueryClient, kind: string, rows: readonly Row[]): void {
  const told = new Map(rows.map((one) => [one.id, one]));
  const named = { queryKey: [kind], predicate: ({ state }: { state: { data: unknown } }) => told.has((state.data as Row | undefined)?.id ?? "") };
  queries.setQueriesData<Row>(named, (was) => (was ? { ...was, ...told.get(was.id) } : was));
  // A row is not all of a thing: whoever opens it later reads it; a page that shows it decides when.
  void queries.invalidateQueries({ ...named, refetchType: "none" });
}

function useLine(): LiveLine {
  const line = useContext(Line);
  if (line === null) throw new Error("live hooks outside of LiveProvider");
  return line;
}

/** How the line is now. */
export function useLineState(): LineState {
  const line = useLine();
  return useSyncExternalStore(line.watch, line.read);
}

/** Be told of each change of one kind as it comes, and when to read anew (null). */
export function useChanges(kind: string, take: (change: Change | null) => void): void {
  const line = useLine();
  const latest = useRef(take);
  latest.current = take;
  useEffect(
    () => line.listen((told) => {
      if (told.type === "anew") latest.current(null);
      else told.changes.filter((one) => one.kind === kind).forEach((one) => latest.current(one));
    }),
    [line, kind],
  );
}

/** Tells the page what things are now, as the server answered it, before the line does. */
export function useHear(): (kind: string, rows: readonly (Row & { company_id: string })[]) => void {
  const line = useLine();
  return useCallback(
    (kind, rows) => line.hear(rows.map((one) => ({ kind, company_id: one.company_id, ids: [one.id], rows: [one] }))),
    [line],
  );
}
