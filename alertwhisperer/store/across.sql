-- name: alerts
-- The newest alerts of several companies, ids alone; a null filter takes all. The caller's transaction sees the companies.
-- Rides on the primary key of each company, newest id first.
SELECT c.company_id, newest.id
FROM unnest(:companies::uuid[]) AS c (company_id)
CROSS JOIN LATERAL (
    SELECT a.id
    FROM alert a
    LEFT JOIN alert_state s ON s.company_id = c.company_id AND s.problem = a.problem AND s.alert_id = a.id
    WHERE a.company_id = c.company_id
      AND (:before::uuid IS NULL OR a.id < :before::uuid)
      AND (:floor::uuid IS NULL OR a.id >= :floor::uuid)
      AND (:status::smallint IS NULL OR coalesce(s.status, a.status) = :status::smallint)
      AND (:severities::smallint[] IS NULL OR coalesce(s.severity, a.severity) = ANY (:severities::smallint[]))
      AND (:source::text IS NULL OR a.source = :source::text)
      AND (:asset_name::text IS NULL OR a.asset_name = :asset_name::text)
      AND (:signature::text IS NULL OR a.signature = :signature::text)
      AND (:start::timestamptz IS NULL OR a.first_seen_at >= :start::timestamptz)
      AND (:finish::timestamptz IS NULL OR a.first_seen_at < :finish::timestamptz)
    ORDER BY a.id DESC
    LIMIT :limit
) AS newest
ORDER BY newest.id DESC
LIMIT :limit;

-- name: runs
-- The newest runs of several companies, ids alone; a null filter takes all. The caller's transaction sees the companies.
-- Rides on run_pkey of each company, newest id first.
SELECT c.company_id, newest.run_id
FROM unnest(:companies::uuid[]) AS c (company_id)
CROSS JOIN LATERAL (
    SELECT r.run_id
    FROM run r
    WHERE r.company_id = c.company_id
      AND (:before::uuid IS NULL OR r.run_id < :before::uuid)
      AND (:floor::uuid IS NULL OR r.run_id >= :floor::uuid)
      AND (:since::timestamptz IS NULL OR r.requested_at >= :since::timestamptz)
      AND (:state::text IS NULL OR r.state = :state::text)
      AND (:runbook::text IS NULL OR r.runbook = :runbook::text)
    ORDER BY r.run_id DESC
    LIMIT :limit
) AS newest
ORDER BY newest.run_id DESC
LIMIT :limit;

-- name: escalations
-- What a person must look at in several companies, newest first. Rides on run_escalation_pkey of each company.
SELECT c.company_id, newest.escalation_id, newest.at, newest.reason, newest.said, newest.run_id, newest.incident_id
FROM unnest(:companies::uuid[]) AS c (company_id)
CROSS JOIN LATERAL (
    SELECT e.escalation_id, e.at, e.reason, e.said, e.run_id, e.incident_id
    FROM run_escalation e
    WHERE e.company_id = c.company_id AND (:before::uuid IS NULL OR e.escalation_id < :before::uuid)
    ORDER BY e.escalation_id DESC
    LIMIT :limit
) AS newest
ORDER BY newest.escalation_id DESC
LIMIT :limit;
