import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from "@tanstack/react-router";
import { parseSearch, stringifySearch } from "@/address";
import { Failure, Skeleton } from "@/parts/States";
import { NotHere } from "@/shell/NotHere";
import { Shell } from "@/shell/Shell";

const root = createRootRoute({ component: Shell, notFoundComponent: NotHere });

/** A page by its address; each is loaded when it is first opened. */
function page(path: string, load: () => Promise<{ default: React.ComponentType }>) {
  return createRoute({ getParentRoute: () => root, path, component: lazyRouteComponent(load) });
}

const routes = [
  createRoute({ getParentRoute: () => root, path: "/", beforeLoad: () => { throw redirect({ to: "/board" }); } }),
  page("/board", () => import("@/pages/board/Board")),
  page("/incidents", () => import("@/pages/incidents/Incidents")),
  page("/incidents/$number", () => import("@/pages/incident/Incident")),
  page("/alerts", () => import("@/pages/alerts/Alerts")),
  page("/alerts/$id", () => import("@/pages/alert/Alert")),
  page("/suppressed", () => import("@/pages/suppressed/Suppressed")),
  page("/approvals", () => import("@/pages/approvals/Approvals")),
  page("/approvals/$id", () => import("@/pages/approvals/Approvals")),
  page("/runs", () => import("@/pages/runs/Runs")),
  page("/runs/$id", () => import("@/pages/run/Run")),
  page("/runbooks", () => import("@/pages/runbooks/Runbooks")),
  page("/runbooks/$slug", () => import("@/pages/runbook/Runbook")),
  page("/shift", () => import("@/pages/shift/Shift")),
  page("/on-call", () => import("@/pages/oncall/OnCall")),
  page("/on-call/schedules/$id", () => import("@/pages/oncall/ScheduleEditor")),
  page("/dashboard", () => import("@/pages/dashboard/Dashboard")),
  page("/reports", () => import("@/pages/reports/Reports")),
  page("/search", () => import("@/pages/search/SearchPage")),
  page("/companies", () => import("@/pages/companies/Companies")),
  page("/companies/$company/$tab", () => import("@/pages/company/Company")),
  page("/companies/$company/integrations/$integration", () => import("@/pages/integration/Integration")),
  page("/quarantine", () => import("@/pages/quarantine/Quarantine")),
  page("/audit", () => import("@/pages/audit/Audit")),
  page("/me", () => import("@/pages/me/Me")),
];

export const router = createRouter({
  routeTree: root.addChildren(routes),
  defaultPendingComponent: () => <Skeleton />,
  defaultErrorComponent: ({ error, reset }) => <Failure what="This page" failure={error as Error} again={reset} />,
  defaultPreload: "intent",
  scrollRestoration: true,
  parseSearch,
  stringifySearch,
});
