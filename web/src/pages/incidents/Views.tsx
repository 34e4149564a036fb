import { Button, Group, Menu, Modal, Select, TextInput } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import type { Search } from "@/address";
import { useMay, useSession } from "@/api/session";
import { type NewView, useMayChange, useViewActs, useViews, type View } from "@/api/views";
import { addressOf, behind, differs, inOrder, moved } from "@/pages/incidents/views";
import { Icon } from "@/parts/Icon";
import styles from "./Incidents.module.css";

const OWN = "own";
const MSP = "msp";

/** Saves the list as it is, and changes the saved one that it is. */
export function ViewMenu({ search }: { search: Search }) {
  const navigate = useNavigate();
  const may = useMay();
  const views = useViews();
  const mayChange = useMayChange();
  const { save, change, remove } = useViewActs();
  const [dialog, setDialog] = useState<"new" | "old" | null>(null);
  if (!may("view.set")) return null;
  const here = views.find((one) => one.id === search.view);
  const own = inOrder(views, mayChange).filter(mayChange);
  const go = (view: View) => void navigate({ to: "/incidents", search: { ...Object.fromEntries(new URLSearchParams(view.address)), view: view.id } as never });
  const keep = async (said: Pick<NewView, "name" | "shared" | "company_id">) => {
    if (dialog === "old" && here) change([{ id: here.id, change: said }]);
    else go(await save({ ...said, address: addressOf(search), position: behind(own) }));
  };
  const at = own.findIndex((one) => one.id === here?.id);
  return (
    <span className={styles.views}>
      {here && mayChange(here) ? (
        <Menu position="bottom-start" width={220}>
          <Menu.Target><Button rightSection={<Icon name="chevron" size={12} />}>View{differs(here, search) ? ", changed" : ""}</Button></Menu.Target>
          <Menu.Dropdown>
            {differs(here, search) ? <Menu.Item onClick={() => change([{ id: here.id, change: { address: addressOf(search) } }])}>Save the changes</Menu.Item> : null}
            {differs(here, search) ? <Menu.Item onClick={() => go(here)}>Drop the changes</Menu.Item> : null}
            <Menu.Item onClick={() => setDialog("old")}>Rename or share</Menu.Item>
            {at > 0 ? <Menu.Item onClick={() => change(moved(own, here.id, -1))}>Move to the left</Menu.Item> : null}
            {at < own.length - 1 ? <Menu.Item onClick={() => change(moved(own, here.id, 1))}>Move to the right</Menu.Item> : null}
            <Menu.Item onClick={() => setDialog("new")}>Save as another view</Menu.Item>
            <Menu.Divider />
            <Menu.Item onClick={() => { remove(here); void navigate({ to: "/incidents", search: {} as never }); }}>Remove the view</Menu.Item>
          </Menu.Dropdown>
        </Menu>
      ) : <Button onClick={() => setDialog("new")}>Save view</Button>}
      {dialog ? <ViewDialog view={dialog === "old" ? here : undefined} onKeep={keep} onClose={() => setDialog(null)} /> : null}
    </span>
  );
}

/** Its name, and with whom it is shared. */
function ViewDialog({ view, onKeep, onClose }: { view: View | undefined; onKeep: (said: Pick<NewView, "name" | "shared" | "company_id">) => Promise<void>; onClose: () => void }) {
  const may = useMay();
  const { companies } = useSession();
  const [name, setName] = useState(view?.name ?? "");
  const [among, setAmong] = useState(view?.shared ? (view.company_id ?? MSP) : OWN);
  const [refused, setRefused] = useState("");
  const audiences = [
    { value: OWN, label: "yourself" },
    ...(may("view.share_all") ? [{ value: MSP, label: "all of the MSP's own people" }] : []),
    ...(may("view.share") ? companies.map((one) => ({ value: one.id, label: `everybody of ${one.name}` })) : []),
  ];
  const send = () => onKeep({ name: name.trim(), shared: among !== OWN, company_id: among === OWN || among === MSP ? null : among }).then(onClose, (failure: Error) => setRefused(failure.message));
  return (
    <Modal opened onClose={onClose} title={view ? "Rename or share the view" : "Save this list as a view"}>
      <form onSubmit={(event) => { event.preventDefault(); void send(); }}>
        <TextInput data-autofocus label="Name" placeholder="Criticals at night" maxLength={100} value={name} error={refused || undefined} onChange={(event) => setName(event.currentTarget.value)} />
        {audiences.length > 1
          ? <Select mt="sm" label="For" data={audiences} value={among} allowDeselect={false} searchable={audiences.length > 8} onChange={(value) => setAmong(value ?? OWN)} />
          : <p className="dim small">For yourself. An administrator may share views with others.</p>}
        <Group justify="flex-end" mt="md"><Button onClick={onClose}>{view ? "Leave it as it is" : "Not now"}</Button><Button type="submit" variant="filled" disabled={!name.trim()}>Save</Button></Group>
      </form>
    </Modal>
  );
}
