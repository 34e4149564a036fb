import { useMemo, useState } from "react";
import { count, latestHours, useHeat } from "@/pages/dashboard/figures";
import { Goto } from "@/parts/Goto";
import { Failure, Skeleton } from "@/parts/States";
import table from "@/parts/Table.module.css";
import styles from "./Dashboard.module.css";

const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const HOURS = Array.from({ length: 24 }, (_, hour) => hour);
const SHADES = 6;
const HOUR_MS = 3_600_000;
/** Of a number that fits into a cell. */
const MOST_DIGITS = 2;

/** The borders of the shades: even steps from one alert to the most. */
export function bordersOf(most: number): number[] {
  const step = Math.max(1, most / SHADES);
  return [...new Set(Array.from({ length: SHADES - 1 }, (_, at) => Math.max(1, Math.round(step * (at + 1)))))];
}

/** Alerts by hour and weekday: the median of the last weeks. A cell opens what came in that hour the last time. */
export function Heat({ company }: { company: string | null }) {
  const [asTable, setAsTable] = useState(false);
  const { data, error, refetch } = useHeat(company);
  const zone = data?.zone ?? "UTC";
  const hours = useMemo(() => latestHours(zone, Date.now()), [zone]);
  if (error && !data) return <section className="card" aria-label="Alerts by hour and weekday"><Failure what="The hours" failure={error} again={() => void refetch()} /></section>;
  if (!data) return <section className="card" aria-label="Alerts by hour and weekday"><Skeleton rows={8} height={28} /></section>;
  const known = data.cells.flat().filter((one): one is number => one !== null);
  const most = Math.max(0, ...known);
  const borders = bordersOf(most);
  const shade = (value: number) => borders.filter((one) => value >= one).length;
  const address = (day: number, hour: number) => {
    const start = hours.get(`${day} ${hour}`);
    if (start === undefined) return null;
    const query = new URLSearchParams({ from: new Date(start).toISOString(), to: new Date(start + HOUR_MS).toISOString(), ...(company ? { company } : {}) });
    return `/alerts?${query}`;
  };
  return (
    <section className="card" aria-label="Alerts by hour and weekday">
      <h2>Alerts by hour and weekday <span className="dim small">alerts an hour, median of {data.weeks} {data.weeks === 1 ? "week" : "weeks"}, {data.zone}</span>
        {known.length ? <button type="button" className={styles.link} onClick={() => setAsTable(!asTable)}>{asTable ? "show as map" : "show as table"}</button> : null}</h2>
      {known.length === 0 ? <p className={styles.absent}>not measured yet <span className="small">No full day with alerts yet; it begins with the first midnight after an alert.</span></p> : asTable ? (
        <div className={styles.tall}>
          <table className={table.table}><thead><tr><th>Hour</th>{DAYS.map((day) => <th key={day} className={table.right}>{day}</th>)}</tr></thead>
            <tbody>{HOURS.map((hour) => <tr key={hour}><td>{two(hour)}</td>{DAYS.map((day, at) => <td key={day} className={table.right}>{data.cells[at]?.[hour] === null ? <span className="dim">none</span> : show(data.cells[at]?.[hour])}</td>)}</tr>)}</tbody></table>
        </div>
      ) : (
        <>
          <div className={styles.heat} role="group" aria-label={`Most: ${show(most)} alerts an hour.`}>
            {DAYS.map((day, at) => (
              <div key={day} className={styles.week}>
                <span className={styles.weekday}>{day}</span>
                {HOURS.map((hour) => {
                  const value = data.cells[at]?.[hour] ?? null;
                  const to = address(at, hour);
                  const title = `${day} ${two(hour)}:00: ${value === null ? "nothing received yet" : `${show(value)} alerts as a rule`}`;
                  const more = { title, "data-shade": value === null ? "none" : shade(value), className: styles.cell ?? "" };
                  return to && value !== null ? <Goto key={hour} to={to} tabIndex={-1} aria-label={title} {...more}>{value === most && show(value).length <= MOST_DIGITS ? show(value) : ""}</Goto> : <span key={hour} {...more} />;
                })}
              </div>
            ))}
            <div className={styles.week} aria-hidden><span />{HOURS.map((hour) => <span key={hour} className={styles.hour}>{hour % 3 === 0 ? two(hour) : ""}</span>)}</div>
          </div>
          <p className={styles.shades}><span><i data-shade={0} />under {count(borders[0] ?? 1)}</span>{borders.map((one, at) => <span key={one}><i data-shade={at + 1} />{count(one)}{at === borders.length - 1 ? " and more" : ""}</span>)}</p>
        </>
      )}
    </section>
  );
}

const two = (hour: number): string => String(hour).padStart(2, "0");
const show = (value: number | null | undefined): string => (value ?? 0).toLocaleString("en", { maximumFractionDigits: 1 });
