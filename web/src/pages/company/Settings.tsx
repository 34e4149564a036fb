import { Button, Group, Modal, NumberInput, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Fragment, useState } from "react";
import { answered, client, type Shapes } from "@/api/client";
import { useMay } from "@/api/session";
import { Words } from "@/parts/Prose";
import { refusalElse } from "@/parts/refusal";
import { Failure, Skeleton } from "@/parts/States";
import styles from "./Company.module.css";
import table from "@/parts/Table.module.css";

type Setting = Shapes["CompanySettingShown"];

/** What holds for a company, where each value comes from, and its own exceptions. */
export function Settings({ company }: { company: string }) {
  const may = useMay();
  const [edited, setEdited] = useState<Setting | null>(null);
  const { data, error, refetch } = useQuery({ queryKey: ["settings", company], queryFn: () => answered(client.GET("/api/companies/{company_id}/settings", { params: { path: { company_id: company } } })) });
  if (error && !data) return <Failure what="Settings" failure={error} again={() => void refetch()} />;
  if (!data) return <Skeleton rows={6} />;
  return (
    <>
      <table className={table.table}>
        <thead><tr><th>Setting</th><th>Value</th><th className={table.some}>From</th><th className={table.some}>Means</th>{may("setting.set") ? <th><span className="visually-hidden">What to do</span></th> : null}</tr></thead>
        <tbody>{data.items.map((one) => (
          <tr key={one.name}>
            <td className={styles.setting}><code>{broken(one.name)}</code></td><td><b>{shown(one.value)}</b></td>
            <td className={table.some}>{one.origin === "company" ? "its own" : one.origin}{one.set_by ? <span className="dim"> by {one.set_by}</span> : null}</td>
            <td className={table.some}><span className="dim"><Words text={one.meaning} /></span></td>
            {may("setting.set") ? <td className={table.right}><Button size="compact-xs" aria-label={`Change ${one.name}`} onClick={() => setEdited(one)}>Change</Button></td> : null}
          </tr>
        ))}</tbody>
      </table>
      {edited ? <Change company={company} setting={edited} onClose={() => setEdited(null)} /> : null}
    </>
  );
}

/** A name that may break after its underscores, and nowhere else. */
const broken = (name: string): React.ReactNode => name.split("_").map((part, at) => <Fragment key={part}>{at ? <>_<wbr /></> : null}{part}</Fragment>);

const shown = (value: Setting["value"]): React.ReactNode => (value === "" ? <span className="dim">none</span> : typeof value === "number" ? value.toLocaleString("en") : value);

function Change({ company, setting, onClose }: { company: string; setting: Setting; onClose: () => void }) {
  const queries = useQueryClient();
  const [value, setValue] = useState<number | string>(setting.value);
  const path = { params: { path: { company_id: company, name: setting.name } } };
  const onSuccess = () => {
    void queries.invalidateQueries({ queryKey: ["settings", company] });
    void queries.invalidateQueries({ queryKey: ["company", company] });
    onClose();
  };
  const save = useMutation({ mutationFn: () => answered(client.PUT("/api/companies/{company_id}/settings/{name}", { ...path, body: { value } })), onSuccess });
  const inherit = useMutation({ mutationFn: () => answered(client.DELETE("/api/companies/{company_id}/settings/{name}", path)), onSuccess });
  const failure = refusalElse(save.error ?? inherit.error);
  return (
    <Modal opened onClose={onClose} title={setting.name}>
      <form onSubmit={(event) => { event.preventDefault(); save.mutate(); }}>
        {typeof setting.default === "number"
          ? <NumberInput data-autofocus label="Value" description={setting.meaning} allowDecimal={false} thousandSeparator="," value={value} error={failure} onChange={setValue} />
          : <TextInput data-autofocus label="Value" description={setting.meaning} value={String(value)} error={failure} onChange={(event) => setValue(event.currentTarget.value)} />}
        <Group justify="flex-end" mt="md">
          {setting.origin === "company" ? <Button loading={inherit.isPending} onClick={() => inherit.mutate()}>Inherit it again</Button> : null}
          <Button onClick={onClose}>Leave it</Button><Button type="submit" variant="filled" disabled={value === "" && typeof setting.default === "number"} loading={save.isPending}>Save</Button>
        </Group>
      </form>
    </Modal>
  );
}
