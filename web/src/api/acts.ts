/** What a person does to incidents: each act tells what came of it, and can be taken back where that makes sense. */
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { createElement } from "react";
import { answered, client, Refused, type Shapes } from "@/api/client";
import { useMay, useSession } from "@/api/session";
import { offer } from "@/api/undo";
import { useHear } from "@/live/live";
import { duration } from "@/parts/duration";
import { personName } from "@/parts/names";
import { Undo } from "@/parts/Undo";

export type Whole = Shapes["IncidentWhole"];
export type Acted = Shapes["IncidentShown"];
/** When a snooze ends: at a moment, or when nothing of it fires any more. */
export type SnoozeEnd = { until: string; until_clear?: false } | { until_clear: true; until?: undefined };
export type Act =
  | { kind: "acknowledge" }
  | { kind: "unacknowledge" }
  | { kind: "assign"; assignee: string | null }
  | { kind: "resolve"; note: string }
  | { kind: "snooze"; end: SnoozeEnd; note: string }
  | { kind: "unsnooze" }
  | { kind: "comment"; text: string }
  | { kind: "merge"; others: string[] }
  | { kind: "split"; alerts: string[] };
type Bulk = Extract<Act, { kind: "acknowledge" | "unacknowledge" | "assign" | "resolve" | "snooze" | "unsnooze" }>;

const UNDO_MS = 10_000;
const MOST_AT_ONCE = 100; // that the server takes in one request

/** Do it; answers the incident as it then is (of a split: the new one). */
export function perform(id: string, act: Act): Promise<Whole> {
  const params = { params: { path: { incident_id: id } } };
  switch (act.kind) {
    case "acknowledge": return answered(client.POST("/api/incidents/{incident_id}/acknowledge", params));
    case "unacknowledge": return answered(client.POST("/api/incidents/{incident_id}/unacknowledge", params));
    case "assign": return answered(client.POST("/api/incidents/{incident_id}/assign", { ...params, body: { assignee: act.assignee } }));
    case "resolve": return answered(client.POST("/api/incidents/{incident_id}/resolve", { ...params, body: { note: act.note } }));
    case "snooze": return answered(client.POST("/api/incidents/{incident_id}/snooze", { ...params, body: { ...snoozed(act.end), note: act.note } }));
    case "unsnooze": return answered(client.POST("/api/incidents/{incident_id}/unsnooze", params));
    case "comment": return answered(client.POST("/api/incidents/{incident_id}/comment", { ...params, body: { text: act.text } }));
    case "merge": return answered(client.POST("/api/incidents/{incident_id}/merge", { ...params, body: { incident_ids: act.others } }));
    case "split": return answered(client.POST("/api/incidents/{incident_id}/split", { ...params, body: { alert_ids: act.alerts } }));
  }
}

/** What came of one of several. */
type End = { done: Acted } | { failed: Error };

/** One act on many, each by itself, in as few requests as the server takes. */
async function performBulk(ids: readonly string[], act: Bulk): Promise<End[]> {
  const ends: End[] = [];
  for (let at = 0; at < ids.length; at += MOST_AT_ONCE) {
    const { items } = await answered(client.POST("/api/incidents/bulk", {
      body: {
        act: act.kind, incident_ids: ids.slice(at, at + MOST_AT_ONCE), note: "note" in act ? act.note : "",
        assignee: act.kind === "assign" ? act.assignee : null,
        ...(act.kind === "snooze" ? snoozed(act.end) : { until: null, until_clear: false }),
      },
    }));
    for (const one of items) {
      if (one.incident) ends.push({ done: one.incident });
      else ends.push({ failed: new Refused(one.problem?.status ?? 0, one.problem?.detail ?? "The server did not say why.", one.problem?.mend ?? "", one.problem?.where ?? "", "") });
    }
  }
  return ends;
}

function snoozed(end: SnoozeEnd): { until: string | null; until_clear: boolean } {
  return end.until === undefined ? { until: null, until_clear: true } : { until: end.until, until_clear: false };
}

const ALONE = new Set<Act["kind"]>(["comment", "merge", "split"]);
const isBulk = (act: Act): act is Bulk => !ALONE.has(act.kind);

/** Each incident with its act: those of one act go together, where that may be. */
async function performEach(todo: readonly (readonly [string, Act])[], mayBulk: boolean): Promise<End[]> {
  const alike = new Map<string, { act: Act; ids: string[] }>();
  for (const [id, act] of todo) {
    const key = JSON.stringify(act);
    const group = alike.get(key);
    if (group) group.ids.push(id);
    else alike.set(key, { act, ids: [id] });
  }
  const ends = await Promise.all([...alike.values()].map(({ act, ids }) => {
    if (ids.length > 1 && mayBulk && isBulk(act)) return performBulk(ids, act);
    return Promise.all(ids.map((id) => perform(id, act).then((done): End => ({ done }), (failed: Error): End => ({ failed }))));
  }));
  return ends.flat();
}

const DONE: Record<Act["kind"], string> = {
  acknowledge: "Acknowledged", unacknowledge: "Taken back", assign: "Assigned", resolve: "Resolved", snooze: "Snoozed", unsnooze: "Awake again",
  comment: "Written", merge: "Merged", split: "Split off",
};

/** How each incident was before, as far as an act can put it back. */
export type Was = Record<string, Pick<Acted, "assignee" | "snoozed_until" | "snoozed_until_clear">>;

export const wasOf = (incidents: readonly Acted[]): Was => Object.fromEntries(incidents.map((one) => [one.id, one]));

/** One act on one or more incidents; says how each went, and puts nothing on the page that the server has not said. */
export function useAct(after?: (done: Acted[]) => void) {
  const queries = useQueryClient();
  const hear = useHear();
  const mayBulk = useMay()("incident.bulk");
  const { email } = useSession();
  return useMutation({
    mutationFn: async ({ ids, act, was = {} }: { ids: readonly string[]; act: Act; was?: Was }) => ({ ...parted(await performEach(ids.map((id) => [id, act] as const), mayBulk)), act, was }),
    onSuccess: ({ done, failed, act, was }) => {
      took(done);
      if (done.length) after?.(done);
      say(act, done, failed, was);
    },
    onError: (failure) => notifications.show({ title: "Not done", message: failure.message, color: "accent" }),
  });

  function took(done: readonly Acted[]): void {
    for (const one of done) if ("timeline" in one) queries.setQueryData(["incident", String(one.number)], one);
    hear("incident", done.map(shownOf));
  }

  function say(act: Act, done: Acted[], failed: Error[], was: Was): void {
    const [first] = done;
    complain(failed, "not done");
    if (!first || act.kind === "comment") return;
    const what = done.length === 1 ? `${first.number} ${first.title}` : `${done.length} incidents`;
    const before = act.kind === "acknowledge" && done.length === 1 ? beaten(first, email) : null;
    const undoing = before ? [] : taking(act, done, was, email);
    const said = `${act.kind} ${Date.now()}`;
    const undo = () => {
      notifications.hide(said);
      return takeBack(undoing);
    };
    const back = undoing.length ? offer(undo, UNDO_MS, (failure) => complain([failure], "not taken back")) : null;
    notifications.show({ id: said, title: before ?? DONE[act.kind], message: createElement(Undo, { what, back }), autoClose: UNDO_MS });
  }

  async function takeBack(undoing: readonly (readonly [string, Act])[]): Promise<void> {
    const { done, failed } = parted(await performEach(undoing, mayBulk));
    took(done);
    complain(failed, "not taken back");
    if (done.length) notifications.show({ title: "Taken back", message: done.length === 1 ? `${done[0]?.number} ${done[0]?.title}` : `${done.length} incidents`, autoClose: UNDO_MS });
  }

  function complain(failed: readonly Error[], what: string): void {
    if (failed.length === 0) return;
    const reasons = [...new Set(failed.map((one) => one.message))].join("; ");
    notifications.show({ title: `${failed.length} ${what}`, message: reasons, autoClose: UNDO_MS });
  }
}

function parted(ends: readonly End[]): { done: Acted[]; failed: Error[] } {
  return { done: ends.flatMap((one) => ("done" in one ? [one.done] : [])), failed: ends.flatMap((one) => ("failed" in one ? [one.failed] : [])) };
}

/** As lists show it, without its story. */
function shownOf(one: Acted): Acted {
  const { alerts: _alerts, timeline: _timeline, why: _why, in_short: _short, reasons: _reasons, left_out: _left, tipping: _tipping, ...shown } = one as Whole;
  return shown;
}

/** Somebody else acknowledged it a moment earlier: the first stands, and the person is told. */
export function beaten(one: Pick<Acted, "acknowledged_by" | "acknowledged_at">, self: string): string | null {
  if (!one.acknowledged_by || !one.acknowledged_at || one.acknowledged_by === self) return null;
  const seconds = Math.max(0, (Date.now() - Date.parse(one.acknowledged_at)) / 1_000);
  return `${personName(one.acknowledged_by)} acknowledged this ${duration(seconds)} before you`;
}

/** What takes an act back, incident by incident; empty where nothing does. */
export function taking(act: Act, done: readonly Pick<Acted, "id" | "acknowledged_by">[], was: Was, self: string): [string, Act][] {
  switch (act.kind) {
    case "acknowledge": return done.filter((one) => one.acknowledged_by === self).map((one) => [one.id, { kind: "unacknowledge" }]);
    case "unacknowledge": return done.map((one) => [one.id, { kind: "acknowledge" }]);
    case "assign": return done.flatMap(({ id }) => (was[id] ? [[id, { kind: "assign", assignee: was[id].assignee }]] : []));
    case "snooze": return done.map(({ id }) => [id, again(was[id]) ?? { kind: "unsnooze" }]);
    case "unsnooze": return done.flatMap(({ id }) => { const before = again(was[id]); return before ? [[id, before]] : []; });
    default: return [];
  }
}

/** The snooze that it had; null where it had none, or its end is past. */
function again(was: Was[string] | undefined): Act | null {
  if (was?.snoozed_until_clear) return { kind: "snooze", end: { until_clear: true }, note: "" };
  if (!was?.snoozed_until || Date.parse(was.snoozed_until) <= Date.now()) return null;
  return { kind: "snooze", end: { until: was.snoozed_until }, note: "" };
}
