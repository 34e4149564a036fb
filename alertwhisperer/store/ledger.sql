-- name: totals^
-- What was counted in a range of time; null bounds are open. Rides on ledger_count_at, refusal_count_at,
-- suppression_received and the primary key of ledger_minute.
SELECT coalesce(sum(l.deliveries_accepted), 0)::bigint AS deliveries_accepted,
       coalesce(sum(l.deliveries_duplicate), 0)::bigint AS deliveries_duplicate,
       (SELECT coalesce(sum(r.requests), 0)::bigint FROM refusal_count r
        WHERE r.company_id = :company_id
          AND (:start::timestamptz IS NULL OR r.at >= :start::timestamptz)
          AND (:finish::timestamptz IS NULL OR r.at < :finish::timestamptz)) AS deliveries_refused,
       coalesce(sum(l.received), 0)::bigint AS received,
       coalesce(sum(l.new), 0)::bigint AS new,
       coalesce(sum(l.repeat), 0)::bigint AS repeat,
       coalesce(sum(l.resolve), 0)::bigint AS resolve,
       coalesce(sum(l.stale), 0)::bigint AS stale,
       coalesce(sum(l.noted), 0)::bigint AS noted,
       coalesce(sum(l.rejected), 0)::bigint AS rejected,
       coalesce(sum(l.quarantined), 0)::bigint AS quarantined,
       coalesce(sum(l.pending), 0)::bigint AS pending,
       coalesce(sum(l.firing), 0)::bigint AS firing,
       (SELECT count(*) FROM suppression u
        WHERE u.company_id = :company_id
          AND (:start::timestamptz IS NULL OR u.received_at >= :start::timestamptz)
          AND (:finish::timestamptz IS NULL OR u.received_at < :finish::timestamptz)) AS suppressed
FROM (
    SELECT x.deliveries_accepted, x.deliveries_duplicate, x.received, x.new, x.repeat, x.resolve, x.stale, x.noted,
           x.rejected, x.quarantined, x.pending, x.firing
    FROM ledger_count x
    WHERE x.company_id = :company_id
      AND (:start::timestamptz IS NULL OR x.at >= :start::timestamptz)
      AND (:finish::timestamptz IS NULL OR x.at < :finish::timestamptz)
    UNION ALL
    SELECT m.deliveries_accepted, m.deliveries_duplicate, m.received, m.new, m.repeat, m.resolve, m.stale, m.noted,
           m.rejected, m.quarantined, m.pending, m.firing
    FROM ledger_minute m
    WHERE m.company_id = :company_id
      AND (:start::timestamptz IS NULL OR m.at >= :start::timestamptz)
      AND (:finish::timestamptz IS NULL OR m.at < :finish::timestamptz)
) AS l;

-- name: refusals
-- Requests refused after their key was known, by reason. Rides on refusal_count_at.
SELECT r.reason, sum(r.requests)::bigint AS requests
FROM refusal_count r
WHERE r.company_id = :company_id
  AND (:start::timestamptz IS NULL OR r.at >= :start::timestamptz)
  AND (:finish::timestamptz IS NULL OR r.at < :finish::timestamptz)
GROUP BY r.reason
ORDER BY r.reason
LIMIT 100;

-- name: oldest_day$
-- The first UTC day whose input log retention has not dropped.
SELECT min(to_date(right(c.relname, 8), 'YYYYMMDD'))
FROM pg_inherits h
JOIN pg_class c ON c.oid = h.inhrelid
WHERE h.inhparent = 'public.delivery'::regclass AND c.relname ~ '^delivery_[0-9]{8}$';

-- name: rows_of_deliveries^
-- The deliveries that are there, and the members they say they had. Rides on the primary key.
SELECT count(*) AS deliveries_accepted, coalesce(sum(d.received), 0)::bigint AS received
FROM delivery d
WHERE d.company_id = :company_id AND d.id >= day_floor(:since::date);

-- name: rows_of_occurrences
-- The occurrences that are there, by outcome and by whether they fire. Rides on the primary key.
SELECT o.outcome, o.kind = 1 AS firing, count(*) AS amount
FROM occurrence o
WHERE o.company_id = :company_id AND o.id >= day_floor(:since::date)
GROUP BY 1, 2
ORDER BY 1, 2
LIMIT 100;

-- name: suppressed_occurrences$
-- The occurrences that are there which a maintenance window held back. Rides on the primary key.
SELECT count(*)
FROM occurrence o
WHERE o.company_id = :company_id AND o.id >= day_floor(:since::date) AND o.reason = ANY (:reasons::smallint[]);

-- name: fold$
-- Take rows out of ledger_count and add them to their minutes and quarters; exact, because only what was deleted is added.
-- Rides on ledger_count_at.
WITH past AS (
    SELECT DISTINCT date_trunc('minute', l.at) AS minute
    FROM ledger_count l
    WHERE l.company_id = :company_id AND l.at < :until::timestamptz
    ORDER BY 1
    LIMIT :limit
), gone AS (
    DELETE FROM ledger_count l USING past p
    WHERE l.company_id = :company_id AND l.at >= p.minute AND l.at < p.minute + interval '1 minute'
      AND l.at < :until::timestamptz
    RETURNING l.*
), minutes AS (
    INSERT INTO ledger_minute AS m (company_id, at, deliveries_accepted, deliveries_duplicate, received, new, repeat,
                                    resolve, stale, noted, rejected, quarantined, pending, firing)
    SELECT :company_id, date_trunc('minute', g.at), sum(g.deliveries_accepted), sum(g.deliveries_duplicate),
           sum(g.received), sum(g.new), sum(g.repeat), sum(g.resolve), sum(g.stale), sum(g.noted), sum(g.rejected),
           sum(g.quarantined), sum(g.pending), sum(g.firing)
    FROM gone g
    GROUP BY 2
    ORDER BY 2
    ON CONFLICT (company_id, at) DO UPDATE
    SET deliveries_accepted = m.deliveries_accepted + excluded.deliveries_accepted,
        deliveries_duplicate = m.deliveries_duplicate + excluded.deliveries_duplicate,
        received = m.received + excluded.received,
        new = m.new + excluded.new,
        repeat = m.repeat + excluded.repeat,
        resolve = m.resolve + excluded.resolve,
        stale = m.stale + excluded.stale,
        noted = m.noted + excluded.noted,
        rejected = m.rejected + excluded.rejected,
        quarantined = m.quarantined + excluded.quarantined,
        pending = m.pending + excluded.pending,
        firing = m.firing + excluded.firing
), quarters AS (
    INSERT INTO alert_quarter AS q (company_id, start, total_alerts, distinct_alerts)
    SELECT :company_id, date_bin('15 minutes', g.at, timestamptz '2000-01-01Z'), sum(g.firing), sum(g.new)
    FROM gone g
    GROUP BY 2
    ORDER BY 2
    ON CONFLICT (company_id, start) DO UPDATE
    SET total_alerts = q.total_alerts + excluded.total_alerts,
        distinct_alerts = q.distinct_alerts + excluded.distinct_alerts
)
SELECT count(*) FROM gone;

-- name: fold_refusals$
-- The same for refusals, a row for each minute and reason.
WITH crowded AS (
    SELECT date_trunc('minute', r.at) AS minute, r.reason
    FROM refusal_count r
    WHERE r.company_id = :company_id AND r.at < :until::timestamptz
    GROUP BY 1, 2
    HAVING count(*) > 1
    ORDER BY 1, 2
    LIMIT :limit
), gone AS (
    DELETE FROM refusal_count r USING crowded c
    WHERE r.company_id = :company_id AND r.reason = c.reason AND r.at >= c.minute
      AND r.at < c.minute + interval '1 minute' AND r.at < :until::timestamptz
    RETURNING r.*
), kept AS (
    INSERT INTO refusal_count (company_id, id, at, reason, requests)
    SELECT :company_id, (array_agg(g.id ORDER BY g.id))[1], date_trunc('minute', g.at), g.reason, sum(g.requests)
    FROM gone g
    GROUP BY date_trunc('minute', g.at), g.reason
    RETURNING 1
)
SELECT (SELECT count(*) FROM gone) - (SELECT count(*) FROM kept);
