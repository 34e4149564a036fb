-- name: page
-- What could not be read, newest first; a null state takes all. Rides on the primary key, or on quarantine_waiting.
SELECT q.id, q.company_id, q.delivery_id, q.integration_id, q.at, q.reason, q.what, q.place, q.mend, q.state, q.settled_at,
       q.settled_by, q.subject, q.severity, q.summary
FROM quarantine q
WHERE q.company_id = :company_id
  AND (:id::uuid IS NULL OR q.id = :id::uuid)
  AND (:state::text IS NULL OR q.state = :state::text)
  AND (:before::uuid IS NULL OR q.id < :before::uuid)
ORDER BY q.id DESC
LIMIT :limit;

-- name: waiting
-- What waits, oldest first, of one integration or (null) of all. Rides on quarantine_waiting.
SELECT q.id, q.company_id, q.delivery_id, q.integration_id, q.at, q.reason, q.what, q.place, q.mend, q.state, q.settled_at,
       q.settled_by, q.subject, q.severity, q.summary
FROM quarantine q
WHERE q.company_id = :company_id AND q.state = 'waiting' AND q.id > :after
  AND (:integration_id::uuid IS NULL OR q.integration_id = :integration_id::uuid)
ORDER BY q.id
LIMIT :limit;

-- name: settle$
-- Take a waiting unit out of the queue; null when it does not wait any more.
UPDATE quarantine SET state = :state, settled_at = :now, settled_by = :actor
WHERE company_id = :company_id AND id = :id AND state = 'waiting'
RETURNING state;
