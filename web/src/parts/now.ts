import { useSyncExternalStore } from "react";

/** The page's one timer: all clocks and ages step together, once a second. */
const watchers = new Set<() => void>();
let moment = Date.now();
let timer = 0;

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  if (watchers.size === 1) {
    moment = Date.now();
    timer = window.setInterval(() => {
      moment = Date.now();
      for (const one of watchers) one();
    }, 1_000);
  }
  return () => {
    watchers.delete(watcher);
    if (watchers.size === 0) window.clearInterval(timer);
  };
}

/** Now in ms, in steps of `everyS` seconds, so that what shows minutes is drawn once a minute. */
export function useNow(everyS = 1): number {
  return useSyncExternalStore(watch, () => Math.floor(moment / (everyS * 1_000)) * everyS * 1_000);
}
