-- name: page
-- Incidents that people see, newest first; a null filter takes all. Rides on the primary key, newest id first.
-- `acknowledged` sifts open ones. (Both as one CASE took the planner's sense of how many are open.)
SELECT i.id, i.company_id, i.title, i.rule_id, i.rule_name, i.rules_version, i.aggregation_key, i.opened_at,
       i.acknowledged_at, i.acknowledged_by, i.assignee, i.resolved_by, i.merged_into, i.split_from,
       s.status, s.severity, s.resolved_at, s.activity_at, s.firing, s.alerts AS alert_count,
       s.occurrences AS occurrence_count
FROM incident i
JOIN incident_state s ON s.company_id = :company_id AND s.incident_id = i.id
WHERE i.company_id = :company_id
  AND s.status >= 2
  AND (:id::uuid IS NULL OR i.id = :id::uuid)
  AND (:before::uuid IS NULL OR i.id < :before::uuid)
  AND (:statuses::smallint[] IS NULL OR s.status = ANY (:statuses::smallint[]))
  AND (:acknowledged::boolean IS NULL OR s.status <> 2 OR (i.acknowledged_at IS NOT NULL) = :acknowledged::boolean)
  AND (:severities::smallint[] IS NULL OR s.severity = ANY (:severities::smallint[]))
  AND (:assignee::text IS NULL OR i.assignee = :assignee::text)
  AND (:start::timestamptz IS NULL OR i.opened_at >= :start::timestamptz)
  AND (:finish::timestamptz IS NULL OR i.opened_at < :finish::timestamptz)
ORDER BY i.id DESC
LIMIT :limit;

-- name: members
-- Tools and assets of each of the given incidents, from its newest alerts. Rides on alert_incident and
-- alert_state_incident.
SELECT wanted.incident_id,
       array_agg(DISTINCT m.source) AS tools,
       array_agg(DISTINCT m.asset) AS assets
FROM unnest(:incident_ids::uuid[]) AS wanted (incident_id)
CROSS JOIN LATERAL (
    SELECT a.source, a.asset
    FROM (
        SELECT x.id FROM alert x WHERE x.company_id = :company_id AND x.incident_id = wanted.incident_id
        UNION
        SELECT y.alert_id FROM alert_state y
        WHERE y.company_id = :company_id AND y.incident_id = wanted.incident_id AND y.alert_id IS NOT NULL
        ORDER BY 1 DESC
        LIMIT :depth
    ) AS newest
    JOIN alert a ON a.company_id = :company_id AND a.id = newest.id
    LEFT JOIN alert_state s ON s.company_id = :company_id AND s.problem = a.problem AND s.alert_id = a.id
    WHERE coalesce(s.incident_id, a.incident_id) = wanted.incident_id
) AS m
GROUP BY wanted.incident_id
ORDER BY wanted.incident_id
LIMIT 1000;

-- name: acts
-- What people and timers did to an incident, newest first. Rides on act_incident.
SELECT c.id, c.at, c.kind, c.actor, c.facts
FROM act c
WHERE c.company_id = :company_id AND c.incident_id = :incident_id
ORDER BY c.seq DESC
LIMIT :limit;

-- name: comments
-- What people wrote to an incident, newest first. Rides on incident_comment_incident.
SELECT c.id, c.at, c.author, c.body
FROM incident_comment c
WHERE c.company_id = :company_id AND c.incident_id = :incident_id
ORDER BY c.id DESC
LIMIT :limit;

-- name: company_of$
-- Which of the given companies an incident belongs to; ids only.
SELECT i.company_id FROM incident i WHERE i.company_id = ANY (:company_ids::uuid[]) AND i.id = :id LIMIT 1;
