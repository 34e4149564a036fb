-- name: counts
-- Alerts and incidents of each given period. Rides on ledger_count_at, incident_opened, incident_acknowledged and
-- incident_state_resolved.
SELECT p.place,
       coalesce(l.total_alerts, 0)::bigint AS total_alerts,
       coalesce(l.distinct_alerts, 0)::bigint AS distinct_alerts,
       o.total_incidents,
       r.resolved_incidents, r.mttr_s, r.mttr_median_s,
       k.acknowledged_incidents, k.mtta_s, k.mtta_median_s
FROM unnest(:starts::timestamptz[], :finishes::timestamptz[]) WITH ORDINALITY AS p (start, finish, place)
CROSS JOIN LATERAL (
    SELECT sum(x.firing) AS total_alerts, sum(x.new) AS distinct_alerts
    FROM ledger_count x
    WHERE x.company_id = :company_id AND x.at >= p.start AND x.at < p.finish
) AS l
CROSS JOIN LATERAL (
    SELECT count(*) AS total_incidents
    FROM incident i
    JOIN incident_state s ON s.company_id = :company_id AND s.incident_id = i.id
    WHERE i.company_id = :company_id AND i.opened_at >= p.start AND i.opened_at < p.finish AND s.status IN (2, 3)
) AS o
CROSS JOIN LATERAL (
    SELECT count(*) AS resolved_incidents,
           (avg(extract(epoch FROM s.resolved_at - i.opened_at)))::double precision AS mttr_s,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM s.resolved_at - i.opened_at)) AS mttr_median_s
    FROM incident_state s
    JOIN incident i ON i.company_id = :company_id AND i.id = s.incident_id
    WHERE s.company_id = :company_id AND s.resolved_at >= p.start AND s.resolved_at < p.finish AND s.status = 3
) AS r
CROSS JOIN LATERAL (
    SELECT count(*) AS acknowledged_incidents,
           (avg(extract(epoch FROM i.acknowledged_at - i.opened_at)))::double precision AS mtta_s,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM i.acknowledged_at - i.opened_at))
               AS mtta_median_s
    FROM incident i
    JOIN incident_state s ON s.company_id = :company_id AND s.incident_id = i.id
    WHERE i.company_id = :company_id AND i.acknowledged_at >= p.start AND i.acknowledged_at < p.finish
      AND s.status IN (2, 3)
) AS k
ORDER BY p.place
LIMIT 100;
