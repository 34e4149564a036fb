import { describe, expect, it } from "vitest";
import { bytesOf, deviceName, lackOf } from "@/pages/me/device";

const able = { isSecureContext: true, PushManager: {}, Notification: { permission: "default" }, navigator: { serviceWorker: {} } };

describe("what a browser lacks to be told", () => {
  it("is nothing where all is there", () => expect(lackOf(able)).toBe(""));
  it("is a secure address, before anything else", () => expect(lackOf({ ...able, isSecureContext: false, PushManager: undefined })).toBe("insecure"));
  it("is the home screen on an iPhone", () => expect(lackOf({ ...able, PushManager: undefined, navigator: { serviceWorker: {}, standalone: false } })).toBe("install"));
  it("is web push itself", () => expect(lackOf({ ...able, PushManager: undefined })).toBe("unsupported"));
  it("is the person's leave", () => expect(lackOf({ ...able, Notification: { permission: "denied" } })).toBe("denied"));
});

it("names a device as people do", () => {
  expect(deviceName("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile Safari/537.36")).toBe("Chrome on Android");
  expect(deviceName("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18.0 Mobile Safari/604.1")).toBe("Safari on iPhone");
  expect(deviceName("curl/8")).toBe("Browser");
});

it("reads base64url without padding", () => expect([...bytesOf("-_8")]).toEqual([251, 255]));
