-- name: insert!
-- A client was told something.
INSERT INTO promise (company_id, promise_id, incident_id, text, due_at, made_by, made_at)
VALUES (:company_id, :promise_id, :incident_id, :text, :due_at, :made_by, :made_at);

-- name: read^
-- One promise, with the incident that it is about.
SELECT p.promise_id AS id, p.company_id, p.incident_id, i.number, i.title, p.text, p.due_at, p.made_by, p.made_at,
       p.kept_at, p.kept_by, p.dropped_at, p.dropped_by, p.dropped_why
FROM promise p
JOIN incident i ON i.company_id = p.company_id AND i.id = p.incident_id
WHERE p.company_id = :company_id AND p.promise_id = :promise_id;

-- name: keep$
-- It was kept; answers the incident, unless nothing waits by this id.
UPDATE promise p SET kept_at = :now, kept_by = :actor
WHERE p.company_id = :company_id AND p.promise_id = :promise_id AND p.kept_at IS NULL
  AND p.dropped_at IS NULL
RETURNING p.incident_id;

-- name: drop_one$
-- It was given up; answers likewise.
UPDATE promise p SET dropped_at = :now, dropped_by = :actor, dropped_why = :why
WHERE p.company_id = :company_id AND p.promise_id = :promise_id AND p.kept_at IS NULL
  AND p.dropped_at IS NULL
RETURNING p.incident_id;

-- name: of_incident
-- What was promised about an incident, the soonest first; rides on promise_incident.
SELECT p.promise_id AS id, p.company_id, p.incident_id, i.number, i.title, p.text, p.due_at, p.made_by, p.made_at,
       p.kept_at, p.kept_by, p.dropped_at, p.dropped_by, p.dropped_why
FROM promise p
JOIN incident i ON i.company_id = p.company_id AND i.id = p.incident_id
WHERE p.company_id = :company_id AND p.incident_id = :incident_id
ORDER BY p.due_at, p.promise_id
LIMIT :limit;

-- name: count_of_incident$
-- How many promises an incident has; rides on promise_incident.
SELECT count(*) FROM promise p WHERE p.company_id = :company_id AND p.incident_id = :incident_id;

-- name: page
-- A company's promises, newest first; rides on promise_pkey.
SELECT p.promise_id AS id, p.company_id, p.incident_id, i.number, i.title, p.text, p.due_at, p.made_by, p.made_at,
       p.kept_at, p.kept_by, p.dropped_at, p.dropped_by, p.dropped_why
FROM promise p
JOIN incident i ON i.company_id = p.company_id AND i.id = p.incident_id
WHERE p.company_id = :company_id
  AND (:state::text IS NULL
       OR CASE WHEN p.kept_at IS NOT NULL THEN 'kept' WHEN p.dropped_at IS NOT NULL THEN 'dropped' ELSE 'waiting' END
          = :state::text)
  AND (:before::uuid IS NULL OR p.promise_id < :before::uuid)
ORDER BY p.promise_id DESC
LIMIT :limit;

-- name: waiting
-- What was promised and still waits in several companies, the soonest first, with how many there are; `owner` narrows to
-- those that a person made or whose incident is theirs. The caller's transaction sees the companies. Rides on
-- promise_waiting.
SELECT p.promise_id AS id, p.company_id, p.incident_id, i.number, i.title, p.text, p.due_at, p.made_by, p.made_at,
       p.kept_at, p.kept_by, p.dropped_at, p.dropped_by, p.dropped_why, count(*) OVER () AS amount
FROM promise p
JOIN incident i ON i.company_id = p.company_id AND i.id = p.incident_id
WHERE p.company_id = ANY (:companies::uuid[]) AND p.kept_at IS NULL AND p.dropped_at IS NULL
  AND (:owner::text IS NULL OR p.made_by = :owner::text OR i.assignee = :owner::text)
ORDER BY p.due_at, p.promise_id
LIMIT :limit;

-- name: company_of$
-- Which of some companies has a promise; rides on promise_pkey.
SELECT p.company_id FROM promise p
WHERE p.company_id = ANY (:companies::uuid[]) AND p.promise_id = :promise_id
ORDER BY p.company_id LIMIT 1;
