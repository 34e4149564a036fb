import { useEffect, useRef, useState } from "react";
import { answered, client } from "@/api/client";
import type { Incident } from "@/pages/incidents/rows";

export type Activity = ReadonlyMap<string, readonly number[]>;

const MOST = 100;
const SOON_MS = 200;
const LOOK_EVERY_MS = 5_000;
const OLD_MS = 60_000;
const NEVER: Activity = new Map();

/** The last hour of the rows that are in sight, in bars: asked for when they come into sight, when more came, and each minute. */
export function useActivity(seen: readonly Incident[], wanted: boolean): Activity {
  const [bars, setBars] = useState(NEVER);
  const asked = useRef(new Map<string, { at: number; count: number }>());
  const latest = useRef(seen);
  latest.current = seen;
  const ids = wanted ? seen.map((one) => one.id).join() : "";
  useEffect(() => {
    if (!ids) return;
    const look = async (): Promise<void> => {
      const now = Date.now();
      const due = latest.current.filter((one) => {
        const last = asked.current.get(one.id);
        return !last || now - last.at > OLD_MS || (last.count !== one.occurrence_count && now - last.at >= LOOK_EVERY_MS);
      }).slice(0, MOST);
      if (due.length === 0) return;
      for (const one of due) asked.current.set(one.id, { at: now, count: one.occurrence_count });
      try {
        const { items } = await answered(client.GET("/api/incidents/activity", { params: { query: { id: due.map((one) => one.id) } } }));
        setBars((was) => new Map([...was, ...items.map((one) => [one.id, one.bars] as const)]));
      } catch {
        for (const one of due) asked.current.delete(one.id); // asked for again at the next look; until then the bars are older, and no row depends on them
      }
    };
    const first = window.setTimeout(() => void look(), SOON_MS);
    const every = window.setInterval(() => void look(), LOOK_EVERY_MS);
    return () => {
      window.clearTimeout(first);
      window.clearInterval(every);
    };
  }, [ids]);
  return wanted ? bars : NEVER;
}
