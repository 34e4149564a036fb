/**
 * Text of others that must show all it holds: characters that are not seen, or that turn the order of what is seen
 * around, are shown by their code. A command that reads otherwise than it runs would be approved by mistake.
 */

// Controls but tab and line feed, soft hyphen, zero widths, marks and overrides of direction, tags of language.
// eslint-disable-next-line no-control-regex
const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb]|[\u{e0000}-\u{e0fff}]/gu;

export interface Segment {
  text: string;
  /** It stands for a character that is not seen. */
  hidden: boolean;
}

export function revealed(text: string): Segment[] {
  const segments: Segment[] = [];
  let from = 0;
  for (const found of text.matchAll(HIDDEN)) {
    if (found.index > from) segments.push({ text: text.slice(from, found.index), hidden: false });
    segments.push({ text: `U+${(found[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`, hidden: true });
    from = found.index + found[0].length;
  }
  if (from < text.length) segments.push({ text: text.slice(from), hidden: false });
  return segments;
}

/** Lines as they are numbered; what a last line feed ends is not one more line. */
export function linesOf(text: string): string[] {
  const lines = text.split("\n");
  if (lines.length > 1 && lines.at(-1) === "") lines.pop();
  return lines;
}

/** Numbers (from 0) of lines of `now` that `before` has not: what a reader must look at again. */
export function newLines(before: string, now: string): Set<number> {
  const left = new Map<string, number>();
  for (const line of linesOf(before)) left.set(line, (left.get(line) ?? 0) + 1);
  const found = new Set<number>();
  linesOf(now).forEach((line, at) => {
    const count = left.get(line) ?? 0;
    if (count > 0) left.set(line, count - 1);
    else found.add(at);
  });
  return found;
}
