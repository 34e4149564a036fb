/** Ways to machines in words: pure, so that each has its test. */
import type { Binding, Credential, Way, WayValue } from "@/api/access";

/** The title of a way; its slug where this server does not know it any more. */
export function wayTitle(ways: readonly Way[], slug: string): string {
  return ways.find((one) => one.slug === slug)?.title ?? slug;
}

/** Where a binding leads, in a line: `alertwhisperer@10.0.0.5 port 22`, `i-0abc in eu-central-1`. */
export function placeOf({ settings }: Pick<Binding, "settings">): string {
  if (settings.address) return `${settings.user ? `${settings.user}@` : ""}${settings.address}${settings.port ? ` port ${settings.port}` : ""}`;
  const what = settings.instance ?? (settings.tag ? `tag ${settings.tag}` : (settings.container?.slice(0, 12) ?? ""));
  return settings.region ? `${what} in ${settings.region}` : what;
}

/** What a form begins with: what is set, or else the defaults. */
export function begun(values: readonly WayValue[], set: Record<string, string> = {}): Record<string, string> {
  return Object.fromEntries(values.map((one) => [one.name, set[one.name] ?? one.default]));
}

/** What a form sends: nothing of what was left empty, and nothing of another way. */
export function filled(values: readonly WayValue[], typed: Record<string, string>): Record<string, string> {
  return Object.fromEntries(values.map((one) => [one.name, typed[one.name] ?? ""] as const).filter(([, value]) => value.trim() !== ""));
}

/** Whether all that is needed is filled in. */
export function isWhole(values: readonly WayValue[], typed: Record<string, string>): boolean {
  return values.every((one) => !one.required || (typed[one.name] ?? "").trim() !== "");
}

/** Credentials that a way can use. */
export function usable(credentials: readonly Credential[], slug: string | null): Credential[] {
  return credentials.filter((one) => one.executor === slug);
}

/** `private_key` as a label: `Private key`. */
export function fieldTitle(name: string): string {
  const words = name.replaceAll("_", " ").replace(/\barn\b/, "ARN");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
