const MOST = 200_000; // beyond, laying out costs more than it shows
const INDENT = "  ";
const PART = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+/gs;

/**
 * JSON with a line for each value; null where the text is no JSON, is too long, or is laid out already.
 *
 * Only white space changes: parsed and written again, a long number would become another and a repeated name would go.
 */
export function pretty(text: string): string | null {
  if (text.length > MOST || !/^\s*[[{]/.test(text) || !isJson(text)) return null;
  let depth = 0;
  let made = "";
  let last = "";
  const line = (): string => `\n${INDENT.repeat(depth)}`;
  for (const [part] of text.matchAll(PART)) {
    const closes = part === "}" || part === "]";
    if (closes) depth -= 1;
    const isEmpty = closes && (last === "{" || last === "[");
    if (made && !isEmpty && (closes || last === "," || last === "{" || last === "[")) made += line();
    made += part === ":" ? ": " : part;
    if (part === "{" || part === "[") depth += 1;
    last = part;
  }
  return made === text.trimEnd() ? null : made;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
