import { Refused } from "@/api/client";

/** What the server says about one field of what was sent, to be shown at it; undefined where it speaks of another. */
export function refusalAt(failure: Error | null, ...fields: string[]): string | undefined {
  if (!(failure instanceof Refused) || !fields.includes(fieldOf(failure.where))) return undefined;
  return said(failure);
}

/** What the server says about none of these fields, to be shown below all; undefined where it speaks of one of them. */
export function refusalElse(failure: Error | null, ...fields: string[]): string | undefined {
  if (failure === null || refusalAt(failure, ...fields) !== undefined) return undefined;
  return said(failure);
}

/** The last name of a place: `rules[web].group_by` and `body.group_by` are about `group_by`. */
export function fieldOf(where: string): string {
  return where.replace(/^(body|query)\./, "").split(".").at(-1)?.replace(/\[.*$/, "") ?? "";
}

function said(failure: Error): string {
  const detail = failure.message.replace(/^body\.[^:]+: /, "");
  const mend = failure instanceof Refused ? failure.mend : "";
  return mend && !mend.startsWith("see ") ? `${detail}; ${mend}` : detail;
}
