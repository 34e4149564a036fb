-- name: activity
-- Firing occurrences of incidents since a moment, counted in steps of so many seconds: `step` 0 begins at `since`. Alerts
-- that were heard since then, at most so many of an incident, lead to their occurrences. Rides on incident_pkey,
-- alert_state_incident, alert_incident and occurrence_alert, in the partitions of the day.
SELECT i.id, floor(extract(epoch FROM o.received_at - :since::timestamptz) / :step_s::integer)::integer AS step,
       count(*) AS amount
FROM incident i
CROSS JOIN LATERAL (
    SELECT y.alert_id FROM alert_state y
    WHERE y.company_id = i.company_id AND y.incident_id = i.id AND y.alert_id IS NOT NULL AND y.last_seen_at >= :since
    UNION
    SELECT x.id FROM alert x
    WHERE x.company_id = i.company_id AND x.incident_id = i.id AND x.last_seen_at >= :since
    ORDER BY 1 DESC
    LIMIT :depth
) AS heard
JOIN occurrence o ON o.company_id = i.company_id AND o.alert_id = heard.alert_id
WHERE i.company_id = ANY (:companies::uuid[]) AND i.id = ANY (:ids::uuid[])
  AND o.id >= :floor AND o.kind = 1 AND o.received_at >= :since AND o.received_at < :until
GROUP BY 1, 2
ORDER BY 1, 2
LIMIT 10000;

-- name: shown
-- Which of some incidents people of these companies see, ids alone.
SELECT s.incident_id AS id
FROM incident_state s
WHERE s.company_id = ANY (:companies::uuid[]) AND s.incident_id = ANY (:ids::uuid[]) AND s.status >= 2
ORDER BY s.incident_id
LIMIT 1000;

-- name: similar
-- Earlier incidents that are like one: of the same rule and key first, then of the same check; each with its end and with
-- the next that opened with its key. Looks at the newest resolved ones, at what its assets had, and at itself. Rides on
-- incident_state_resolved, alert_asset_name and the primary keys.
WITH near AS (
    (SELECT s.incident_id AS id FROM incident_state s
     WHERE s.company_id = :company_id AND s.resolved_at IS NOT NULL
     ORDER BY s.resolved_at DESC LIMIT :depth)
    UNION
    (SELECT a.incident_id FROM alert a
     WHERE a.company_id = :company_id AND a.asset_name = ANY (:asset_names::text[])
     ORDER BY a.id DESC LIMIT :depth)
    UNION
    SELECT :incident_id::uuid
), known AS (
    SELECT i.id, i.number, i.title, i.opened_at, i.resolved_by, s.status, s.severity, s.resolved_at,
           i.rule_id = :rule_id AND i.aggregation_key = :key AS is_same_key,
           lead(i.opened_at) OVER (PARTITION BY i.rule_id, i.aggregation_key ORDER BY i.opened_at, i.id) AS next_opened_at
    FROM near n
    JOIN incident i ON i.company_id = :company_id AND i.id = n.id
    JOIN incident_state s ON s.company_id = :company_id AND s.incident_id = n.id AND s.status >= 2
)
SELECT k.id, k.number, k.title, k.severity, k.opened_at, k.resolved_at, k.resolved_by, k.is_same_key, k.next_opened_at,
       (SELECT c.facts FROM act c
        WHERE c.company_id = :company_id AND c.incident_id = k.id AND c.kind = 'resolve'
        ORDER BY c.seq DESC LIMIT 1) AS resolution
FROM known k
WHERE k.id <> :incident_id AND k.status = 3 AND (k.is_same_key OR starts_with(k.title, :head))
ORDER BY k.is_same_key DESC, k.resolved_at DESC, k.id
LIMIT :limit;
