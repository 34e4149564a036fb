// The service worker: shows what was pushed, and opens the page that it speaks of. It keeps no data of any company.
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("push", (event) => {
  const told = event.data ? event.data.json() : {};
  event.waitUntil(
    self.registration.showNotification(told.title ?? "Alert Whisperer", { body: told.body ?? "", tag: told.url, data: { url: told.url ?? "/incidents" }, icon: "/icon-192.png", badge: "/icon-192.png" }),
  );
});
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const url = new URL(event.notification.data.url, self.location.origin);
  if (url.origin !== self.location.origin) return;
  event.waitUntil(
    self.clients.matchAll({ type: "window", includeUncontrolled: true }).then(async (open) => {
      const here = open.find((one) => new URL(one.url).pathname === url.pathname) ?? open.at(-1);
      if (!here) return self.clients.openWindow(url.href);
      // A window of ours that shows something else goes there, rather than that a phone fills with windows.
      const there = new URL(here.url).pathname === url.pathname ? here : await here.navigate(url.href).catch(() => null);
      return there ? there.focus() : self.clients.openWindow(url.href);
    }),
  );
});
