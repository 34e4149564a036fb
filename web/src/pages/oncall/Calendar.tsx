import { Button, Group, SegmentedControl, Select } from "@mantine/core";
import { useState } from "react";
import { useMay, useSession } from "@/api/session";
import { Changes } from "@/pages/oncall/Changes";
import { FeedDialog } from "@/pages/oncall/FeedDialog";
import { ImportDialog } from "@/pages/oncall/ImportDialog";
import { type Calendar, type Schedule, type Stretch, type Turn, useCalendar } from "@/pages/oncall/oncall";
import { OverrideDialog } from "@/pages/oncall/OverrideDialog";
import { SwapDialog } from "@/pages/oncall/SwapDialog";
import { barsOf, hues, joined, spanWords, type Week, weeksFrom } from "@/pages/oncall/weeks";
import { Icon } from "@/parts/Icon";
import { personName } from "@/parts/names";
import { useNow } from "@/parts/now";
import { Failure, Skeleton } from "@/parts/States";
import { useNarrow } from "@/parts/useNarrow";
import styles from "./OnCall.module.css";

const DAY_MS = 86_400_000;
const dayName = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric" });
const monthName = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

type Asked = { kind: "override" | "swap"; stretch: Stretch | null } | { kind: "import" | "feed" } | null;

/** One schedule over two or four weeks: the layers, and the line that results from them and from what people changed. */
export function CalendarPart({ schedules, shown, onShow }: { schedules: readonly Schedule[]; shown: Schedule; onShow: (id: string) => void }) {
  const may = useMay();
  const { email } = useSession();
  const now = useNow(60);
  const [count, setCount] = useState(2);
  const [turned, setTurned] = useState(0);
  const [asked, setAsked] = useState<Asked>(null);
  const weeks = weeksFrom(new Date(now + turned * count * 7 * DAY_MS), count);
  const [from, to] = [new Date(weeks[0]?.start ?? now).toISOString(), new Date(weeks.at(-1)?.end ?? now).toISOString()];
  const { data, error, refetch } = useCalendar(shown.id, from, to);
  const close = () => setAsked(null);
  const coming = data?.changes.filter((one) => one.may_answer || one.may_withdraw || one.state === "agreed") ?? [];
  const pick = (stretch: Stretch) => setAsked({ kind: stretch.on_call === email && Date.parse(stretch.from) > now ? "swap" : "override", stretch });
  return (
    <section className={styles.part} aria-label="Calendar">
      <div className={styles.head}>
        <Select aria-label="Schedule" size="xs" w={260} allowDeselect={false} searchable={schedules.length > 8} data={schedules.map((one) => ({ value: one.id, label: one.company ? `${one.name} (${one.company})` : one.name }))} value={shown.id} onChange={(id) => id && onShow(id)} />
        <Group gap={4} wrap="nowrap">
          <Button size="xs" aria-label="Earlier" onClick={() => setTurned(turned - 1)}><Icon name="left" size={12} /></Button>
          <Button size="xs" disabled={turned === 0} onClick={() => setTurned(0)}>Today</Button>
          <Button size="xs" aria-label="Later" onClick={() => setTurned(turned + 1)}><Icon name="right" size={12} /></Button>
        </Group>
        <SegmentedControl size="xs" aria-label="How much" data={[{ value: "2", label: "2 weeks" }, { value: "4", label: "4 weeks" }]} value={String(count)} onChange={(value) => { setCount(Number(value)); setTurned(0); }} />
        <span className={styles.push} />
        {may("on_call.take") ? <Button size="xs" onClick={() => setAsked({ kind: "override", stretch: null })}>Take a stretch</Button> : null}
        {may("on_call.swap") ? <Button size="xs" onClick={() => setAsked({ kind: "swap", stretch: null })}>Ask for a swap</Button> : null}
        {may("on_call.take") ? <Button size="xs" className={styles.few ?? ""} onClick={() => setAsked({ kind: "import" })}>Import</Button> : null}
        {may("on_call.own") ? <Button size="xs" className={styles.few ?? ""} onClick={() => setAsked({ kind: "feed" })}>Subscribe</Button> : null}
      </div>
      {error && !data ? <Failure what="The calendar" failure={error} again={() => void refetch()} /> : !data ? <Skeleton rows={6} height={40} /> : <Shown calendar={data} weeks={weeks} now={now} onPick={may("on_call.take") ? pick : null} />}
      {coming.length ? <Changes title="Changes in this time" changes={coming} /> : null}
      {asked?.kind === "override" ? <OverrideDialog schedule={shown} stretch={asked.stretch} onClose={close} /> : null}
      {asked?.kind === "swap" ? <SwapDialog schedule={shown} stretch={asked.stretch} onClose={close} /> : null}
      {asked?.kind === "import" ? <ImportDialog schedule={shown} onClose={close} /> : null}
      {asked?.kind === "feed" ? <FeedDialog schedule={shown} onClose={close} /> : null}
    </section>
  );
}

function Shown({ calendar, weeks, now, onPick }: { calendar: Calendar; weeks: readonly Week[]; now: number; onPick: ((one: Stretch) => void) | null }) {
  const narrow = useNarrow();
  const colour = hues([...calendar.stretches].sort((one, other) => (one.on_call ?? "").localeCompare(other.on_call ?? "")));
  if (narrow) return <Agenda line={joined(calendar.stretches)} now={now} colour={colour} onPick={onPick} />;
  return (
    <div className={styles.calendar}>
      {weeks.map((week) => (
        <div key={week.start} className={styles.week}>
          <span className={styles.label}>{monthName.format(week.start)}</span>
          <div className={styles.days}>{week.days.map((day) => <span key={day.start} data-today={(now >= day.start && now < day.end) || undefined} style={{ left: `${((day.start - week.start) / (week.end - week.start)) * 100}%`, width: `${((day.end - day.start) / (week.end - week.start)) * 100}%` }}>{dayName.format(day.start)}</span>)}</div>
          {calendar.layers.map((layer) => (
            <Line key={layer.name} label={layer.name}>
              {barsOf(layer.turns, week).map((bar) => <LayerBar key={bar.one.from} turn={bar.one} bar={bar} hue={colour.get(bar.one.turn_of ?? "")} />)}
            </Line>
          ))}
          <Line label="On call" result>
            {barsOf(joined(calendar.stretches), week).map((bar) => {
              const one = bar.one;
              const words = `${one.on_call ? personName(one.on_call) : "nobody"}, ${spanWords(one)}`;
              return (
                <button key={one.from} type="button" className={styles.bar} title={words} aria-label={words} disabled={onPick === null || Date.parse(one.to) <= now} data-gap={one.on_call === null || undefined} data-hue={one.on_call ? colour.get(one.on_call) : undefined} data-changed={one.changes.length > 0 || undefined} style={{ left: `${bar.left}%`, width: `${bar.width}%` }} onClick={() => onPick?.(one)}>
                  {one.on_call ? personName(one.on_call) : "nobody"}
                </button>
              );
            })}
            {now >= week.start && now < week.end ? <span className={styles.nowLine} style={{ left: `${((now - week.start) / (week.end - week.start)) * 100}%` }} /> : null}
          </Line>
        </div>
      ))}
    </div>
  );
}

function Line({ label, result = false, children }: { label: string; result?: boolean; children: React.ReactNode }) {
  return <><span className={styles.label} data-result={result || undefined} title={label}>{label}</span><div className={styles.line} data-result={result || undefined}>{children}</div></>;
}

const IDLE: Record<NonNullable<Turn["idle"]>, string> = { not_begun: "not begun", ended: "ended", outside_hours: "outside its hours", away: "away", gone: "removed" };

function LayerBar({ turn, bar, hue }: { turn: Turn; bar: { left: number; width: number }; hue: number | undefined }) {
  if (turn.idle && turn.idle !== "away" && turn.idle !== "gone") return null;
  const name = turn.turn_of ? personName(turn.turn_of) : "";
  return <span className={styles.bar} data-thin data-away={turn.idle !== null || undefined} data-hue={turn.idle ? undefined : hue} title={`${name}${turn.idle ? `, ${IDLE[turn.idle]}` : ""}, ${spanWords(turn)}`} style={{ left: `${bar.left}%`, width: `${bar.width}%` }}>{name}{turn.idle ? `, ${IDLE[turn.idle]}` : ""}</span>;
}

/** On a phone: one row a stretch. */
function Agenda({ line, now, colour, onPick }: { line: readonly Stretch[]; now: number; colour: Map<string, number>; onPick: ((one: Stretch) => void) | null }) {
  const coming = line.filter((one) => Date.parse(one.to) > now);
  if (coming.length === 0) return <p className="dim">Nothing of this time is to come.</p>;
  return (
    <ul className={styles.agenda}>{coming.map((one) => (
      <li key={one.from}>
        <button type="button" disabled={onPick === null} data-gap={one.on_call === null || undefined} data-hue={one.on_call ? colour.get(one.on_call) : undefined} onClick={() => onPick?.(one)}>
          <b>{one.on_call ? personName(one.on_call) : "nobody"}</b>{Date.parse(one.from) <= now ? <span className={styles.tag}>now</span> : null}
          <span className="small">{spanWords(one)}</span>
        </button>
      </li>
    ))}</ul>
  );
}
