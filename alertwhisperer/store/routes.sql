-- name: put!
-- Map customers to companies; one that is mapped moves. Rides on the primary key.
INSERT INTO route (company_id, integration_id, value, shown, target, set_by, set_at)
SELECT :company_id, :integration_id, u.value, u.shown, u.target, :set_by, :set_at
FROM unnest(:values::text[], :shown::text[], :targets::uuid[]) u (value, shown, target)
ON CONFLICT (company_id, integration_id, value) DO UPDATE
SET shown = excluded.shown, target = excluded.target, set_by = excluded.set_by, set_at = excluded.set_at;

-- name: remove!
-- Take customers off.
DELETE FROM route WHERE company_id = :company_id AND integration_id = :integration_id AND value = ANY (:values::text[]);

-- name: page
-- Routes in the order of their names; rides on the primary key.
SELECT value, shown, target, set_by, set_at
FROM route
WHERE company_id = :company_id AND integration_id = :integration_id AND (:after::text IS NULL OR value > :after)
ORDER BY value
LIMIT :limit;

-- name: unmapped
-- Customers whose alerts wait, the worst first; rides on quarantine_subject.
SELECT q.subject AS value, count(*) AS waiting, max(q.severity) AS severity, min(q.at) AS first_at, max(q.at) AS last_at,
       (array_agg(q.summary ORDER BY q.severity DESC NULLS LAST, q.id))[1] AS summary
FROM quarantine q
WHERE q.company_id = :company_id AND q.integration_id = :integration_id AND q.state = 'waiting'
  AND q.subject IS NOT NULL AND q.reason = 'unmapped'
GROUP BY q.subject
ORDER BY max(q.severity) DESC NULLS LAST, count(*) DESC, q.subject
LIMIT :limit;

-- name: waiting
-- Units that wait for a company which is mapped now, in the order in which they came. Rides on quarantine_subject.
SELECT q.id, q.delivery_id, q.subject, q.severity, r.target
FROM quarantine q
JOIN route r ON r.company_id = q.company_id AND r.integration_id = q.integration_id AND r.value = q.subject
WHERE q.company_id = :company_id AND q.integration_id = :integration_id AND q.state = 'waiting'
  AND q.subject IS NOT NULL AND q.id > :after
ORDER BY q.id
LIMIT :limit;

-- name: still_waiting
-- Which of these units wait; rides on the primary key.
SELECT id FROM quarantine WHERE company_id = :company_id AND id = ANY (:ids::uuid[]) AND state = 'waiting' LIMIT 1000;
