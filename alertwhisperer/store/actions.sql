-- name: read^
-- An effect that a delivery asked for, with what is needed to act (rides on the primary key).
SELECT a.id, a.integration_id, a.kind, a.subject, a.secret, a.state, i.source
FROM source_action a
JOIN integration i ON i.company_id = :company_id AND i.integration_id = a.integration_id
WHERE a.company_id = :company_id AND a.id = :id;

-- name: settle!
-- What came of it.
UPDATE source_action SET state = :state, answer = :answer, settled_at = :now
WHERE company_id = :company_id AND id = :id;
