import { Button, Menu } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useLocation, useNavigate, useParams } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { type Act, useAct, type Whole, wasOf } from "@/api/acts";
import { useMay, useSession } from "@/api/session";
import { takeBack } from "@/api/undo";
import { AboutIt } from "@/pages/incident/AboutIt";
import { Head } from "@/pages/incident/Head";
import { Lanes } from "@/pages/incident/Lanes";
import { Mending } from "@/pages/incident/Mending";
import { Similar } from "@/pages/incident/Similar";
import { SplitDialog } from "@/pages/incident/SplitDialog";
import { Timeline } from "@/pages/incident/Timeline";
import { useIncident } from "@/pages/incident/useIncident";
import { firstToCall, useWhom, Whom } from "@/pages/incident/Whom";
import { Why } from "@/pages/incident/Why";
import { AssignDialog } from "@/parts/acts/AssignDialog";
import { MergeDialog } from "@/parts/acts/MergeDialog";
import { ResolveDialog } from "@/parts/acts/ResolveDialog";
import { SnoozeDialog } from "@/parts/acts/SnoozeDialog";
import { Icon } from "@/parts/Icon";
import { IncidentLink } from "@/parts/IncidentLink";
import { Kbd } from "@/parts/Kbd";
import { personName } from "@/parts/names";
import { Failure, Skeleton } from "@/parts/States";
import { useKeys } from "@/shell/keys";
import { Page } from "@/shell/Page";
import styles from "./Incident.module.css";

type Dialog = "resolve" | "assign" | "merge" | "split" | "snooze" | null;
const TRAIL = [{ title: "Incidents", to: "/incidents" }];

/** One incident: the story on the left, what helps to decide on the right. */
export default function Incident() {
  const { number } = useParams({ strict: false }) as { number: string };
  const { data, error, isPending, refetch } = useIncident(number);
  useToldOfOthers(data);
  if (isPending) return <Page title={number} trail={TRAIL}><Skeleton rows={12} /></Page>;
  if (error && !data) return <Page title={number} trail={TRAIL}><Failure what={`Incident ${number}`} failure={error} again={() => void refetch()} /></Page>;
  return <Known key={data.id} incident={data} />;
}

/** Says it when somebody else takes or ends what this person is reading. */
function useToldOfOthers(now: Whole | undefined): void {
  const { email } = useSession();
  const before = useRef<Whole | undefined>(undefined);
  useEffect(() => {
    const was = before.current;
    before.current = now;
    if (!was || !now || was.id !== now.id) return;
    if (!was.acknowledged_at && now.acknowledged_by && now.acknowledged_by !== email) notifications.show({ message: `${personName(now.acknowledged_by)} acknowledged ${now.number}.` });
    if (!was.resolved_at && now.resolved_at && now.resolved_by !== email) notifications.show({ message: `${now.resolved_by ? `${personName(now.resolved_by)} resolved` : "All clear: the rule resolved"} ${now.number}.` });
  }, [now, email]);
}

function Known({ incident: one }: { incident: Whole }) {
  const may = useMay();
  const { email } = useSession();
  const navigate = useNavigate();
  const { state } = useLocation() as { state: { order?: number[] } };
  const [dialog, setDialog] = useState<Dialog>(null);
  const comment = useRef<HTMLTextAreaElement>(null);
  const order = state.order ?? [];
  const place = order.indexOf(one.number);
  const isOver = one.status === "resolved" || one.status === "merged";
  const mayAct = may("incident.acknowledge") && !isOver;
  const act = useAct((done) => {
    const [made] = done;
    if (made && made.id !== one.id) void navigate({ to: "/incidents/$number", params: { number: String(made.number) } });
  });
  const perform = (what: Act) => act.mutate({ ids: [one.id], act: what, was: wasOf([one]) });
  const write = async (text: string): Promise<void> => {
    const { failed } = await act.mutateAsync({ ids: [one.id], act: { kind: "comment", text } });
    if (failed[0]) throw failed[0];
  };
  const go = (by: number) => {
    const next = order[place + by];
    if (place >= 0 && next !== undefined) void navigate({ to: "/incidents/$number", params: { number: String(next) }, state: { order } as never, replace: true });
  };
  const back = () => (window.history.length > 1 ? window.history.back() : void navigate({ to: "/incidents" }));
  const copy = async () => {
    await navigator.clipboard.writeText(`${window.location.origin}/incidents/${one.number}`);
    notifications.show({ message: `The link to ${one.number} is copied.` });
  };
  const mayComment = may("incident.comment");
  useKeys([
    ...(place >= 0 ? [{ key: "j", does: "next incident of the list", act: () => go(1) }, { key: "k", does: "the one before", act: () => go(-1) }] : []),
    { key: "Escape", does: "back to the list", act: back },
    { key: ".", does: "copy the link", act: () => void copy() },
    { key: "u", does: "undo the last act", act: takeBack },
    ...(mayComment ? [{ key: "c", does: "comment", act: () => comment.current?.focus() }] : []),
    ...(mayAct ? [
      one.acknowledged_at
        ? { key: "shift+a", does: "take the acknowledgement back", act: () => perform({ kind: "unacknowledge" }) }
        : { key: "a", does: "acknowledge", act: () => perform({ kind: "acknowledge" }) },
      { key: "i", does: "give to me", act: () => perform({ kind: "assign", assignee: email }) },
      { key: "s", does: "assign", act: () => setDialog("assign") },
      ...(one.snoozed_by
        ? [{ key: "z", does: "wake it", act: () => perform({ kind: "unsnooze" }) }]
        : one.firing_count > 0 ? [{ key: "z", does: "snooze", act: () => setDialog("snooze") }] : []),
      { key: "r", does: "resolve", act: () => setDialog("resolve") },
      { key: "m", does: "merge", act: () => setDialog("merge") },
    ] : []),
  ]);
  const title = `${one.number} ${one.title}`;
  const split = mayAct && one.alert_count > 1 ? () => setDialog("split") : null;
  return (
    <Page
      title={String(one.number)} trail={TRAIL}
      actions={(
        <>
          {place >= 0 ? <span className={styles.place}><Kbd>k</Kbd><Kbd>j</Kbd> {place + 1} of {order.length}</span> : null}
          {mayAct ? (
            <span className={styles.acts}>
              {one.acknowledged_at ? null : <Button variant="filled" rightSection={<Kbd>a</Kbd>} onClick={() => perform({ kind: "acknowledge" })}>Acknowledge</Button>}
              <Button variant={one.acknowledged_at ? "filled" : "default"} rightSection={<Kbd>r</Kbd>} onClick={() => setDialog("resolve")}>Resolve</Button>
              {one.assignee === email ? null : <Button rightSection={<Kbd>i</Kbd>} onClick={() => perform({ kind: "assign", assignee: email })}>To me</Button>}
              <Button rightSection={<Kbd>s</Kbd>} onClick={() => setDialog("assign")}>Assign</Button>
              <SnoozeButton incident={one} onAct={perform} onDialog={setDialog} />
              <Button rightSection={<Kbd>m</Kbd>} onClick={() => setDialog("merge")}>Merge</Button>
              {split ? <Button onClick={split}>Split</Button> : null}
              {one.acknowledged_at ? <More onBack={() => perform({ kind: "unacknowledge" })} onCopy={() => void copy()} /> : null}
            </span>
          ) : null}
        </>
      )}
    >
      <Head incident={one} />
      {one.merged_into ? <p className={styles.banner} role="status"><Icon name="merge" size={14} /> It is part of <IncidentLink id={one.merged_into} title /> now. What is done there counts here.</p> : null}
      <div className={styles.columns}>
        <div className={styles.story}>
          <section className={`card ${styles.short}`} aria-label="In short"><p><b>In short.</b> {one.in_short}</p></section>
          <div className={styles.lanes}><Lanes incident={one} /></div>
          <div className={styles.timeline}><Timeline incident={one} box={comment} onComment={mayComment ? write : null} /></div>
        </div>
        <div className={styles.decision}>
          <div className={styles.about}><AboutIt companyId={one.company_id} incidentId={one.id} /></div>
          <div className={styles.mending}><Mending incident={one} /></div>
          <div className={styles.why}><Why incident={one} onSplit={split} /></div>
          <div className={styles.earlierbox}><Similar incident={one} /></div>
          <div className={styles.whom}><Whom incident={one} /></div>
        </div>
      </div>
      <Thumb incident={one} mayAct={mayAct} onAct={perform} onDialog={setDialog} />
      {dialog === "resolve" ? <ResolveDialog title={title} onResolve={(note) => perform({ kind: "resolve", note })} onClose={() => setDialog(null)} /> : null}
      {dialog === "assign" ? <AssignDialog title={title} companyIds={[one.company_id]} onAssign={(assignee) => perform({ kind: "assign", assignee })} onClose={() => setDialog(null)} /> : null}
      {dialog === "snooze" ? <SnoozeDialog title={title} onSnooze={(end, note) => perform({ kind: "snooze", end, note })} onClose={() => setDialog(null)} /> : null}
      {dialog === "merge" ? <MergeDialog chosen={[one]} onMerge={(_, others) => perform({ kind: "merge", others: others.map((other) => other.id) })} onClose={() => setDialog(null)} /> : null}
      {dialog === "split" ? <SplitDialog incident={one} onSplit={(alerts) => perform({ kind: "split", alerts })} onClose={() => setDialog(null)} /> : null}
    </Page>
  );
}

/** What fires can be snoozed; what is snoozed can be woken. */
function SnoozeButton({ incident: one, onAct, onDialog }: { incident: Whole; onAct: (act: Act) => void; onDialog: (dialog: Dialog) => void }) {
  if (one.snoozed_by) return <Button rightSection={<Kbd>z</Kbd>} onClick={() => onAct({ kind: "unsnooze" })}>Wake</Button>;
  return one.firing_count > 0 ? <Button rightSection={<Kbd>z</Kbd>} onClick={() => onDialog("snooze")}>Snooze</Button> : null;
}

function More({ onBack, onCopy }: { onBack: () => void; onCopy: () => void }) {
  return (
    <Menu position="bottom-start">
      <Menu.Target><Button aria-label="More" px={8}><Icon name="more" /></Button></Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={onBack} rightSection={<span><Kbd>shift</Kbd> <Kbd>a</Kbd></span>}>Take the acknowledgement back</Menu.Item>
        <Menu.Item onClick={onCopy} rightSection={<Kbd>.</Kbd>}>Copy the link</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

/** On a phone: what comes next under the thumb, a call, and the rest. */
function Thumb({ incident: one, mayAct, onAct, onDialog }: { incident: Whole; mayAct: boolean; onAct: (act: Act) => void; onDialog: (dialog: Dialog) => void }) {
  const { email } = useSession();
  const call = firstToCall(useWhom(one.id)?.contacts ?? []);
  if (!mayAct && !call) return null;
  return (
    <div className={styles.thumb}>
      {mayAct ? (
        one.acknowledged_at
          ? <Button className={styles.next} variant="filled" onClick={() => onDialog("resolve")}>Resolve</Button>
          : <Button className={styles.next} variant="filled" leftSection={<Icon name="check" size={18} />} onClick={() => onAct({ kind: "acknowledge" })}>Acknowledge</Button>
      ) : null}
      {call ? <a className={styles.call} href={call.href} aria-label={`Call ${call.name}`}><Icon name="phone" size={20} /></a> : null}
      {mayAct ? (
        <Menu position="top-end" width={220}>
          <Menu.Target><button type="button" className={styles.call} aria-label="More to do"><Icon name="more" size={20} /></button></Menu.Target>
          <Menu.Dropdown>
            {one.acknowledged_at
              ? <Menu.Item className={styles.choice} onClick={() => onAct({ kind: "unacknowledge" })}>Take the acknowledgement back</Menu.Item>
              : <Menu.Item className={styles.choice} onClick={() => onDialog("resolve")}>Resolve</Menu.Item>}
            {one.assignee === email ? null : <Menu.Item className={styles.choice} onClick={() => onAct({ kind: "assign", assignee: email })}>Give it to me</Menu.Item>}
            <Menu.Item className={styles.choice} onClick={() => onDialog("assign")}>Assign</Menu.Item>
            {one.snoozed_by
              ? <Menu.Item className={styles.choice} onClick={() => onAct({ kind: "unsnooze" })}>Wake it</Menu.Item>
              : one.firing_count > 0 ? <Menu.Item className={styles.choice} onClick={() => onDialog("snooze")}>Snooze</Menu.Item> : null}
            <Menu.Item className={styles.choice} onClick={() => onDialog("merge")}>Merge</Menu.Item>
            {one.alert_count > 1 ? <Menu.Item className={styles.choice} onClick={() => onDialog("split")}>Split</Menu.Item> : null}
          </Menu.Dropdown>
        </Menu>
      ) : null}
    </div>
  );
}
