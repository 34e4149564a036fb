import { initialsOf } from "@/parts/names";
import styles from "./Tool.module.css";

/** Two letters for each tool; one that is not here takes its first two. */
const LETTERS: Record<string, string> = {
  prometheus: "Pm", zabbix: "Zb", datadog: "Dd", cloudwatch: "Cw", eventbridge: "Eb", grafana: "Gf", nagios: "Na", icinga2: "Ic",
  newrelic: "Nr", azure: "Az", gcp: "Gc", sentry: "Se", dynatrace: "Dt", splunk: "Sp", kibana: "Ki", pagerduty: "Pd", opsgenie: "Og",
  uptimekuma: "Uk", checkmk: "Ck", prtg: "Pr", solarwinds: "Sw", site24x7: "S2", pingdom: "Pi", uptimerobot: "Ur", ninjaone: "Nj",
  datto: "Da", connectwise: "Cn", cloudevents: "Ce", otlp: "Ot", mailbox: "Ma", jsonfeed: "Jf", generic: "Ge", native: "Aw", heartbeat: "Hb",
};

export function ToolTile({ tool }: { tool: string }) {
  const letters = LETTERS[tool] ?? tool.slice(0, 2).replace(/^./, (first) => first.toUpperCase());
  return <span className={styles.tile} aria-label={tool} role="img" data-hint={tool}>{letters}</span>;
}

export function Initials({ email, size = 20 }: { email: string; size?: number }) {
  return <span className={styles.initials} data-size={size} aria-label={email} role="img" data-hint={email}>{initialsOf(email)}</span>;
}
