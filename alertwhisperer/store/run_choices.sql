-- name: insert!
-- What was thought when an incident opened; the first time stands.
INSERT INTO run_choice (company_id, incident_id, at, outcome, run_id, candidates)
VALUES (:company_id, :incident_id, :at, :outcome, :run_id, :candidates)
ON CONFLICT (company_id, incident_id) DO NOTHING;

-- name: read^
-- The same.
SELECT c.incident_id, c.at, c.outcome, c.run_id, c.candidates FROM run_choice c
WHERE c.company_id = :company_id AND c.incident_id = :incident_id;

-- name: insert_escalation!
-- A person must look.
INSERT INTO run_escalation (company_id, escalation_id, at, reason, said, run_id, incident_id)
VALUES (:company_id, :escalation_id, :at, :reason, :said, :run_id, :incident_id);

-- name: escalations
-- What a person must look at, newest first; rides on run_escalation_pkey.
SELECT e.escalation_id, e.at, e.reason, e.said, e.run_id, e.incident_id FROM run_escalation e
WHERE e.company_id = :company_id AND (:before::uuid IS NULL OR e.escalation_id < :before::uuid)
    AND (:run_id::uuid IS NULL OR e.run_id = :run_id::uuid)
    AND (:incident_id::uuid IS NULL OR e.incident_id = :incident_id::uuid)
ORDER BY e.escalation_id DESC
LIMIT :limit;
