import { Button, Checkbox, Group, Modal, NumberInput, Select, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { answered, client, type Shapes } from "@/api/client";
import { useMay } from "@/api/session";
import { refusalAt, refusalElse } from "@/parts/refusal";
import { Empty, Failure, Skeleton } from "@/parts/States";
import table from "@/parts/Table.module.css";
import { Person } from "@/parts/Person";
import { At } from "@/parts/Time";

type Schedule = Shapes["ScheduleShown"];
type Format = Schedule["formats"][number];

const WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const FORMATS: readonly { value: Format; label: string }[] = [{ value: "pdf", label: "PDF" }, { value: "xlsx", label: "XLSX" }, { value: "csv", label: "CSV" }];

/** When a schedule asks, in words. */
export function scheduleWords({ every, day, hour, zone }: Pick<Schedule, "every" | "day" | "hour" | "zone">): string {
  const on = every === "week" ? `every ${WEEKDAYS[day - 1] ?? ""}` : `on day ${day} of every month`;
  return `${on} at ${String(hour).padStart(2, "0")}:00, ${zone}`;
}

/** Reports that are made by the clock, of the week or the month before. */
export function Schedules({ company }: { company: string }) {
  const may = useMay();
  const queries = useQueryClient();
  const [adding, setAdding] = useState(false);
  const path = { company_id: company };
  const { data, error, refetch } = useQuery({ queryKey: ["reports", company, "schedules"], queryFn: () => answered(client.GET("/api/companies/{company_id}/report-schedules", { params: { path, query: { limit: 100 } } })) });
  const remove = useMutation({
    mutationFn: (id: string) => answered(client.DELETE("/api/companies/{company_id}/report-schedules/{schedule_id}", { params: { path: { ...path, schedule_id: id } } })),
    onSuccess: () => void queries.invalidateQueries({ queryKey: ["reports", company, "schedules"] }),
  });
  if (error && !data) return <Failure what="Schedules" failure={error} again={() => void refetch()} />;
  if (!data) return <Skeleton rows={4} />;
  const add = may("report.make") ? <Button variant="filled" onClick={() => setAdding(true)}>Add a schedule</Button> : null;
  return (
    <>
      {data.items.length === 0 ? <Empty title="No schedule yet." action={add}><p>A report of the week or the month before is made by itself, and waits among the reports.</p></Empty> : (
        <>
          <p style={{ marginBottom: 12 }}>{add}</p>
          <table className={`${table.table} ${table.cards}`}>
            <thead><tr><th>Name</th><th>When</th><th className={table.some}>Formats</th><th className={table.right}>Next</th><th className={table.some}>By</th><th><span className="visually-hidden">What to do</span></th></tr></thead>
            <tbody>{data.items.map((one) => (
              <tr key={one.id}>
                <td><b>{one.name}</b></td><td>{scheduleWords(one)}</td><td className={table.some}>{one.formats.map((format) => format.toUpperCase()).join(", ")}</td>
                <td className={table.right} data-label="next"><At at={one.next_at} /></td><td className={table.some} data-label="by"><Person email={one.by} /></td>
                <td className={table.right}>{may("report.make") ? <Button size="compact-xs" aria-label={`Remove ${one.name}`} loading={remove.isPending && remove.variables === one.id} onClick={() => remove.mutate(one.id)}>Remove</Button> : null}</td>
              </tr>
            ))}</tbody>
          </table>
        </>
      )}
      {remove.error ? <p role="alert">{remove.error.message}</p> : null}
      {adding ? <Add company={company} onClose={() => setAdding(false)} /> : null}
    </>
  );
}

function Add({ company, onClose }: { company: string; onClose: () => void }) {
  const queries = useQueryClient();
  const [name, setName] = useState("Monthly report");
  const [every, setEvery] = useState<Schedule["every"]>("month");
  const [day, setDay] = useState(1);
  const [hour, setHour] = useState(6);
  const [formats, setFormats] = useState<readonly Format[]>(["pdf"]);
  const add = useMutation({
    mutationFn: () => answered(client.POST("/api/companies/{company_id}/report-schedules", { params: { path: { company_id: company } }, body: { name: name.trim(), every, day, hour, formats: [...formats], sections: [] } })),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ["reports", company, "schedules"] });
      onClose();
    },
  });
  return (
    <Modal opened onClose={onClose} title="Add a schedule">
      <form onSubmit={(event) => { event.preventDefault(); add.mutate(); }}>
        <TextInput label="Name" required data-autofocus value={name} error={refusalAt(add.error, "name")} onChange={(event) => setName(event.currentTarget.value)} />
        <Group mt="sm" grow align="flex-start">
          <Select label="Every" allowDeselect={false} data={[{ value: "week", label: "week" }, { value: "month", label: "month" }]} value={every} onChange={(value) => { setEvery(value as Schedule["every"]); setDay(1); }} />
          {every === "week"
            ? <Select label="On" allowDeselect={false} data={WEEKDAYS.map((label, at) => ({ value: String(at + 1), label }))} value={String(day)} onChange={(value) => setDay(Number(value))} />
            : <NumberInput label="On day" min={1} max={28} allowDecimal={false} value={day} error={refusalAt(add.error, "day")} onChange={(value) => setDay(Number(value || 1))} />}
          <NumberInput label="At the hour" description="of the company’s clock" min={0} max={23} allowDecimal={false} suffix=":00" value={hour} error={refusalAt(add.error, "hour")} onChange={(value) => setHour(Number(value || 0))} />
        </Group>
        <Checkbox.Group mt="sm" label="As" value={[...formats]} onChange={(value) => setFormats(value as Format[])} error={refusalAt(add.error, "formats")}>
          <Group mt={4}>{FORMATS.map((one) => <Checkbox key={one.value} value={one.value} label={one.label} />)}</Group>
        </Checkbox.Group>
        {add.error && refusalElse(add.error, "name", "day", "hour", "formats") ? <p role="alert">{refusalElse(add.error, "name", "day", "hour", "formats")}</p> : null}
        <Group justify="flex-end" mt="md"><Button onClick={onClose}>Leave it</Button><Button type="submit" variant="filled" disabled={!name.trim() || formats.length === 0} loading={add.isPending}>Add it</Button></Group>
      </form>
    </Modal>
  );
}
