import type { IconName } from "@/parts/Icon";

/** An entry of the rail: shown to whoever may do `action`; no action: to everybody. */
export interface Entry {
  to: string;
  title: string;
  icon: IconName;
  action?: string;
  chord?: string;
}

/** The rail, and what `g` leads to; a part that is built later brings its entry. */
export const sections: readonly { title: string; entries: readonly Entry[] }[] = [
  {
    title: "Work",
    entries: [
      { to: "/board", title: "Board", icon: "board", action: "board.cross", chord: "b" },
      { to: "/incidents", title: "Incidents", icon: "incidents", action: "incident.read", chord: "i" },
      { to: "/alerts", title: "Alerts", icon: "alerts", action: "alert.read", chord: "a" },
      { to: "/approvals", title: "Approvals", icon: "approvals", action: "approval.read", chord: "p" },
      { to: "/runs", title: "Runs", icon: "runs", action: "run.read", chord: "r" },
      { to: "/shift", title: "Hand-over", icon: "handover", action: "handover.cross", chord: "h" },
      { to: "/on-call", title: "On call", icon: "phone", action: "on_call.cross", chord: "o" },
    ],
  },
  {
    title: "Insight",
    entries: [
      { to: "/dashboard", title: "Dashboard", icon: "dashboard", action: "kpi.read", chord: "d" },
      { to: "/reports", title: "Reports", icon: "reports", action: "report.read" },
    ],
  },
  {
    title: "Set up",
    entries: [
      { to: "/companies", title: "Companies", icon: "companies", action: "company.read" },
      { to: "/runbooks", title: "Runbooks", icon: "runbooks", action: "runbook.read" },
      { to: "/quarantine", title: "Quarantine", icon: "quarantine", action: "quarantine.read" },
      { to: "/audit", title: "Audit log", icon: "audit", action: "audit.read" },
    ],
  },
];
