-- name: version$
-- How often it was changed; none where it never was.
SELECT p.version FROM run_policy p WHERE p.company_id = :company_id;

-- name: count$
-- It is changed once more; gives its version.
INSERT INTO run_policy AS p (company_id, version) VALUES (:company_id, 1)
ON CONFLICT (company_id) DO UPDATE SET version = p.version + 1
RETURNING version;

-- name: trusted
-- Integrations whose unsigned alerts may start a run; rides on run_trust_pkey.
SELECT t.integration_id FROM run_trust t WHERE t.company_id = :company_id ORDER BY t.integration_id LIMIT :limit;

-- name: drop_trust!
-- Trust none.
DELETE FROM run_trust t WHERE t.company_id = :company_id;

-- name: insert_trust!
-- Trust these.
INSERT INTO run_trust (company_id, integration_id, given_by, given_at)
SELECT :company_id::uuid, u.integration_id, :given_by, :given_at
FROM unnest(:integration_ids::uuid[]) AS u (integration_id);

-- name: parameters
-- What parameters may take from an alert; rides on run_parameter_pkey.
SELECT p.runbook, p.parameter, p.origin FROM run_parameter p
WHERE p.company_id = :company_id
ORDER BY p.runbook, p.parameter
LIMIT :limit;

-- name: drop_parameters!
-- None may take anything.
DELETE FROM run_parameter p WHERE p.company_id = :company_id;

-- name: insert_parameters!
-- These may.
INSERT INTO run_parameter (company_id, runbook, parameter, origin, given_by, given_at)
SELECT :company_id::uuid, u.runbook, u.parameter, u.origin, :given_by, :given_at
FROM unnest(:runbooks::text[], :parameters::text[], :origins::text[]) AS u (runbook, parameter, origin);

-- name: known_integrations
-- Those of some integrations that the company has and uses.
SELECT i.integration_id FROM integration i
WHERE i.company_id = :company_id AND i.integration_id = ANY (:integration_ids::uuid[]) AND i.removed_at IS NULL
ORDER BY i.integration_id
LIMIT :limit;

-- name: lock$
-- One who changes it at a time, until the transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended('run policy ' || (:company_id::uuid)::text, 0));
