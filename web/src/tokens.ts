/**
 * Every colour, size and distance of the console, once. Mantine, our styles and the charts take them from here by name;
 * `tokens.test.ts` computes each contrast again.
 */

export type Scheme = "light" | "dark";

/** Grounds that things stand on. */
const surfaces = {
  light: {
    canvas: "#f5f6f8", surface: "#ffffff", sunken: "#eceef2", hover: "#f0f2f6", line: "#dee2e9", control: "#858e9d",
  },
  dark: {
    canvas: "#0d1015", surface: "#14181f", sunken: "#0a0c10", hover: "#1b2029", line: "#272d38", control: "#6b7585",
  },
};

/** What is written and drawn on them; `…Soft` is a meaning's own ground, `on…` what is written on a full one. */
const inks = {
  light: {
    text: "#15181e", text2: "#454d5b", text3: "#5c6575",
    accent: "#3348c9", onAccent: "#ffffff", accentSoft: "#e8ebfb",
    critical: "#b4112b", onCritical: "#ffffff", criticalSoft: "#fdebed",
    high: "#a8400a", onHigh: "#ffffff", highSoft: "#fff0e5",
    medium: "#7a5600", mediumSoft: "#fff5d6",
    low: "#1c6178", lowSoft: "#e4f2f6",
    info: "#565f6e", infoSoft: "#eceef2",
    ok: "#136b3c", okSoft: "#e3f4ea",
  },
  dark: {
    text: "#e9ecf1", text2: "#b3bac7", text3: "#8f99a9",
    accent: "#9babff", onAccent: "#0d1015", accentSoft: "#1e2547",
    critical: "#ff6b74", onCritical: "#1e0508", criticalSoft: "#36131a",
    high: "#ffa366", onHigh: "#241003", highSoft: "#36200f",
    medium: "#ebc452", mediumSoft: "#2f270d",
    low: "#7bc3db", lowSoft: "#10282f",
    info: "#a3acba", infoSoft: "#1f252e",
    ok: "#62cb92", okSoft: "#0f2a1c",
  },
};

/** Series of charts, in order; the fifth is the period before. */
export const series: Record<Scheme, readonly string[]> = {
  light: ["#3348c9", "#0b7a75", "#9a5b00", "#9c2f77", "#5c6575"],
  dark: ["#9babff", "#4fc7be", "#e0a94a", "#e58bc4", "#8f99a9"],
};

/** Heat: one hue in six steps, from few to many. */
export const heat: Record<Scheme, readonly string[]> = {
  light: ["#eef0fb", "#cfd6f6", "#a3afee", "#6f80e0", "#3b4fd0", "#1f2c86"],
  dark: ["#171b2b", "#232b4e", "#35427a", "#5263b4", "#7f92f0", "#c3ccff"],
};

export const colours = { light: { ...surfaces.light, ...inks.light }, dark: { ...surfaces.dark, ...inks.dark } };
export type Colour = keyof (typeof colours)["light"];

export const fonts = {
  text: '-apple-system, "Segoe UI Variable Text", "Segoe UI", Roboto, Inter, "Noto Sans", system-ui, sans-serif',
  code: 'ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, monospace',
};

/** Width of the window in px at which parts fold away. */
export const breakpoints = { phone: 640, cards: 900, owner: 1040, rail: 1180, tools: 1280, bars: 1360 };
