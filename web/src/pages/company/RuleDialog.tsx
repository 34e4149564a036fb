import { Button, Checkbox, Group, Modal, NumberInput, Select, TagsInput, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { idOf, type Rule, ruleWords } from "@/pages/company/ruleWords";
import { refusalAt } from "@/parts/refusal";
import styles from "./Company.module.css";

const GROUPS = ["asset", "signature", "source", "severity"];
const MINUTE = 60;
const LONGEST_ID = 64;

type Shown = Required<Rule>;

/** One rule: its condition, what makes alerts the same, its times; and all of it as a sentence while it is written. */
export function RuleDialog({ rule, isNew, taken, failure, onTake, onClose }: {
  rule: Rule;
  isNew: boolean;
  taken: readonly string[];
  failure: Error | null;
  onTake: (rule: Rule) => void;
  onClose: () => void;
}) {
  const [fields, setFields] = useState(rule as Shown);
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
  const set = <Name extends keyof Shown>(name: Name, value: Shown[Name]) => {
    setTouched((was) => new Set(was).add(name));
    setFields((was) => ({ ...was, [name]: value, ...(name === "name" && isNew && !touched.has("id") ? { id: idOf(String(value), taken) } : {}) }));
  };
  // What the server refused is shown at its field until that is written anew.
  const error = (name: string) => (touched.has(name) ? undefined : refusalAt(failure, name));
  const sameId = taken.includes(fields.id) ? "another rule has this id" : undefined;
  const badId = /^[A-Za-z0-9_-]+$/.test(fields.id) && fields.id.length <= LONGEST_ID ? undefined : "letters, digits, - and _, at most 64";
  const complete = fields.name.trim() !== "" && fields.group_by.length > 0 && !sameId && !badId;
  const time = (name: "window_s" | "life_s" | "hold_s" | "reopen_s", label: string, description: string, least: number) => (
    <NumberInput label={label} description={description} suffix=" min" min={least} decimalScale={1} allowNegative={false} value={fields[name] / MINUTE} error={error(name)} onChange={(value) => set(name, Math.round(Number(value || 0) * MINUTE))} />
  );
  return (
    <Modal opened onClose={onClose} size="lg" title={isNew ? "Add a rule" : `Change ${rule.name}`}>
      <form onSubmit={(event) => { event.preventDefault(); if (complete) onTake(fields); }}>
        <div className={styles.pair}>
          <TextInput label="Name" required data-autofocus maxLength={200} value={fields.name} error={error("name")} onChange={(event) => set("name", event.currentTarget.value)} />
          <TextInput label="Id" description={isNew ? undefined : "part of every key that the rule makes: changed, it groups anew"} required value={fields.id} error={badId ?? sameId ?? error("id")} onChange={(event) => set("id", event.currentTarget.value.trim())} />
        </div>
        <Textarea mt="sm" label="Condition" description="CEL over asset, signature, severity, source, message and labels; empty: all alerts" placeholder={'signature == "Disk full" && labels["team"] == "dba"'} autosize minRows={2} maxLength={2_000} classNames={{ input: styles.code ?? "" }} value={fields.condition} error={error("condition")} onChange={(event) => set("condition", event.currentTarget.value)} />
        <TagsInput mt="sm" size="xs" label="One incident for the same" description="asset, signature, source, severity, or labels.NAME" data={GROUPS} maxTags={8} value={fields.group_by} error={error("group_by")} onChange={(value) => set("group_by", value)} />
        <div className={styles.pair}>
          {time("window_s", "Takes alerts for", "the window", 0.1)}
          <Select label="Counted" description="from when the window runs" allowDeselect={false} data={[{ value: "sliding", label: "since the last alert" }, { value: "fixed", label: "since it opened" }]} value={fields.window} onChange={(value) => set("window", value as Shown["window"])} />
          <NumberInput label="Opens with alert number" description="fewer than these wait" min={1} max={10_000} allowDecimal={false} value={fields.least_count} error={error("least_count")} onChange={(value) => set("least_count", Number(value || 1))} />
          {time("life_s", "Takes new alerts at most for", "0: without end", 0)}
          {time("hold_s", "Waits before it resolves", "0: at once", 0)}
          {time("reopen_s", "Comes back within", "0: never", 0)}
        </div>
        <Checkbox mt="sm" label="Alerts of several tools may be one incident" checked={fields.cross_tool} onChange={(event) => set("cross_tool", event.currentTarget.checked)} />
        <p className={styles.words} aria-live="polite">{ruleWords(fields)}</p>
        {failure && !error(refusedField(failure)) && touched.size === 0 ? <p role="alert" className={styles.bad}>{failure.message}</p> : null}
        <Group justify="flex-end" mt="md"><Button onClick={onClose}>Leave it</Button><Button type="submit" variant="filled" disabled={!complete}>{isNew ? "Put it first" : "Take the change"}</Button></Group>
      </form>
    </Modal>
  );
}

const SHOWN = ["name", "id", "condition", "group_by", "window_s", "least_count", "life_s", "hold_s", "reopen_s"];
const refusedField = (failure: Error): string => SHOWN.find((one) => refusalAt(failure, one) !== undefined) ?? "";
