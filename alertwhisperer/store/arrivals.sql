-- name: newest
-- The newest deliveries of an integration at or after a moment; rides on the primary key, newest id first.
SELECT d.id, d.received_at, d.status, d.received
FROM delivery d
WHERE d.company_id = :company_id AND d.id >= :floor AND d.integration_id = :integration_id
ORDER BY d.id DESC
LIMIT :limit;

-- name: named
-- What some alerts are about; by primary key.
SELECT a.id AS alert_id, a.asset, a.signature, coalesce(s.severity, a.severity) AS severity
FROM alert a
LEFT JOIN alert_state s ON s.company_id = :company_id AND s.problem = a.problem AND s.alert_id = a.id
WHERE a.company_id = :company_id AND a.id = ANY (:ids::uuid[])
ORDER BY a.id
LIMIT 1000;

-- name: numbers
-- The numbers that people say of some incidents; by primary key.
SELECT i.id, i.number FROM incident i WHERE i.company_id = :company_id AND i.id = ANY (:ids::uuid[]) ORDER BY i.id LIMIT 1000;

-- name: refused
-- Why requests of an integration were refused since a moment; rides on refusal_count_integration.
SELECT r.reason, sum(r.requests)::bigint AS requests, max(r.at) AS last_at
FROM refusal_count r
WHERE r.company_id = :company_id AND r.integration_id = :integration_id AND r.at >= :since
GROUP BY r.reason
ORDER BY max(r.at) DESC
LIMIT 20;
