/**
 * Keys: what each does is said where it is bound, and `?` lists what is bound now.
 *
 * Single keys are never taken while somebody types, nor with a modifier that belongs to the browser; they can be switched
 * off (WCAG 2.1.4).
 */
import { createContext, type ReactNode, useContext, useEffect, useMemo, useRef } from "react";

/** Keys as `KeyboardEvent.key` names them; two in a row are written `g b`; `mod+k` is Ctrl or Command. */
export interface Binding {
  key: string;
  does: string;
  act: (event: KeyboardEvent) => void;
}

const OFF = "alertwhisperer.keys.off";
const CHORD_MS = 1_200;

class Board {
  private sets: Binding[][] = [];
  private first = "";
  private at = 0;

  get off(): boolean {
    return window.localStorage.getItem(OFF) === "1";
  }

  switch(off: boolean): void {
    if (off) window.localStorage.setItem(OFF, "1");
    else window.localStorage.removeItem(OFF);
  }

  add(set: Binding[]): () => void {
    this.sets.push(set);
    return () => {
      this.sets = this.sets.filter((one) => one !== set);
    };
  }

  /** What is bound now, each key once; the latest binding of a key counts. */
  get bound(): Binding[] {
    const found = new Map<string, Binding>();
    for (const set of this.sets) for (const one of set) found.set(one.key, one);
    return [...found.values()];
  }

  press = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.isComposing) return;
    const mod = event.ctrlKey || event.metaKey;
    if (mod) return this.run(`mod+${event.key.toLowerCase()}`, event);
    if (event.altKey || isTyping(event.target) || this.off) return;
    const now = Date.now();
    const name = event.shiftKey && event.key.length === 1 && /[a-z]/i.test(event.key) ? `shift+${event.key.toLowerCase()}` : event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const chord = now - this.at < CHORD_MS && this.first ? `${this.first} ${name}` : "";
    this.first = "";
    if (chord && this.bound.some((one) => one.key === chord)) return this.run(chord, event);
    if (this.bound.some((one) => one.key.startsWith(`${name} `))) {
      this.first = name;
      this.at = now;
      return;
    }
    this.run(name, event);
  };

  private run(key: string, event: KeyboardEvent): void {
    const found = this.bound.find((one) => one.key === key);
    if (!found) return;
    // A dialog holds the keyboard: only what it binds itself acts. Enter and space belong to what has the focus.
    if (document.querySelector("[role=dialog][aria-modal=true]") && key !== "Escape") return;
    if (key === "Enter" && event.target instanceof Element && event.target.closest("a, button, summary, [role=tab], [role=menuitem]")) return;
    event.preventDefault();
    found.act(event);
  }
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.closest("input:not([type=checkbox]), textarea, select, [role=combobox], [role=listbox]") !== null);
}

const Keys = createContext<Board | null>(null);

export function KeysProvider({ children }: { children: ReactNode }) {
  const board = useMemo(() => new Board(), []);
  useEffect(() => {
    window.addEventListener("keydown", board.press);
    return () => window.removeEventListener("keydown", board.press);
  }, [board]);
  return <Keys.Provider value={board}>{children}</Keys.Provider>;
}

export function useKeyBoard(): Board {
  const board = useContext(Keys);
  if (board === null) throw new Error("keys outside of KeysProvider");
  return board;
}

/** Bind keys while the component is there. */
export function useKeys(bindings: Binding[]): void {
  const board = useKeyBoard();
  const latest = useRef(bindings);
  latest.current = bindings;
  const names = bindings.map((one) => one.key).join("\n");
  useEffect(() => {
    const set = latest.current.map((one, place) => ({ ...one, act: (event: KeyboardEvent) => latest.current[place]?.act(event) }));
    return board.add(set);
  }, [board, names]);
}
