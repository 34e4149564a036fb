import type { Shapes } from "@/api/client";

export type Made = Shapes["IntegrationMade"];

/** The keys that were just made: shown once, held by this page alone and gone when it is left or loaded anew. */
let last: Made | null = null;

export function remember(made: Made): void {
  last = made;
}

export function madeNow(id: string): Made | null {
  return last?.id === id ? last : null;
}
