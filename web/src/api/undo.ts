/** The last act that can be taken back, for `u` and for the button beside its news: once, and for a short while. */

let last: { back: () => void; until: number } | null = null;

/** Offers to take an act back; answers what does it, which does nothing a second time or too late. */
export function offer(undo: () => Promise<unknown>, forMs: number, onFailure: (failure: Error) => void): () => void {
  const until = Date.now() + forMs;
  let done = false;
  const back = (): void => {
    if (done || Date.now() > until) return;
    done = true;
    if (last?.back === back) last = null;
    void undo().catch(onFailure);
  };
  last = { back, until };
  return back;
}

/** Takes the last act back, if it still can be. */
export function takeBack(): void {
  last?.back();
}
