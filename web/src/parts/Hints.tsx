import { Tooltip } from "@mantine/core";
import { useEffect, useState } from "react";
import { exact } from "@/parts/Time";

const HINTED = "[data-hint], time[datetime]";

/**
 * The one tooltip of everything small: what `data-hint` says, and of a time the exact one.
 *
 * A list that is scrolled makes and removes hundreds of rows a second; a tooltip of its own for each tool and each age
 * cost a third of what a row costs.
 */
export function Hints() {
  const [near, setNear] = useState<HTMLElement | null>(null);
  useEffect(() => {
    const come = (event: PointerEvent | FocusEvent) => {
      if (event instanceof PointerEvent && event.pointerType === "touch") return;
      setNear(event.target instanceof Element ? event.target.closest<HTMLElement>(HINTED) : null);
    };
    const go = () => setNear(null);
    document.addEventListener("pointerover", come);
    document.addEventListener("focusin", come);
    document.addEventListener("pointerdown", go);
    document.addEventListener("scroll", go, { capture: true, passive: true });
    document.documentElement.addEventListener("pointerleave", go);
    return () => {
      document.removeEventListener("pointerover", come);
      document.removeEventListener("focusin", come);
      document.removeEventListener("pointerdown", go);
      document.removeEventListener("scroll", go, { capture: true });
      document.documentElement.removeEventListener("pointerleave", go);
    };
  }, []);
  const label = hintOf(near);
  return near && label ? <Tooltip opened target={near} label={label} /> : null;
}

/** What is said of an element; empty when nothing is. */
export function hintOf(one: HTMLElement | null): string {
  if (one === null) return "";
  const at = one.getAttribute("datetime") ?? "";
  return one.dataset.hint ?? (Number.isNaN(Date.parse(at)) ? "" : exact(at));
}
