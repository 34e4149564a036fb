import { Button, Checkbox, Menu, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { answered, client } from "@/api/client";
import { useSession } from "@/api/session";
import { type Filter, NAMES, STATES, stateWords } from "@/pages/incidents/filter";
import type { Incident } from "@/pages/incidents/rows";
import { Chip, WordChip } from "@/parts/Chip";
import { Icon } from "@/parts/Icon";
import { Kbd } from "@/parts/Kbd";
import { personName } from "@/parts/names";
import { SEVERITIES, severityTitle } from "@/parts/Severity";
import { shortTime } from "@/parts/Time";
import styles from "./Incidents.module.css";

type More = Record<string, string | undefined>;

/** Filters, and new rows that wait behind them; always of one height. */
export function FilterBar({ filter, waiting, onShow, onSet }: {
  filter: Filter;
  waiting: readonly Incident[];
  onShow: () => void;
  onSet: (more: More) => void;
}) {
  const { companies } = useSession();
  const [words, setWords] = useState(filter.q);
  useEffect(() => setWords(filter.q), [filter.q]);
  const criticals = waiting.filter((one) => one.severity === "critical").length;
  const moments = momentsOf(filter);
  return (
    <div className={styles.bar} role="toolbar" aria-label="Filters" data-filters>
      <Chip title="State" value={stateWords[filter.state]} set={filter.state !== "open"}>
        {STATES.map((one) => <Menu.Item key={one} aria-current={one === filter.state || undefined} onClick={() => onSet({ state: one })}>{stateWords[one]}</Menu.Item>)}
      </Chip>
      {companies.length > 1 ? (
        <Chip title="Company" value={filter.company.length === 1 ? (companies.find((one) => one.id === filter.company[0])?.name ?? "1") : filter.company.length ? String(filter.company.length) : "any"} set={filter.company.length > 0}>
          <Menu.Item onClick={() => onSet({ company: undefined })}>any</Menu.Item>
          {companies.map((one) => <Menu.Item key={one.id} aria-current={filter.company.includes(one.id) || undefined} onClick={() => onSet({ company: one.id })}>{one.name}</Menu.Item>)}
        </Chip>
      ) : null}
      <Chip title="Severity" value={filter.severity.length ? filter.severity.join(", ") : "any"} set={filter.severity.length > 0} stays>
        {SEVERITIES.map((one) => (
          <Menu.Item key={one} onClick={() => onSet({ severity: toggled(filter.severity, one) })} leftSection={<Checkbox checked={filter.severity.includes(one)} readOnly tabIndex={-1} aria-hidden />}>{severityTitle[one]}</Menu.Item>
        ))}
      </Chip>
      <ToolChip filter={filter} onSet={onSet} />
      <Chip title="Owner" value={filter.owner === "none" ? "nobody" : filter.owner ? personName(filter.owner) : "anyone"} set={filter.owner !== ""}>
        <Menu.Item onClick={() => onSet({ owner: undefined })}>anyone</Menu.Item>
        <Menu.Item onClick={() => onSet({ owner: "me" })}>me</Menu.Item>
        <Menu.Item onClick={() => onSet({ owner: "none" })}>nobody</Menu.Item>
      </Chip>
      {moments ? (
        <Chip title="Time" value={moments} set><Menu.Item onClick={() => onSet(Object.fromEntries((NAMES.moments ?? []).map((one) => [one, undefined])))}>any time</Menu.Item></Chip>
      ) : null}
      <form onSubmit={(event) => { event.preventDefault(); onSet({ q: words.trim() || undefined }); }}>
        <TextInput
          id="list-words" aria-label="Words in the list" placeholder="title, key or number" value={words} leftSection={<Icon name="search" size={13} />} rightSection={<Kbd>/</Kbd>}
          onChange={(event) => setWords(event.currentTarget.value)} onKeyDown={(event) => { if (event.key === "Escape") { setWords(""); onSet({ q: undefined }); event.currentTarget.blur(); } }}
        />
      </form>
      <span className={styles.waits}>
        {waiting.length ? (
          <Button variant="light" onClick={onShow} leftSection={<Icon name="up" size={13} />} rightSection={<Kbd>n</Kbd>}>
            {waiting.length} new{criticals ? `, ${criticals} critical` : ""}: show
          </Button>
        ) : null}
      </span>
    </div>
  );
}

function toggled(set: readonly string[], one: string): string | undefined {
  return (set.includes(one) ? set.filter((other) => other !== one) : [...set, one]).join(",") || undefined;
}

/** Of which tools. All that there can be are many words, which are asked for when somebody looks. */
function ToolChip({ filter, onSet }: { filter: Filter; onSet: (more: More) => void }) {
  const [looks, setLooks] = useState(false);
  const { data, error } = useQuery({ queryKey: ["sources"], queryFn: () => answered(client.GET("/api/sources")), staleTime: 600_000, enabled: looks });
  if (error) return <WordChip title="Tool" value={filter.tool.join(",") || undefined} hint="as it is called in addresses: zabbix" onSet={(tool) => onSet({ tool })} />;
  return (
    <Chip title="Tool" value={filter.tool.join(", ") || "any"} set={filter.tool.length > 0} stays onOpen={() => setLooks(true)}>
      {data ? data.items.map((one) => (
        <Menu.Item key={one.slug} onClick={() => onSet({ tool: toggled(filter.tool, one.slug) })} leftSection={<Checkbox checked={filter.tool.includes(one.slug)} readOnly tabIndex={-1} aria-hidden />}>{one.title}</Menu.Item>
      )) : <Menu.Label>Looking…</Menu.Label>}
    </Chip>
  );
}

/** In words, of which time the list is. */
function momentsOf({ moments, waited, statuses }: Filter): string {
  const span = (verb: string, from?: string, to?: string) => (from || to ? [`${verb} ${from ? shortTime(from) : "…"} to ${to ? shortTime(to) : "now"}`] : []);
  return [
    ...span("opened", moments.from, moments.to), ...span("resolved", moments.resolved_from, moments.resolved_to), ...span("acknowledged", moments.acknowledged_from, moments.acknowledged_to),
    ...(waited ? [`later than ${waited} m`] : []), ...(statuses.length ? [statuses.join(", ")] : []),
  ].join("; ");
}
