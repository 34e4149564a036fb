import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import type { Acted, Whole } from "@/api/acts";
import { answered, client } from "@/api/client";
import { useChanges } from "@/live/live";

const SOON_MS = 400;
const LATER_MS = 5_000;

/**
 * An incident by its number, kept live: what it is now comes with the line at once; its story is read soon after, or a
 * little later when nothing but the count of what its alerts said has grown.
 */
export function useIncident(number: string) {
  const queries = useQueryClient();
  const query = useQuery({
    queryKey: ["incident", number],
    queryFn: () => answered(client.GET("/api/incidents/by-number/{number}", { params: { path: { number: Number(number) } } })),
  });
  const { data } = query;
  const read = useRef(data); // as its story was last read
  if (data && data.timeline !== read.current?.timeline) read.current = data;
  const due = useRef({ timer: 0, at: 0 });
  useChanges("incident", (change) => {
    const was = read.current;
    if (!was || !change?.ids.includes(was.id)) return; // null: everything is read anew
    const row = change.rows?.find((one) => one.id === was.id) as Acted | undefined;
    const at = Date.now() + (row && isTold(was, row) ? LATER_MS : SOON_MS);
    if (due.current.timer && due.current.at <= at) return;
    window.clearTimeout(due.current.timer);
    due.current = { at, timer: window.setTimeout(() => { due.current.timer = 0; void queries.invalidateQueries({ queryKey: ["incident", number] }); }, at - Date.now()) };
  });
  useEffect(() => () => { window.clearTimeout(due.current.timer); due.current.timer = 0; }, [number]);
  return query;
}

const OF_THE_STORY = ["status", "state", "severity", "alert_count", "firing_count", "assignee", "acknowledged_at", "snoozed_by", "snoozed_until", "approvals"] as const satisfies readonly (keyof Acted)[];

/** Whether the row says all there is to say: nothing happened that its story has a line for. */
export function isTold(was: Whole, row: Acted): boolean {
  return OF_THE_STORY.every((one) => was[one] === row[one]);
}
