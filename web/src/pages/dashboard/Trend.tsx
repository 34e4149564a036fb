const WIDTH = 180;

type Values = readonly (number | null)[];

/** A figure over the period, against the same of the period before (dashed); what is absent is a gap, never zero. */
export function Trend({ values, before = [], label, height = 34 }: { values: Values; before?: Values; label: string; height?: number }) {
  const known = values.filter((one): one is number => one !== null);
  const all = [...known, ...before.filter((one): one is number => one !== null)];
  if (all.length === 0) return <svg width="100%" height={height} viewBox={`0 0 ${WIDTH} ${height}`} role="img" aria-label={`${label}: no figure in this time`} />;
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const most = Math.max(values.length, before.length);
  const x = (at: number) => 4 + (at / Math.max(1, most - 1)) * (WIDTH - 8);
  const y = (value: number) => (high === low ? height / 2 : 4 + (1 - (value - low) / (high - low)) * (height - 8));
  const last = values.findLastIndex((one) => one !== null);
  const alone = (at: number) => (values[at - 1] ?? null) === null && (values[at + 1] ?? null) === null;
  const words = known.length ? `from ${round(Math.min(...known))} to ${round(Math.max(...known))}` : "no figure in this time";
  return (
    <svg width="100%" height={height} viewBox={`0 0 ${WIDTH} ${height}`} preserveAspectRatio="none" role="img" aria-label={`${label}: ${words}`}>
      {runs(before).map((run) => run.length > 1 ? <polyline key={run[0]?.[0]} points={run.map(([at, value]) => `${x(at)},${y(value)}`).join(" ")} fill="none" stroke="var(--aw-text3)" strokeWidth="1.2" strokeDasharray="3 3" vectorEffect="non-scaling-stroke" /> : null)}
      {runs(values).map((run) => run.length > 1 ? <polyline key={run[0]?.[0]} points={run.map(([at, value]) => `${x(at)},${y(value)}`).join(" ")} fill="none" stroke="var(--aw-accent)" strokeWidth="1.6" vectorEffect="non-scaling-stroke" /> : null)}
      {values.map((value, at) => value !== null && (at === last || alone(at)) ? <line key={at} x1={x(at)} x2={x(at)} y1={y(value)} y2={y(value)} stroke="var(--aw-accent)" strokeWidth="5" strokeLinecap="round" vectorEffect="non-scaling-stroke" /> : null)}
    </svg>
  );
}

/** The values in unbroken runs, each with its place. */
export function runs(values: Values): [number, number][][] {
  const found: [number, number][][] = [[]];
  values.forEach((value, at) => {
    if (value === null) found.push([]);
    else found.at(-1)?.push([at, value]);
  });
  return found.filter((run) => run.length > 0);
}

const round = (value: number): string => value.toLocaleString("en", { maximumFractionDigits: 1 });
