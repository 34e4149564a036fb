/** A tool's steps as they are written for its docs page, in parts that can be shown: pure, so that each form has a test. */

export type Block =
  | { kind: "text"; text: string }
  | { kind: "code"; text: string }
  | { kind: "list"; ordered: boolean; items: readonly (readonly Block[])[] }
  | { kind: "table"; head: readonly string[]; rows: readonly (readonly string[])[] };

export type Span = { kind: "plain" | "code" | "strong" | "em"; text: string };

const FENCE = /^```/;
const ITEM = /^(\d+\.|[-*]) +/;
const ROW = /^\|/;
const RULE = /^\|[\s|:-]+\|?$/;
const SPANS = /(`[^`]+`|\*\*[^*]+\*\*|\*[^*\s](?:[^*]*[^*\s])?\*|\[[^\]]+\]\([^)]+\))/;

/** Paragraphs, fenced code, lists and tables; what is none of them is a paragraph, so that nothing of it is lost. */
export function blocksOf(text: string): Block[] {
  return read(text.split("\n"));
}

function read(lines: readonly string[]): Block[] {
  const blocks: Block[] = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at] ?? "";
    if (line.trim() === "") at += 1;
    else {
      const [block, next] = FENCE.test(line) ? code(lines, at) : ROW.test(line) ? table(lines, at) : ITEM.test(line) ? list(lines, at) : paragraph(lines, at);
      blocks.push(block);
      at = next;
    }
  }
  return blocks;
}

function code(lines: readonly string[], start: number): [Block, number] {
  const found = lines.findIndex((one, at) => at > start && FENCE.test(one));
  const end = found < 0 ? lines.length : found;
  return [{ kind: "code", text: lines.slice(start + 1, end).join("\n") }, end + 1];
}

function table(lines: readonly string[], start: number): [Block, number] {
  let end = start;
  while (ROW.test(lines[end] ?? "")) end += 1;
  const [head = [], ...rows] = lines.slice(start, end).filter((one) => !RULE.test(one)).map((one) => one.replace(/^\||\|$/g, "").split("|").map((cell) => cell.trim()));
  return [{ kind: "table", head, rows }, end];
}

function list(lines: readonly string[], start: number): [Block, number] {
  const ordered = /^\d/.test(lines[start] ?? "");
  const items: Block[][] = [];
  let at = start;
  for (let mark = ITEM.exec(lines[at] ?? ""); mark && /^\d/.test(mark[0]) === ordered; mark = ITEM.exec(lines[at] ?? "")) {
    const own = [(lines[at] ?? "").slice(mark[0].length)];
    const indent = " ".repeat(mark[0].length);
    at += 1;
    while (at < lines.length && ((lines[at] ?? "").startsWith(indent) || ((lines[at] ?? "").trim() === "" && belongs(lines, at, indent)))) {
      own.push((lines[at] ?? "").slice(indent.length));
      at += 1;
    }
    items.push(read(own));
    if ((lines[at] ?? "").trim() === "" && ITEM.test(lines[at + 1] ?? "")) at += 1;
  }
  return [{ kind: "list", ordered, items }, at];
}

/** Whether an empty line stands inside an item: what comes after it is indented as the item is. */
function belongs(lines: readonly string[], at: number, indent: string): boolean {
  const next = lines.slice(at).find((one) => one.trim() !== "");
  return next !== undefined && next.startsWith(indent);
}

function paragraph(lines: readonly string[], start: number): [Block, number] {
  let end = start + 1;
  while (end < lines.length && (lines[end] ?? "").trim() !== "" && ![FENCE, ROW, ITEM].some((one) => one.test(lines[end] ?? ""))) end += 1;
  return [{ kind: "text", text: lines.slice(start, end).map((one) => one.trim()).join(" ") }, end];
}

/** The parts of a line: code, strong and slanted words; a link is its words, since what it names lies in the docs. */
export function spansOf(text: string): Span[] {
  return text.split(SPANS).filter((one) => one !== "").map((one): Span => {
    if (one.startsWith("`") && one.length > 2) return { kind: "code", text: one.slice(1, -1) };
    if (one.startsWith("**") && one.length > 4) return { kind: "strong", text: one.slice(2, -2) };
    if (SPANS.test(one) && one.startsWith("*")) return { kind: "em", text: one.slice(1, -1) };
    if (SPANS.test(one) && one.startsWith("[")) return { kind: "code", text: one.slice(1, one.indexOf("]")) };
    return { kind: "plain", text: one };
  });
}
