-- name: page
-- Alerts with fresh figures, newest first; a null filter takes all. Rides on the primary key, newest id first, or those
-- of an asset on alert_asset_name.
-- The state row wins while it still points to the alert; afterwards the alert keeps its last figures.
SELECT a.id, a.company_id, a.integration_id, a.source, a.asset, a.signature, a.message, a.labels, a.links,
       a.first_seen_at,
       coalesce(s.severity, a.severity) AS severity,
       coalesce(s.status, a.status) AS status,
       coalesce(s.count, a.count) AS count,
       coalesce(s.started_at, a.started_at) AS started_at,
       CASE WHEN s.alert_id IS NULL THEN a.ended_at ELSE s.ended_at END AS ended_at,
       coalesce(s.last_seen_at, a.last_seen_at) AS last_seen_at,
       i.incident_id
FROM alert a
LEFT JOIN alert_state s
       ON s.company_id = :company_id AND s.problem = a.problem AND s.alert_id = a.id
LEFT JOIN incident_state i -- CASE, for coalesce() counts as leaky under row-level security and would keep off the index
       ON i.company_id = :company_id
      AND i.incident_id = CASE WHEN s.incident_id IS NULL THEN a.incident_id ELSE s.incident_id END
      AND i.status >= 2
WHERE a.company_id = :company_id
  AND (:ids::uuid[] IS NULL OR a.id = ANY (:ids::uuid[]))
  AND (:before::uuid IS NULL OR a.id < :before::uuid)
  AND (:floor::uuid IS NULL OR a.id >= :floor::uuid)
  AND (:incident_id::uuid IS NULL OR coalesce(s.incident_id, a.incident_id) = :incident_id::uuid)
  AND (:status::smallint IS NULL OR coalesce(s.status, a.status) = :status::smallint)
  AND (:severities::smallint[] IS NULL OR coalesce(s.severity, a.severity) = ANY (:severities::smallint[]))
  AND (:source::text IS NULL OR a.source = :source::text)
  AND (:asset_names::text[] IS NULL OR a.asset_name = ANY (:asset_names::text[]))
  AND (:signature::text IS NULL OR a.signature = :signature::text)
  AND (:start::timestamptz IS NULL OR a.first_seen_at >= :start::timestamptz)
  AND (:finish::timestamptz IS NULL OR a.first_seen_at < :finish::timestamptz)
ORDER BY a.id DESC
LIMIT :limit;

-- name: ids_of_incident
-- The newest alerts that may be of an incident: by their own row and by their state. Rides on alert_incident and
-- alert_state_incident.
SELECT id FROM (
    SELECT a.id FROM alert a WHERE a.company_id = :company_id AND a.incident_id = :incident_id
    UNION
    SELECT s.alert_id FROM alert_state s
    WHERE s.company_id = :company_id AND s.incident_id = :incident_id AND s.alert_id IS NOT NULL
) AS members
ORDER BY id DESC
LIMIT :limit;

-- name: company_of$
-- Which of the given companies an alert belongs to; ids only.
SELECT a.company_id FROM alert a WHERE a.company_id = ANY (:company_ids::uuid[]) AND a.id = :id LIMIT 1;
