/**
 * The live line to `/api/live`: one for the page, which comes back by itself and goes on where it was.
 *
 * Whoever listens is told of changes, or to read anew when too much was missed. While it is down the page asks every ten
 * seconds instead, and says so.
 */

/** A thing as it is now; what else stands in it is known to whoever takes that kind. */
export type Row = { id: string };

export interface Change {
  kind: string;
  company_id: string;
  ids: string[];
  /** What the things are now, where there were few enough, without those that are gone; otherwise they must be asked for. */
  rows?: Row[] | null;
}

export type Told = { type: "changes"; changes: Change[] } | { type: "anew" };

/** How the line is; `since` is when it was lost, `delay` what a change last took to get here, in ms. */
export interface LineState {
  word: "connecting" | "live" | "down";
  since: number;
  delay: number | null;
  /** Changes that came when the line was back, to be said once. */
  caughtUp: number | null;
}

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;
const SILENCE_MS = 40_000;
const ASK_EVERY_MS = 10_000;
const NOBODY = 4401;
const NOT_ALLOWED = 4403;

export class LiveLine {
  private listeners = new Set<(told: Told) => void>();
  private watchers = new Set<() => void>();
  private socket: WebSocket | null = null;
  private place = "";
  private wait = FIRST_WAIT_MS;
  private silence = 0;
  private asking = 0;
  private coming = 0;
  private counting: number | null = null;
  state: LineState = { word: "connecting", since: Date.now(), delay: null, caughtUp: null };

  /** `onNobody`: nobody is signed in any more. `onNotAllowed`: rights changed, or something is owed first. */
  constructor(private readonly address: string, private readonly onNobody: () => void, private readonly onNotAllowed: () => void) {}

  start(): void {
    this.connect();
    window.addEventListener("online", this.hurry);
    document.addEventListener("visibilitychange", this.hurry);
  }

  stop(): void {
    window.removeEventListener("online", this.hurry);
    document.removeEventListener("visibilitychange", this.hurry);
    window.clearTimeout(this.coming);
    window.clearTimeout(this.silence);
    window.clearInterval(this.asking);
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  /** Be told of what changes; answers how to stop. */
  listen(listener: (told: Told) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Be told when `state` changed, for `useSyncExternalStore`. */
  watch = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };

  read = (): LineState => this.state;

  /** Tell those who listen what this page learned by itself: the answer to an act need not come round by the line. */
  hear(changes: Change[]): void {
    if (changes.length) this.tell({ type: "changes", changes });
  }

  private hurry = (): void => {
    if (document.visibilityState === "visible" && this.socket === null) {
      window.clearTimeout(this.coming);
      this.connect();
    }
  };

  private connect(): void {
    const from = this.place ? `&from=${encodeURIComponent(this.place)}` : "";
    const socket = new WebSocket(`${this.address}?rows=1${from}`);
    this.socket = socket;
    socket.onmessage = (event: MessageEvent<string>) => this.take(JSON.parse(event.data));
    socket.onclose = (event) => {
      if (this.socket === socket) this.lost(event.code);
    };
    this.expect();
  }

  private take(message: { type: string; place: string; at?: string; changes?: Change[] }): void {
    this.place = message.place;
    this.expect();
    if (this.state.word !== "live") this.found();
    if (message.type === "anew") this.tell({ type: "anew" });
    if (message.type === "changes" && message.changes) {
      if (this.counting !== null) this.counting += message.changes.reduce((sum, one) => sum + one.ids.length, 0);
      this.tell({ type: "changes", changes: message.changes });
    }
    if (message.at) {
      const delay = Math.max(0, Date.now() - Date.parse(message.at));
      if (delay < 5_000) this.set({ ...this.state, delay }); // clocks apart by more tell nothing
    }
  }

  private found(): void {
    window.clearInterval(this.asking);
    this.wait = FIRST_WAIT_MS;
    const wasDown = this.state.word === "down";
    this.set({ word: "live", since: Date.now(), delay: this.state.delay, caughtUp: null });
    if (!wasDown) return;
    this.counting = 0;
    window.setTimeout(() => {
      this.set({ ...this.state, caughtUp: this.counting });
      this.counting = null;
      window.setTimeout(() => this.set({ ...this.state, caughtUp: null }), 6_000);
    }, 1_000);
  }

  private lost(code: number): void {
    this.socket = null;
    window.clearTimeout(this.silence);
    if (code === NOBODY) return this.onNobody();
    if (code === NOT_ALLOWED) {
      this.wait = LONGEST_WAIT_MS;
      this.onNotAllowed();
    }
    if (this.state.word !== "down") {
      this.set({ word: "down", since: Date.now(), delay: null, caughtUp: null });
      window.clearInterval(this.asking);
      this.asking = window.setInterval(() => this.tell({ type: "anew" }), ASK_EVERY_MS);
    }
    this.coming = window.setTimeout(() => this.connect(), this.wait * (0.75 + Math.random() / 2));
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT_MS);
  }

  /** The server says something at least every 15 s; a line that is silent for longer is dead, whatever it looks like. */
  private expect(): void {
    window.clearTimeout(this.silence);
    this.silence = window.setTimeout(() => {
      const socket = this.socket;
      this.lost(0);
      socket?.close();
    }, SILENCE_MS);
  }

  private tell(told: Told): void {
    for (const listener of this.listeners) listener(told);
  }

  private set(state: LineState): void {
    this.state = state;
    for (const watcher of this.watchers) watcher();
  }
}
