import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// Where the server of `npm run dev` is, when it is not on the usual port.
const server = process.env.ALERTWHISPERER_DEV_SERVER ?? "http://127.0.0.1:8080";
const source = fileURLToPath(new URL("./src", import.meta.url));

/** Built into the Python package, so that the wheel carries it; `npm run dev` asks a server on this machine. */
export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "@": source } },
  build: {
    outDir: "../alertwhisperer/console/built",
    emptyOutDir: true,
    modulePreload: { polyfill: false }, // it would be an inline script
    assetsInlineLimit: 0, // no data: addresses for scripts and fonts
    chunkSizeWarningLimit: 700,
    reportCompressedSize: false,
  },
  server: { proxy: { "/api": { target: server, ws: true, changeOrigin: false }, "/sign-in": server } },
  test: { environment: "jsdom", include: ["src/**/*.test.{ts,tsx}"] },
});
