/** An entry of the audit log in words: pure, so that each kind of fact has its test. */

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;
const HASH = /^[0-9a-f]{40,}$/;
const CODE = /^[a-z]+(_[a-z]+)+$/;
const MOST = 120; // characters of one fact; its title has all

export interface Fact { name: string; value: string; whole: string }

/** An id as far as two of them are told apart at a glance: its ends. */
export function shortId(id: string): string {
  if (UUID.test(id)) return `${id.slice(0, 8)}…${id.slice(-4)}`;
  return HASH.test(id) ? `${id.slice(0, 10)}…` : id;
}

/** Words in which each id and hash is short. */
function shortened(text: string): string {
  return text.split(" ").map(shortId).join(" ");
}

/** What was kept with an act, as names and values; nothing that is empty. */
export function factsOf(detail: Readonly<Record<string, unknown>>): Fact[] {
  return Object.entries(detail).flatMap(([name, value]) => {
    const whole = wordsOf(value, (one) => one);
    const short = wordsOf(value, shortened);
    return whole === "" ? [] : [{ name: name.replaceAll("_", " "), value: short.length > MOST ? `${short.slice(0, MOST)}…` : short, whole }];
  });
}

/** A reason: a code of ours with spaces, a person's words as they are. */
export function reasonWords(reason: string): string {
  return CODE.test(reason) ? reason.replaceAll("_", " ") : reason;
}

function wordsOf(value: unknown, told: (one: string) => string): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return told(value);
  if (Array.isArray(value)) return value.map((one) => wordsOf(one, told)).filter(Boolean).join(", ");
  if (typeof value === "object") return Object.entries(value).map(([name, one]) => `${name.replaceAll("_", " ")} ${wordsOf(one, told)}`).join(", ");
  return typeof value === "boolean" ? (value ? "yes" : "no") : String(value);
}
