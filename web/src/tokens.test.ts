import { expect, test } from "vitest";
import { type Colour, colours, heat, type Scheme, series } from "@/tokens";

/** Relative luminance and contrast, as WCAG 2 defines them. */
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one: string, other: string): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

const SCHEMES: Scheme[] = ["light", "dark"];
const GROUNDS: Colour[] = ["canvas", "surface", "sunken", "hover", "accentSoft"];
const WRITTEN: Colour[] = ["text", "text2", "text3", "accent", "critical", "high", "medium", "low", "info", "ok"];
const OWN_GROUND = ["critical", "high", "medium", "low", "info", "ok"] as const;

test.each(SCHEMES)("what is written can be read on every ground: %s", (scheme) => {
  for (const ink of WRITTEN) for (const ground of GROUNDS) expect(contrast(colours[scheme][ink], colours[scheme][ground]), `${ink} on ${ground}`).toBeGreaterThanOrEqual(4.5);
});

test.each(SCHEMES)("each meaning can be read on its own soft ground, and letters on a full one: %s", (scheme) => {
  const c = colours[scheme];
  for (const one of OWN_GROUND) expect(contrast(c[one], c[`${one}Soft`]), one).toBeGreaterThanOrEqual(4.5);
  expect(contrast(c.onAccent, c.accent)).toBeGreaterThanOrEqual(4.5);
  expect(contrast(c.onCritical, c.critical)).toBeGreaterThanOrEqual(4.5);
  expect(contrast(c.onHigh, c.high)).toBeGreaterThanOrEqual(4.5);
});

test.each(SCHEMES)("borders of controls and series of charts stand out: %s", (scheme) => {
  const c = colours[scheme];
  for (const ground of ["canvas", "surface"] as const) expect(contrast(c.control, c[ground]), ground).toBeGreaterThanOrEqual(3);
  for (const colour of series[scheme]) expect(contrast(colour, c.surface)).toBeGreaterThanOrEqual(4.5);
});

test.each(SCHEMES)("heat grows evenly from the ground away: %s", (scheme) => {
  const steps = heat[scheme].map((colour) => contrast(colour, colours[scheme].surface));
  expect([...steps].sort((a, b) => a - b)).toEqual(steps);
});
