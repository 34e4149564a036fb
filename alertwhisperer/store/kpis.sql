-- name: alerts
-- Alerts between each two cuts, by the place of the first of them; the caller's transaction sees the companies.
-- What is folded is read by quarters, and by minutes where a cut lies inside a quarter. Rides on the primary keys of
-- alert_quarter and ledger_minute, and on ledger_count_at.
SELECT width_bucket(x.at, :cuts::timestamptz[]) AS place, sum(x.total_alerts)::bigint AS total_alerts,
       sum(x.distinct_alerts)::bigint AS distinct_alerts
FROM (
    SELECT q.start AS at, q.total_alerts, q.distinct_alerts
    FROM alert_quarter q
    WHERE q.company_id = ANY (:companies::uuid[]) AND q.start >= :start AND q.start < :finish
      AND q.start <> ALL (:broken::timestamptz[])
    UNION ALL
    SELECT m.at, m.firing, m.new
    FROM unnest(:broken::timestamptz[]) AS b (start)
    JOIN ledger_minute m ON m.company_id = ANY (:companies::uuid[])
      AND m.at >= b.start AND m.at < b.start + interval '15 minutes'
    UNION ALL
    SELECT l.at, l.firing, l.new
    FROM ledger_count l
    WHERE l.company_id = ANY (:companies::uuid[]) AND l.at >= :start AND l.at < :finish
) AS x
GROUP BY 1
ORDER BY 1
LIMIT 2000;

-- name: suppressed
-- Alerts that maintenance windows held back and whose incident never opened, between each two cuts, by the place of the
-- first of them; the caller's transaction sees the companies. Rides on suppression_received.
SELECT width_bucket(u.received_at, :cuts::timestamptz[]) AS place, count(*) AS suppressed,
       count(*) FILTER (WHERE u.severity = 5) AS criticals
FROM suppression u
WHERE u.company_id = ANY (:companies::uuid[]) AND u.received_at >= :start AND u.received_at < :finish
  AND NOT EXISTS (SELECT FROM incident i WHERE i.company_id = u.company_id AND i.id = u.incident_id)
GROUP BY 1
ORDER BY 1
LIMIT 2000;

-- name: incidents
-- Incidents that opened (1), were split (2), resolved (3) and acknowledged (4), by two rows of cuts at once, each by the
-- place of the cut before; durations in microseconds; the caller's transaction sees the companies. What was merged is part
-- of another. One that was split off from an acknowledged one was never waiting. Rides on incident_opened, incident_split,
-- incident_state_resolved and incident_acknowledged.
SELECT x.kind, x.whole, x.part, count(*) AS incidents, sum(x.us)::bigint AS total_us,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY x.us) AS median_us, count(*) FILTER (WHERE x.us > :late_us) AS late
FROM (
    SELECT t.kind, t.us, width_bucket(t.at, :wholes::timestamptz[]) AS whole,
           width_bucket(t.at, :parts::timestamptz[]) AS part
    FROM (
        SELECT 1 AS kind, i.opened_at AS at, NULL::bigint AS us
        FROM incident i
        WHERE i.company_id = ANY (:companies::uuid[]) AND i.opened_at >= :start AND i.opened_at < :finish
          AND i.merged_into IS NULL
        UNION ALL
        SELECT 2, i.opened_at, NULL::bigint
        FROM (
            SELECT DISTINCT piece.company_id, piece.split_from
            FROM incident piece
            WHERE piece.company_id = ANY (:companies::uuid[]) AND piece.split_from IS NOT NULL
        ) AS split
        JOIN incident i ON i.company_id = split.company_id AND i.id = split.split_from
        WHERE i.opened_at >= :start AND i.opened_at < :finish AND i.merged_into IS NULL
        UNION ALL
        SELECT 3, s.resolved_at, round(date_part('epoch', s.resolved_at - s.opened_at) * 1e6)::bigint
        FROM incident_state s
        WHERE s.company_id = ANY (:companies::uuid[]) AND s.resolved_at >= :start AND s.resolved_at < :finish
          AND s.status = 3
        UNION ALL
        SELECT 4, i.acknowledged_at, round(date_part('epoch', i.acknowledged_at - i.opened_at) * 1e6)::bigint
        FROM incident i
        WHERE i.company_id = ANY (:companies::uuid[]) AND i.acknowledged_at >= :start AND i.acknowledged_at < :finish
          AND i.acknowledged_at >= i.opened_at AND i.merged_into IS NULL
    ) AS t
) AS x
GROUP BY GROUPING SETS ((x.kind, x.whole), (x.kind, x.part))
ORDER BY x.kind, x.whole, x.part
LIMIT 4000;

-- name: open_now
-- Open incidents by severity, those that nobody took or snoozed, and how many were open at an earlier moment; the
-- caller's transaction sees the companies. Rides on incident_state_attention and incident_state_resolved.
SELECT x.severity, count(*) FILTER (WHERE x.now) AS open, count(*) FILTER (WHERE x.now AND x.needs_ack) AS needs_ack,
       count(*) FILTER (WHERE x.opened_at <= :then) AS then
FROM (
    SELECT s.severity, s.opened_at, true AS now, s.attention = 1 AS needs_ack
    FROM incident_state s
    WHERE s.company_id = ANY (:companies::uuid[]) AND s.status = 2
    UNION ALL
    SELECT s.severity, s.opened_at, false, false
    FROM incident_state s
    WHERE s.company_id = ANY (:companies::uuid[]) AND s.status = 3 AND s.resolved_at > :then
) AS x
GROUP BY x.severity
ORDER BY x.severity DESC
LIMIT 10;

-- name: first_heard$
-- Since when something was received; null where nothing ever was. Rides on the primary key of alert_quarter and on
-- ledger_count_at, one row of each company.
SELECT min(x.at)
FROM unnest(:companies::uuid[]) AS c (company_id)
CROSS JOIN LATERAL (
    (SELECT q.start AS at FROM alert_quarter q WHERE q.company_id = c.company_id ORDER BY q.start LIMIT 1)
    UNION ALL
    (SELECT l.at FROM ledger_count l WHERE l.company_id = c.company_id ORDER BY l.at LIMIT 1)
) AS x;

-- name: noisiest
-- What most alerts were of: checks, or assets; the caller's transaction sees the companies. Rides on the primary keys of
-- occurrence, of the days that its range of ids is in, and of alert.
SELECT a.company_id,
       CASE WHEN :by_asset OR count(DISTINCT a.asset_name) = 1 THEN min(a.asset) END AS asset,
       CASE WHEN NOT :by_asset OR count(DISTINCT a.signature) = 1 THEN min(a.signature) END AS "check",
       sum(told.alerts)::bigint AS alerts,
       count(*) FILTER (WHERE a.first_seen_at >= :start::timestamptz AND a.first_seen_at < :finish::timestamptz)
           AS distinct_alerts,
       count(DISTINCT i.id) AS incidents
FROM (
    SELECT o.company_id, o.alert_id, count(*) AS alerts
    FROM occurrence o
    WHERE o.company_id = ANY (:companies::uuid[]) AND o.id >= :floor::uuid AND o.id < :ceiling::uuid
      AND o.kind = 1 AND o.received_at >= :start::timestamptz AND o.received_at < :finish::timestamptz
    GROUP BY o.company_id, o.alert_id
) AS told
JOIN alert a ON a.company_id = told.company_id AND a.id = told.alert_id
LEFT JOIN incident i ON i.company_id = a.company_id AND i.id = a.incident_id
GROUP BY a.company_id, CASE WHEN :by_asset THEN a.asset_name ELSE a.signature END
ORDER BY alerts DESC, a.company_id, asset, "check"
LIMIT :limit;

-- name: mending
-- What was mended in each given period: whether anything had been run by its end, incidents that healed by themselves (for
-- good, and for now), and machines that said how their patches are, of those that are bound to a way which asks them; the
-- caller's transaction sees the companies. Rides on run_started, run_healing_pkey and patch_state_pkey.
SELECT p.place, g.has_run, h.healed, h.healed_for_now, m.reporting, m.compliant, b.bound
FROM unnest(:starts::timestamptz[], :finishes::timestamptz[]) WITH ORDINALITY AS p (start, finish, place)
CROSS JOIN LATERAL (
    SELECT EXISTS (
        SELECT FROM run x WHERE x.company_id = ANY (:companies::uuid[]) AND x.started_at < p.finish
    ) AS has_run
) AS g
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE d.state = 'confirmed') AS healed,
           count(*) FILTER (WHERE d.state = 'provisional') AS healed_for_now
    FROM run_healing d
    JOIN incident_state s ON s.company_id = d.company_id AND s.incident_id = d.incident_id
    WHERE d.company_id = ANY (:companies::uuid[]) AND s.resolved_at >= p.start AND s.resolved_at < p.finish
      AND s.status = 3
) AS h
CROSS JOIN LATERAL (
    SELECT count(*) AS reporting, count(*) FILTER (WHERE t.critical = 0) AS compliant
    FROM patch_state t
    WHERE t.company_id = ANY (:companies::uuid[]) AND t.asked_at >= p.start AND t.asked_at < p.finish
) AS m
CROSS JOIN LATERAL (
    SELECT count(*) AS bound FROM asset_binding k WHERE k.company_id = ANY (:companies::uuid[]) AND k.executor = :asks
) AS b
ORDER BY p.place
LIMIT 1000;
