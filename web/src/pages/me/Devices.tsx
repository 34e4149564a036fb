import { Button, Checkbox, Group, Switch, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { answered, client } from "@/api/client";
import { type Device, deviceName, type Lack, lackOf, switchOff, switchOn, thisOne, type Wish } from "@/pages/me/device";
import { refusalElse } from "@/parts/refusal";
import { Failure, Skeleton } from "@/parts/States";
import { Age } from "@/parts/Time";
import styles from "./Me.module.css";

const LACKS: Record<Exclude<Lack, "">, string> = {
  insecure: "Browsers tell of something only where the console's address is https. Ask whoever runs it.",
  install: "Put the console on the home screen first (Share, then “Add to Home Screen”), and open it from there.",
  unsupported: "This browser cannot be told of anything while the console is closed.",
  denied: "You once refused notices from here. Allow them in the browser's settings of this site, then reload.",
};

/** The devices on which one is told of incidents that nobody took, and the switch of this one. */
export function Devices() {
  const { data, error, refetch } = useQuery({
    queryKey: ["devices"],
    queryFn: async () => {
      const { items } = await answered(client.GET("/api/push/subscriptions"));
      return { items, here: await thisOne(items) };
    },
  });
  if (error && !data) return <Failure what="Your devices" failure={error} again={() => void refetch()} />;
  if (!data) return <Skeleton rows={3} />;
  const others = data.items.filter((one) => one.id !== data.here?.id);
  return (
    <>
      <This key={data.here?.id ?? "none"} here={data.here} />
      {others.length ? (
        <>
          <h3>Your other devices</h3>
          <ul className={styles.devices}>{others.map((one) => <Other key={one.id} device={one} />)}</ul>
        </>
      ) : null}
    </>
  );
}

function This({ here }: { here: Device | null }) {
  const again = useAgain();
  const lack = lackOf(window);
  const [wish, setWish] = useState<Required<Wish>>({ device: here?.device ?? deviceName(navigator.userAgent), severities: here?.severities ?? ["critical", "high"], with_text: here?.with_text ?? false });
  const on = useMutation({ mutationFn: () => switchOn(wish), onSuccess: again });
  const off = useMutation({ mutationFn: () => switchOff(here?.id ?? ""), onSuccess: again });
  const high = wish.severities.includes("high");
  const changed = here !== null && JSON.stringify([here.device, here.severities.length, here.with_text]) !== JSON.stringify([wish.device, wish.severities.length, wish.with_text]);
  if (lack) return <p className={styles.lack}><b>Not on this device.</b> {LACKS[lack]}</p>;
  return (
    <div className={styles.this}>
      <Switch size="sm" label={here ? "This device tells you" : "Be told on this device"} checked={here !== null} disabled={on.isPending || off.isPending} onChange={(event) => (event.currentTarget.checked ? on.mutate() : off.mutate())} />
      <p className="dim small">Of an incident that nobody took for a minute, once, while the console is closed too.</p>
      <Checkbox mt="sm" label="High ones as well as critical ones" checked={high} onChange={(event) => setWish({ ...wish, severities: event.currentTarget.checked ? ["critical", "high"] : ["critical"] })} />
      <Checkbox mt="xs" label="With the incident's title on the lock screen" checked={wish.with_text} onChange={(event) => setWish({ ...wish, with_text: event.currentTarget.checked })} />
      <TextInput mt="sm" w={260} label="You call it" maxLength={100} value={wish.device} onChange={(event) => setWish({ ...wish, device: event.currentTarget.value })} />
      <Group mt="sm" gap="xs">
        {changed ? <Button variant="filled" loading={on.isPending} onClick={() => on.mutate()}>Save</Button> : null}
        {here ? <Try id={here.id} /> : null}
      </Group>
      {on.error ?? off.error ? <p role="alert" className={styles.bad}>{refusalElse(on.error ?? off.error)}</p> : null}
    </div>
  );
}

function Other({ device }: { device: Device }) {
  const again = useAgain();
  const off = useMutation({ mutationFn: () => switchOff(device.id), onSuccess: again });
  return (
    <li>
      <span><b>{device.device || device.service}</b> <span className="dim">{device.severities.join(" and ")}; {device.last_at ? <>told <Age at={device.last_at} suffix=" ago" /></> : "not told yet"}</span></span>
      <Group gap="xs"><Try id={device.id} /><Button size="compact-xs" aria-label={`Switch ${device.device || device.service} off`} loading={off.isPending} onClick={() => off.mutate()}>Switch off</Button></Group>
      {off.error ? <p role="alert" className={styles.bad}>{off.error.message}</p> : null}
    </li>
  );
}

/** Has something shown now, and says what came of it. */
function Try({ id }: { id: string }) {
  const send = useMutation({ mutationFn: () => answered(client.POST("/api/push/subscriptions/{device_id}/test", { params: { path: { device_id: id } } })) });
  return (
    <>
      <Button size="compact-xs" loading={send.isPending} onClick={() => send.mutate()}>Try it</Button>
      {send.data || send.error ? <span role="status" className={send.data?.delivered ? styles.good : styles.bad}>{send.data?.delivered ? "Its push service took it." : (send.data?.problem || send.error?.message)}</span> : null}
    </>
  );
}

function useAgain(): () => void {
  const queries = useQueryClient();
  return () => void queries.invalidateQueries({ queryKey: ["devices"] });
}
