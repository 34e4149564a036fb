/** This device and web push: whether it can be told, whether it is, and how it is switched on and off. */
import { answered, client, type Shapes } from "@/api/client";

export type Device = Shapes["DeviceShown"];
export type Wish = Pick<Shapes["DeviceAsked"], "device" | "severities" | "with_text">;

/** Why a browser cannot be told of anything; empty: it can. */
export type Lack = "" | "insecure" | "install" | "unsupported" | "denied";

const KEPT = "alertwhisperer.push.device";

interface Able {
  isSecureContext: boolean;
  PushManager?: unknown;
  Notification?: { permission: string };
  navigator: { serviceWorker?: unknown; standalone?: boolean };
}

export function lackOf(window: Able): Lack {
  if (!window.isSecureContext) return "insecure";
  // An iPhone tells of nothing until the console stands on its home screen.
  if (window.navigator.standalone === false && !window.PushManager) return "install";
  if (!window.navigator.serviceWorker || !window.PushManager || !window.Notification) return "unsupported";
  return window.Notification.permission === "denied" ? "denied" : "";
}

/** What a browser calls itself, for the list of one's devices. */
export function deviceName(agent: string): string {
  const system = [["iPhone", /iPhone/], ["iPad", /iPad/], ["Android", /Android/], ["Windows", /Windows/], ["Mac", /Mac OS X/], ["Linux", /Linux|X11/]] as const;
  const browser = [["Edge", /Edg/], ["Firefox", /Firefox/], ["Chrome", /Chrome|Chromium|CriOS/], ["Safari", /Safari/]] as const;
  const of = (some: readonly (readonly [string, RegExp])[]) => some.find(([, one]) => one.test(agent))?.[0];
  return [of(browser) ?? "Browser", of(system)].filter(Boolean).join(" on ");
}

/** The server's key as browsers want it: the bytes of its base64url. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const plain = window.atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

async function subscription(): Promise<PushSubscription | null> {
  const registration = await navigator.serviceWorker.getRegistration("/");
  return (await registration?.pushManager.getSubscription()) ?? null;
}

/** Which of one's devices this is; null: none of them, or the browser forgot it. */
export async function thisOne(devices: readonly Device[]): Promise<Device | null> {
  const known = devices.find((one) => one.id === window.localStorage.getItem(KEPT));
  return known && lackOf(window) === "" && (await subscription()) ? known : null;
}

/** Be told here, or be told otherwise than until now; asks the person for leave. */
export async function switchOn(wish: Wish): Promise<Device> {
  if ((await Notification.requestPermission()) !== "granted") throw new Error("This browser was not given leave to show notices.");
  const { public_key } = await answered(client.GET("/api/push/key"));
  const registration = await navigator.serviceWorker.ready;
  const options = { userVisibleOnly: true, applicationServerKey: bytesOf(public_key) };
  const found = await registration.pushManager.subscribe(options).catch(async (failure: DOMException) => {
    // One that was made for another installation, or before its key was changed, is of no use here.
    if (failure.name !== "InvalidStateError") throw failure;
    await (await registration.pushManager.getSubscription())?.unsubscribe();
    return registration.pushManager.subscribe(options);
  });
  const { endpoint = "", keys = {} } = found.toJSON();
  const device = await answered(client.POST("/api/push/subscriptions", { body: { endpoint, keys: { p256dh: keys.p256dh ?? "", auth: keys.auth ?? "" }, ...wish } }));
  window.localStorage.setItem(KEPT, device.id);
  return device;
}

/** Be told on a device no more; where it is this one, the browser forgets it too. */
export async function switchOff(id: string): Promise<void> {
  await answered(client.DELETE("/api/push/subscriptions/{device_id}", { params: { path: { device_id: id } } }));
  if (window.localStorage.getItem(KEPT) !== id) return;
  window.localStorage.removeItem(KEPT);
  await (await subscription())?.unsubscribe();
}
