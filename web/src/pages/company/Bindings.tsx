import { Button, Group, Modal, Select } from "@mantine/core";
import { useState } from "react";
import { bind, type Binding, checkBinding, unbind, useAccessAct, useBindings, useConfirmedAssets, useCredentials, useWays, type Way } from "@/api/access";
import { useMay } from "@/api/session";
import { begun, filled, isWhole, placeOf, usable, wayTitle } from "@/pages/company/access";
import { Confirm } from "@/pages/company/Confirm";
import { WayFields } from "@/pages/company/WayFields";
import { Icon } from "@/parts/Icon";
import { Inert } from "@/parts/Inert";
import { Person } from "@/parts/Person";
import { refusalElse } from "@/parts/refusal";
import { Empty, Failure, Skeleton } from "@/parts/States";
import table from "@/parts/Table.module.css";
import { Age } from "@/parts/Time";
import styles from "./Company.module.css";

/** On which assets scripts may run, how each is reached, and what was last seen there. */
export function Bindings({ company }: { company: string }) {
  const may = useMay();
  const maySet = may("binding.set") && may("credential.read"); // whoever binds chooses a credential
  const found = useBindings(company);
  const ways = useWays();
  const [open, setOpen] = useState<{ does: "bind"; one: Binding | null } | { does: "unbind"; one: Binding } | null>(null);
  const close = () => setOpen(null);
  if (found.error && !found.data) return <Failure what="Machines" failure={found.error} again={() => void found.refetch()} />;
  if (!found.data || !ways.data) return <Skeleton rows={6} />;
  const rows = found.data.pages.flatMap((one) => one.items);
  const add = maySet ? <Button variant="filled" onClick={() => setOpen({ does: "bind", one: null })}>Bind a machine</Button> : null;
  return (
    <section aria-label="Machines">
      <h2>Machines</h2>
      {rows.length === 0 ? <Empty title="No script may run anywhere yet." action={add}><p>Bind a confirmed asset to the way by which it is reached; nothing else makes it a target, whatever an alert says.</p></Empty> : (
        <>
          <p className={styles.lead}>On these assets scripts may run, and on no others, whatever an alert says.</p>
          <p style={{ marginBottom: 12 }}>{add}</p>
          <table className={`${table.table} ${styles.machines}`}>
            <thead><tr><th>Asset</th><th>Reached by</th><th className={table.few}>Known by</th><th className={table.few}>Credential</th><th>Last looked</th><th><span className="visually-hidden">What to do</span></th></tr></thead>
            <tbody>{rows.map((one) => (
              <Row key={one.asset_id} company={company} one={one} ways={ways.data.items} mayCheck={may("binding.check")} onBind={maySet ? () => setOpen({ does: "bind", one }) : null} onUnbind={maySet ? () => setOpen({ does: "unbind", one }) : null} />
            ))}</tbody>
          </table>
        </>
      )}
      {found.hasNextPage ? <Button mt="md" loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>Older ones</Button> : null}
      {open?.does === "bind" ? <Bind company={company} ways={ways.data.items} one={open.one} onClose={close} /> : null}
      {open?.does === "unbind" ? <Unbind company={company} one={open.one} onClose={close} /> : null}
    </section>
  );
}

interface RowProps { company: string; one: Binding; ways: readonly Way[]; mayCheck: boolean; onBind: (() => void) | null; onUnbind: (() => void) | null }

function Row({ company, one, ways, mayCheck, onBind, onUnbind }: RowProps) {
  const check = useAccessAct(company, checkBinding(company, one.asset_id));
  return (
    <tr>
      <td className={styles.anywhere}><b><Inert text={one.asset} /></b></td>
      <td className={styles.anywhere}>{wayTitle(ways, one.executor)} <span className="dim"><Inert text={placeOf(one)} /></span></td>
      <td className={`${table.few} ${styles.print}`}><code><Inert text={one.fingerprint} /></code></td>
      <td className={`${table.few} ${styles.anywhere}`}><Inert text={one.credential} /></td>
      <td className={styles.anywhere}>
        <Looked one={one} />
        {check.error ? <p role="alert" className={styles.bad}>{refusalElse(check.error)}</p> : null}
      </td>
      <td className={table.right}>
        <Group gap={6} justify="flex-end" wrap="nowrap">
          {mayCheck ? <Button size="compact-xs" aria-label={`Check now: ${one.asset}`} loading={check.isPending} onClick={() => check.mutate(undefined)}>Check now</Button> : null}
          {onBind ? <Button size="compact-xs" aria-label={`Bind ${one.asset} otherwise`} onClick={onBind}>Otherwise</Button> : null}
          {onUnbind ? <Button size="compact-xs" aria-label={`Unbind ${one.asset}`} onClick={onUnbind}>Unbind</Button> : null}
        </Group>
      </td>
    </tr>
  );
}

function Looked({ one: { check } }: { one: Binding }) {
  if (!check) return <span className="dim">Nobody looked since it is bound so.</span>;
  return (
    <>
      <span className={styles.with} data-holds={check.holds}><Icon name={check.holds ? "check" : "warning"} size={13} /> {check.holds ? "A script could begin" : "No script could begin"}</span>
      {check.wrong.map((one) => <p key={one}><Inert text={one} /></p>)}
      <p className="dim"><Age at={check.checked_at} suffix=" ago" /> by <Person email={check.checked_by} /></p>
    </>
  );
}

function Bind({ company, ways, one, onClose }: { company: string; ways: readonly Way[]; one: Binding | null; onClose: () => void }) {
  const [assetId, setAsset] = useState<string | null>(one?.asset_id ?? null);
  const [slug, setSlug] = useState<string | null>(one?.executor ?? null);
  const [credential, setCredential] = useState<string | null>(one?.credential_id ?? null);
  const [typed, setTyped] = useState<Record<string, string>>(begun(ways.find((way) => way.slug === one?.executor)?.binding ?? [], one?.settings));
  const [words, setWords] = useState("");
  const assets = useConfirmedAssets(company, one ? "" : words.trim());
  const credentials = useCredentials(company, true);
  const set = useAccessAct(company, bind(company));
  const way = ways.find((each) => each.slug === slug);
  const kept = usable(credentials.data?.pages.flatMap((page) => page.items) ?? [], slug);
  const names = (way?.binding ?? []).map((each) => each.name);
  const ready = way !== undefined && assetId !== null && credential !== null && isWhole(way.binding, typed);
  const choose = (chosen: string | null) => {
    setSlug(chosen);
    setCredential(null);
    setTyped(begun(ways.find((each) => each.slug === chosen)?.binding ?? []));
  };
  return (
    <Modal opened onClose={onClose} title={one ? `Bind ${one.asset} otherwise` : "Bind a machine"} size="lg">
      <form onSubmit={(event) => { event.preventDefault(); if (way && assetId && credential) set.mutate({ assetId, executor: way.slug, credential, settings: filled(way.binding, typed) }, { onSuccess: onClose }); }}>
        {one ? <p>It is another target then: approvals of it that wait do not hold any more.</p> : (
          <Select
            data-autofocus required searchable label="Asset" description="One that somebody confirmed is there" placeholder="A part of its name" nothingFoundMessage="No confirmed asset has such a name." data={(assets.data?.items ?? []).map((each) => ({ value: each.id, label: each.name }))}
            value={assetId} onChange={setAsset} searchValue={words} onSearchChange={setWords} filter={({ options }) => options}
          />
        )}
        <Select mt="sm" required label="Reached by" placeholder="SSH, AWS Systems Manager…" data={ways.map((each) => ({ value: each.slug, label: each.title }))} value={slug} onChange={choose} />
        {way ? (
          <>
            {credentials.data && kept.length === 0 ? <p role="status" className={styles.words}>There is no credential for {way.title} yet: add one first, below the machines.</p> : (
              <Select mt="sm" required label="Credential" data={kept.map((each) => ({ value: each.id, label: each.name }))} value={credential} onChange={setCredential} />
            )}
            <WayFields values={way.binding} typed={typed} failure={set.error} onType={(field, value) => setTyped((was) => ({ ...was, [field]: value }))} />
          </>
        ) : null}
        {set.error && refusalElse(set.error, ...names) ? <p role="alert">{refusalElse(set.error, ...names)}</p> : null}
        <Group justify="flex-end" mt="md"><Button onClick={onClose}>Leave it</Button><Button type="submit" variant="filled" disabled={!ready} loading={set.isPending}>Let scripts run there</Button></Group>
      </form>
    </Modal>
  );
}

function Unbind({ company, one, onClose }: { company: string; one: Binding; onClose: () => void }) {
  const gone = useAccessAct(company, unbind(company, one.asset_id));
  return (
    <Confirm title={`Unbind ${one.asset}`} does="Let nothing run there" failure={gone.error} pending={gone.isPending} onDo={() => gone.mutate(undefined, { onSuccess: onClose })} onClose={onClose}>
      <p>Nothing runs on it any more, and approvals of it that wait do not hold. Its credential stays.</p>
    </Confirm>
  );
}
