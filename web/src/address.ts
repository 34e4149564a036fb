/**
 * What stands behind the `?` of a page's address: plain words under the names that the API uses; lists are joined by commas.
 */
export type Search = Record<string, string | undefined>;

export function parseSearch(text: string): Search {
  return Object.fromEntries(new URLSearchParams(text));
}

/** Without what is empty, and with commas as they are: people read and send addresses. */
export function stringifySearch(search: Search): string {
  const kept = Object.entries(search).filter((one): one is [string, string] => one[1] !== undefined && one[1] !== "");
  const text = new URLSearchParams(kept.map(([name, value]) => [name, String(value)])).toString().replaceAll("%2C", ",");
  return text ? `?${text}` : "";
}
