import { Button } from "@mantine/core";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import type { Search } from "@/address";
import { useMay, useSession } from "@/api/session";
import { CalendarPart } from "@/pages/oncall/Calendar";
import { Changes } from "@/pages/oncall/Changes";
import { Gaps } from "@/pages/oncall/Gaps";
import { Now } from "@/pages/oncall/Now";
import { useOwn, useSchedules } from "@/pages/oncall/oncall";
import { Schedules } from "@/pages/oncall/Schedules";
import { Empty, Failure, Skeleton } from "@/parts/States";
import { Page } from "@/shell/Page";
import styles from "./OnCall.module.css";

/** Who is on call now and in the weeks to come, where nobody is, and what people change about it. */
export default function OnCall() {
  const search = useSearch({ strict: false }) as Search;
  const may = useMay();
  const { companies } = useSession();
  const navigate = useNavigate();
  const sees = may("on_call.cross");
  const { data, error, refetch } = useSchedules(sees);
  const own = useOwn(sees && may("on_call.own"));
  const listing = search.tab === "schedules";
  const tabs = [{ title: "Now and next", to: "/on-call", here: !listing }, { title: "Schedules", to: "/on-call?tab=schedules", here: listing, count: data?.items.length ?? null }];
  const add = may("on_call.set") ? <Button variant={data?.items.length ? "filled" : "default"} onClick={() => void navigate({ to: "/on-call/schedules/$id", params: { id: "new" } })}>Add a schedule</Button> : null;
  if (!sees) return <Page title="On call"><p>You may not see this. Whoever works on incidents sees who is on call.</p></Page>;
  if (error && !data) return <Page title="On call"><Failure what="The schedules" failure={error} again={() => void refetch()} /></Page>;
  if (!data) return <Page title="On call" tabs={tabs}><Skeleton rows={12} /></Page>;
  if (listing) return <Page title="On call" tabs={tabs} actions={add}><Schedules schedules={data.items} /></Page>;
  const shown = data.items.find((one) => one.id === search.schedule) ?? data.items[0];
  return (
    <Page title="On call" tabs={tabs} actions={add}>
      <div className={styles.page}>
        {own.data?.changes.some((one) => one.may_answer) ? <Changes title="Waits for your answer" changes={own.data.changes.filter((one) => one.may_answer)} /> : null}
        {data.items.length ? <Gaps /> : null}
        {shown ? (
          <>
            <Now several={companies.length > 1} />
            <CalendarPart schedules={data.items} shown={shown} onShow={(id) => void navigate({ to: "/on-call", search: { ...search, schedule: id } as never })} />
          </>
        ) : (
          <>
            <Now several={companies.length > 1} />
            <Empty title="There is no schedule that you may see.">
              <p>A schedule says who takes turns, from when on, and when the next one takes over. {may("on_call.set") ? <><Link to="/on-call/schedules/$id" params={{ id: "new" }}>Add the first one</Link>.</> : "A company admin or an MSP admin adds one."}</p>
            </Empty>
          </>
        )}
      </div>
    </Page>
  );
}
