/** Runbooks in words: pure, so that what is not drilled or cannot be undone is never said nicer than it is. */
import type { Brief, Drill, Parameter } from "@/api/runbooks";

const DRILLS: Record<Drill["state"], string> = { passed: "drilled", failed: "drill failed", not_tried: "not drilled yet", "not drilled": "cannot be drilled", untrusted: "certificate not trusted" };

/** Whether it proved itself, in a few letters. */
export const drillWord = (drill: Drill): string => DRILLS[drill.state];

/** An operating system as its makers write it. */
export const platformWord = (platform: string): string => platform.slice(0, 1).toUpperCase() + platform.slice(1);

/** Whether what it does can be put back. */
export function undoWord(one: Pick<Brief, "changes" | "can_be_undone">): string {
  if (!one.changes) return "changes nothing";
  return one.can_be_undone ? "can be undone" : "cannot be undone";
}

/** What a value may be, in a few words. */
export function kindWord(one: Parameter): string {
  if (one.choices.length) return one.choices.join(", ");
  if (one.least !== null || one.most !== null) return `${one.kind} ${one.least ?? ""} to ${one.most ?? ""}`.trim();
  return one.kind;
}

export interface Sieve { q?: string | undefined; platform?: string | undefined; risk?: string | undefined }

/** Those that fit; words are looked for in name, title and summary. */
export function sieved<T extends Pick<Brief, "slug" | "title" | "summary" | "platform" | "risk">>(items: readonly T[], { q, platform, risk }: Sieve): T[] {
  const words = (q ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  return items.filter((one) => {
    const text = `${one.slug} ${one.title} ${one.summary}`.toLowerCase();
    return (!platform || one.platform === platform) && (!risk || one.risk === risk) && words.every((word) => text.includes(word));
  });
}
