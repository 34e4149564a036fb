import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "@/global.css";
import { Refused } from "@/api/client";
import { SessionGate } from "@/api/session";
import { LiveProvider } from "@/live/live";
import { Failure, Skeleton } from "@/parts/States";
import { router } from "@/router";
import { KeysProvider } from "@/shell/keys";
import { theme, variables } from "@/theme";

const nonce = document.querySelector<HTMLMetaElement>("meta[name=csp-nonce]")?.content ?? "";
// What keeps the page still under a dialog makes a style sheet of its own, and takes the nonce from here.
Object.assign(globalThis, { __webpack_nonce__: nonce });

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      refetchOnWindowFocus: false, // the live line says what changed
      retry: (failures, failure) => failures < 2 && !(failure instanceof Refused && failure.status >= 400 && failure.status < 500),
    },
  },
});

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no root");
// The page's own files come while the server is asked who is here; what cannot be loaded now says so when it is opened.
void router.preloadRoute({ to: window.location.pathname, search: router.options.parseSearch?.(window.location.search) as never }).catch(() => undefined);
createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} cssVariablesResolver={variables} defaultColorScheme="auto" getStyleNonce={() => nonce}>
      <Notifications position="bottom-right" limit={3} />
      <QueryClientProvider client={queries}>
        <SessionGate waiting={<Skeleton />} failed={(failure, again) => <Failure what="The console" failure={failure} again={again} />}>
          <KeysProvider>
            <LiveProvider>
              <RouterProvider router={router} />
            </LiveProvider>
          </KeysProvider>
        </SessionGate>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);

if ("serviceWorker" in navigator && import.meta.env.PROD) void navigator.serviceWorker.register("/sw.js");
