/** Small bars in a row or a card: still burning or fading? Inline SVG, so that lists load without a chart library. */
export function Bars({ bars, width = 60, height = 16, label, usual }: {
  bars: readonly number[];
  width?: number;
  height?: number;
  label: string;
  usual?: { low: number; high: number } | null;
}) {
  const most = Math.max(1, usual?.high ?? 0, ...bars);
  const step = width / bars.length;
  const y = (value: number) => height - (value / most) * (height - 1);
  return (
    <svg width={width} height={height} role="img" aria-label={label}>
      <line x1="0" x2={width} y1={height - 0.5} y2={height - 0.5} stroke="var(--aw-line)" strokeDasharray="1 2" />
      {usual ? <rect x="0" width={width} y={y(usual.high)} height={Math.max(1, y(usual.low) - y(usual.high))} fill="var(--aw-line)" /> : null}
      {bars.map((value, place) => value > 0 ? (
        <rect
          key={place} x={place * step + 0.5} width={Math.max(1, step - 1)} y={Math.min(y(value), height - 2)} height={Math.max(2, height - y(value))}
          fill={usual && value > usual.high ? "var(--aw-accent)" : "var(--aw-text2)"}
        />
      ) : null)}
    </svg>
  );
}
