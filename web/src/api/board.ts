import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import type { Acted } from "@/api/acts";
import { answered, client, type Shapes } from "@/api/client";
import { useMay } from "@/api/session";
import { useChanges } from "@/live/live";

export type Board = Shapes["BoardShown"];
export type Card = Shapes["CardShown"];

/** How a change is written into the board; where it says `unsure`, the server is asked soon. */
export type Apply = (board: Board, rows: readonly Acted[]) => { board: Board; unsure: boolean };

const SOON_MS = 2_000;
const LATER_MS = 15_000; // rates of alerts, which no row of an incident tells
const RARELY_MS = 60_000;
const KEY = ["board"];

/** All companies that the person serves, with what burns in each; nothing for a role that may not look across. */
export function useBoard(apply?: Apply) {
  const may = useMay();
  const queries = useQueryClient();
  const due = useRef({ timer: 0, at: 0 });
  useChanges("incident", (change) => {
    if (!apply || !change?.rows) return; // what has no rows is asked for by the line
    let unsure = change.rows.length < change.ids.length;
    queries.setQueryData<Board>(KEY, (was) => {
      if (!was) return was;
      const next = apply(was, change.rows as Acted[]);
      unsure ||= next.unsure;
      return next.board;
    });
    const at = Date.now() + (unsure ? SOON_MS : LATER_MS);
    if (due.current.timer && due.current.at <= at) return;
    window.clearTimeout(due.current.timer);
    due.current = { at, timer: window.setTimeout(() => { due.current.timer = 0; void queries.invalidateQueries({ queryKey: KEY }); }, at - Date.now()) };
  });
  useEffect(() => () => { window.clearTimeout(due.current.timer); due.current.timer = 0; }, []);
  return useQuery({ queryKey: KEY, queryFn: () => answered(client.GET("/api/board")), enabled: may("board.cross"), refetchInterval: RARELY_MS });
}
