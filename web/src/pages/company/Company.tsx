import { useParams } from "@tanstack/react-router";
import type { ComponentType } from "react";
import { useCompanyName, useMay } from "@/api/session";
import { Access } from "@/pages/company/Access";
import { BrakesTab } from "@/pages/company/BrakesTab";
import { Integrations } from "@/pages/company/Integrations";
import { Overview } from "@/pages/company/Overview";
import { People } from "@/pages/company/People";
import { Rules } from "@/pages/company/Rules";
import { RunbooksTab } from "@/pages/company/RunbooksTab";
import { Settings } from "@/pages/company/Settings";
import { Silence } from "@/pages/company/Silence";
import { Windows } from "@/pages/company/Windows";
import { Empty } from "@/parts/States";
import { Page } from "@/shell/Page";

/** One tab of a company: its name in the address, its title, and who may open it. */
const TABS: readonly { slug: string; title: string; action: string; shows: ComponentType<{ company: string }> }[] = [
  { slug: "overview", title: "Overview", action: "company.read", shows: Overview },
  { slug: "integrations", title: "Integrations", action: "integration.read", shows: Integrations },
  { slug: "rules", title: "Rules", action: "rule.read", shows: Rules },
  { slug: "runbooks", title: "Runbooks", action: "runbook.read", shows: RunbooksTab },
  { slug: "access", title: "Access", action: "binding.read", shows: Access },
  { slug: "windows", title: "Windows", action: "window.read", shows: Windows },
  { slug: "silence", title: "Silence", action: "silence.read", shows: Silence },
  { slug: "brakes", title: "Brakes", action: "brake.read", shows: BrakesTab },
  { slug: "people", title: "People", action: "contact.read", shows: People },
  { slug: "settings", title: "Settings", action: "setting.read", shows: Settings },
];

/** A company's settings. */
export default function Company() {
  const { company, tab } = useParams({ strict: false }) as { company: string; tab: string };
  const may = useMay();
  const name = useCompanyName()(company);
  const tabs = TABS.filter((one) => may(one.action));
  const shown = tabs.find((one) => one.slug === tab);
  const trail = [{ title: "Companies", to: "/companies" }];
  if (!name || !shown) return <Page title="Company" trail={trail}><Empty title="You may not see this."><p>Ask an administrator of your MSP to let you serve this company.</p></Empty></Page>;
  return (
    <Page title={name} trail={trail} tabs={tabs.map((one) => ({ title: one.title, to: `/companies/${company}/${one.slug}`, here: one === shown }))}>
      <shown.shows company={company} />
    </Page>
  );
}
