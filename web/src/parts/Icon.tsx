/** Line icons of 16 px, drawn here so that nothing is fetched and ink is even. */
const PATHS = {
  board: "M2 2h5v5H2zM9 2h5v5H9zM2 9h5v5H2zM9 9h5v5H9z",
  incidents: "M8 2 14.5 13.5h-13zM8 6.5v3M8 11.4v.2",
  alerts: "M1 8h3l2-5 4 10 2-5h3",
  approvals: "M8 1.5 13.5 4v4c0 3.4-2.4 5.6-5.5 6.5C4.900 13.600 2.500 11.400 2.500 8V4zM5.600 8l1.700 1.700 3.200-3.400",
  runs: "M8 14.500a6.500 6.500 0 1 0 0-13 6.500 6.500 0 0 0 0 13zM6.500 5.300 10.800 8 6.500 10.700z", runbooks: "M3 2.500h9.500v11H4.500A1.500 1.500 0 0 1 3 12zM3 12a1.500 1.500 0 0 1 1.500-1.500h8M6 5.500h4M6 7.800h2.500",
  dashboard: "M2.500 13.500v-5M6.200 13.500v-10M9.800 13.500V6.500M13.500 13.500v-8",
  reports: "M4 1.500h5.500L12.500 4.500v10H4zM9 1.500V5h3.500M6 8h5M6 11h5",
  handover: "M2 5h9l-2.500-2.500M14 11H5l2.500 2.500",
  companies: "M2 14V4l5-2v12M7 6l6 2v6M4.500 6v.1M4.500 9v.1M10 10v.1M1 14h14",
  quarantine: "M2 5h12v9H2zM3 2h10l1 3H2zM6.500 8h3",
  audit: "M3 3h10M3 6.300h10M3 9.600h7M3 13h7",
  system: "M8 10.200a2.200 2.200 0 1 0 0-4.400 2.200 2.200 0 0 0 0 4.400zM8 1.500v2M8 12.500v2M1.500 8h2M12.500 8h2M3.400 3.400l1.400 1.400M11.200 11.200l1.400 1.400M3.400 12.600l1.400-1.400M11.200 4.800l1.400-1.400",
  asset: "M2.500 2.500h11v4.500h-11zM2.500 9h11v4.500h-11zM5 4.800v.1M5 11.200v.1",
  search: "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM11 11l3.500 3.500",
  chevron: "M4 6l4 4 4-4", right: "M6 3.500 10.500 8 6 12.500", left: "M10 3.500 5.500 8l4.500 4.500", close: "M4 4l8 8M12 4l-8 8", check: "M3 8.500 6.500 12 13 4.500",
  plus: "M8 3v10M3 8h10", phone: "M3.500 2h2.600l1.200 3-1.600 1.200a8 8 0 0 0 4.100 4.100L11 8.700l3 1.200v2.600c0 .8-.7 1.500-1.500 1.500A10.500 10.500 0 0 1 2 3.500C2 2.700 2.700 2 3.500 2z",
  comment: "M2 3h12v8H7l-3.500 3v-3H2z", clock: "M8 14.500a6.500 6.500 0 1 0 0-13 6.500 6.500 0 0 0 0 13zM8 4.500V8l2.500 1.800", more: "M3 8h.1M8 8h.1M13 8h.1",
  info: "M8 14.500a6.500 6.500 0 1 0 0-13 6.500 6.500 0 0 0 0 13zM8 7.200v4M8 4.600v.1", filter: "M2 4h12M4.500 8h7M6.500 12h3", up: "M8 13V3M4 7l4-4 4 4", down: "M8 3v10M4 9l4 4 4-4",
  back: "M6 3 2.500 6.500 6 10M2.500 6.500H10a3.500 3.500 0 0 1 0 7H7",
  copy: "M5 5h8v9H5zM3 11H2V2h8v1", warning: "M8 2 14.500 13.500h-13zM8 6.500v3M8 11.400v.2", download: "M8 2v8M4.500 7 8 10.500 11.500 7M2.500 13.500h11",
  bell: "M3.500 11.500V7a4.500 4.500 0 0 1 9 0v4.500l1 1h-11zM6.500 14h3", person: "M8 8a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM2.500 14c.5-3 2.800-4.500 5.500-4.500s5 1.500 5.500 4.500",
  menu: "M2 4h12M2 8h12M2 12h12", moon: "M13.500 9.600A6 6 0 0 1 6.400 2.500a6 6 0 1 0 7.100 7.100z", split: "M8 14V9C8 6 3 7 3 2M8 9c0-3 5-2 5-7", merge: "M3 2v3c0 3 5 2 5 5v4M13 2v3c0 3-5 2-5 5",
} as const;

export type IconName = keyof typeof PATHS;

/** Decorative: whatever holds it has a name. */
export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 16 16" fill="none" stroke="currentColor" strokeWidth="1.4" strokeLinecap="round" strokeLinejoin="round" aria-hidden>
      <path d={PATHS[name]} />
    </svg>
  );
}
