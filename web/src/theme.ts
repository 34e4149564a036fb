import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from "@mantine/core";
import { colours, fonts, heat, type Scheme } from "@/tokens";

/** Mantine wants ten shades; the console knows one accent. */
const accent = Array.from({ length: 10 }, () => colours.light.accent) as unknown as MantineColorsTuple;

export const theme = createTheme({
  fontFamily: fonts.text,
  fontFamilyMonospace: fonts.code,
  fontSizes: { xs: "13px", sm: "13px", md: "13px", lg: "15px", xl: "20px" },
  lineHeights: { xs: "1.45", sm: "1.5", md: "1.54", lg: "1.34", xl: "1.3" },
  spacing: { xs: "4px", sm: "8px", md: "12px", lg: "16px", xl: "24px" },
  radius: { xs: "3px", sm: "4px", md: "6px", lg: "8px", xl: "12px" },
  defaultRadius: "md",
  colors: { accent },
  primaryColor: "accent",
  respectReducedMotion: true,
  cursorType: "pointer",
  components: {
    Modal: { defaultProps: { closeButtonProps: { "aria-label": "Close" }, transitionProps: { duration: 120 }, overlayProps: { backgroundOpacity: 0.4 } } },
    Menu: { defaultProps: { transitionProps: { duration: 120 } } },
    Tooltip: { defaultProps: { openDelay: 300, transitionProps: { duration: 80 }, events: { hover: true, focus: true, touch: false } } },
    Button: { defaultProps: { size: "xs", variant: "default" } },
    TextInput: { defaultProps: { size: "xs" } },
    PasswordInput: { defaultProps: { size: "xs" } },
    NumberInput: { defaultProps: { size: "xs" } },
    Textarea: { defaultProps: { size: "xs" } },
    Select: { defaultProps: { size: "xs" } },
    MultiSelect: { defaultProps: { size: "xs" } },
    Switch: { defaultProps: { size: "xs" } },
    Checkbox: { defaultProps: { size: "xs" } },
  },
});

/** Our tokens as `--aw-…`, and Mantine's own variables drawn from them. */
export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: ofScheme("light"),
  dark: ofScheme("dark"),
});

function ofScheme(scheme: Scheme): Record<string, string> {
  const c = colours[scheme];
  const own = Object.fromEntries(Object.entries(c).map(([name, value]) => [`--aw-${name}`, value]));
  // Mantine's own greys of the dark scheme, which fields, tracks and menus are drawn with.
  const greys = scheme === "dark" ? { 3: c.text3, 4: c.control, 5: c.hover, 6: c.surface, 7: c.canvas, 8: c.sunken } : {};
  return {
    ...own,
    ...Object.fromEntries(heat[scheme].map((value, step) => [`--aw-heat${step}`, value])),
    ...Object.fromEntries(Object.entries(greys).map(([shade, value]) => [`--mantine-color-dark-${shade}`, value])),
    "--aw-shadow": scheme === "light" ? "0 8px 24px rgb(21 24 30 / 16%)" : "0 8px 24px rgb(0 0 0 / 50%)",
    "--mantine-color-body": c.canvas,
    "--mantine-color-text": c.text,
    "--mantine-color-dimmed": c.text3,
    "--mantine-color-default": c.surface,
    "--mantine-color-default-hover": c.hover,
    "--mantine-color-default-color": c.text,
    "--mantine-color-default-border": c.control,
    "--mantine-color-placeholder": c.text3,
    "--mantine-color-error": c.critical,
    "--mantine-color-anchor": c.accent,
    "--mantine-primary-color-filled": c.accent,
    "--mantine-primary-color-filled-hover": c.accent,
    "--mantine-primary-color-contrast": c.onAccent,
    "--mantine-primary-color-light": c.accentSoft,
    "--mantine-primary-color-light-hover": c.accentSoft,
    "--mantine-primary-color-light-color": c.accent,
    "--mantine-color-accent-filled": c.accent,
    "--mantine-color-accent-filled-hover": c.accent,
    "--mantine-color-accent-light": c.accentSoft,
    "--mantine-color-accent-light-hover": c.accentSoft,
    "--mantine-color-accent-light-color": c.accent,
    "--mantine-color-accent-outline": c.accent,
  };
}
