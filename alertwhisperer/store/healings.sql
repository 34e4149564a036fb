-- name: insert!
-- A run healed an incident; one that reopened and is healed again counts as the first time did.
INSERT INTO run_healing (company_id, incident_id, run_id, state, reason, healed_at, until)
VALUES (:company_id, :incident_id, :run_id, :state, :reason, :healed_at, :until)
ON CONFLICT (company_id, incident_id) DO NOTHING;

-- name: read^
-- Whether a run healed an incident.
SELECT h.incident_id, h.run_id, h.state, h.reason, h.healed_at, h.until, h.settled_at FROM run_healing h
WHERE h.company_id = :company_id AND h.incident_id = :incident_id;

-- name: lock^
-- The same, kept from other writers until the transaction ends.
SELECT h.incident_id, h.run_id, h.state, h.reason, h.healed_at, h.until, h.settled_at FROM run_healing h
WHERE h.company_id = :company_id AND h.incident_id = :incident_id
FOR NO KEY UPDATE;

-- name: settle!
-- Confirm or withdraw it.
UPDATE run_healing SET state = :state, reason = :reason, settled_at = :settled_at
WHERE company_id = :company_id AND incident_id = :incident_id;

-- name: came_back$
-- How many alerts of a signature, under some names, began after something was healed, or are part of another incident that
-- opened after that. (The alert that was healed may itself have moved to that one.) Rides on alert_asset_name.
SELECT count(*)
FROM alert b
LEFT JOIN incident i ON i.company_id = :company_id AND i.id = b.incident_id
WHERE b.company_id = :company_id AND b.asset_name = ANY (:asset_names::text[]) AND b.signature = :signature
    AND (b.first_seen_at > :healed_at AND b.first_seen_at <= :until
        OR i.id <> :incident_id AND i.opened_at > :healed_at AND i.opened_at <= :until);

-- name: person_acted$
-- Whether a person did something to an incident before a moment; rides on act_incident.
SELECT EXISTS (
    SELECT 1 FROM act c
    WHERE c.company_id = :company_id AND c.incident_id = :incident_id AND c.actor <> 'timer' AND c.at <= :until
);

-- name: provisional_of
-- Incidents that runs healed for now on one of some assets, of one of some signatures: for an alert that comes back.
-- Rides on run_target_history.
SELECT h.incident_id
FROM run_target t
JOIN run r ON r.company_id = :company_id AND r.run_id = t.run_id AND r.signature = ANY (:signatures::text[])
JOIN run_healing h ON h.company_id = :company_id AND h.incident_id = r.incident_id AND h.run_id = r.run_id
WHERE t.company_id = :company_id AND t.asset_id = ANY (:asset_ids::uuid[]) AND h.state = 'provisional'
ORDER BY h.incident_id
LIMIT :limit;
