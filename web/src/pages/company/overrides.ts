/** What a company wants otherwise in a runbook, from what a person typed: pure. */
import type { Runbook } from "@/api/runbooks";
import type { Shapes } from "@/api/client";

export type Override = Shapes["OverrideGiven"];
export interface Typed {
  risk: string;
  disabled: boolean;
  parameters: Readonly<Record<string, string>>;
  allowed: Readonly<Record<string, readonly string[]>>;
  note: string;
}

/** The dialog as it opens: what was wanted so far. */
export function typedOf(one: Pick<Runbook, "override">): Typed {
  const was = one.override;
  return { risk: was?.risk ?? "", disabled: was?.disabled ?? false, parameters: was?.parameters ?? {}, allowed: was?.allowed ?? {}, note: was?.note ?? "" };
}

/** What is sent: nothing for what was left empty. */
export function overrideOf(typed: Typed): Override {
  return {
    risk: typed.risk === "" ? null : (typed.risk as NonNullable<Override["risk"]>),
    disabled: typed.disabled,
    parameters: Object.fromEntries(Object.entries(typed.parameters).filter(([, value]) => value !== "")),
    allowed: Object.fromEntries(Object.entries(typed.allowed).filter(([, values]) => values.length > 0).map(([name, values]) => [name, [...values]])),
    note: typed.note.trim(),
  };
}

export type Allowed = Shapes["ParameterAllowed"];

/** The list with one more; a parameter takes from one thing only, so the later word counts. */
export function allowing(list: readonly Allowed[], one: Allowed): Allowed[] {
  return [...list.filter((other) => other.runbook !== one.runbook || other.parameter !== one.parameter), one];
}

/** A field of an alert in words: `label:service` is its label service. */
export function originWord(origin: string): string {
  if (origin.startsWith("label:")) return `the alert's label ${origin.slice(6)}`;
  return origin === "asset" || origin === "signature" ? `the alert's ${origin}` : origin;
}

/** Where in a runbook's file something is wrong: the server says `SLUG:LINE FIELD`, or the slug alone. */
export function placeWord(where: string, slug: string): string {
  const [line, ...field] = where.startsWith(`${slug}:`) ? where.slice(slug.length + 1).split(" ") : [""];
  return line ? `Line ${[line, ...field].join(", ")}: ` : "";
}
