-- name: of_occurrences
-- Reason and receipt of the given occurrences, oldest first. Rides on the primary keys, in the partitions of these days.
SELECT o.id, o.received_at, o.reason, o.outcome, o.alert_id, o.incident_id, r.facts
FROM occurrence o
LEFT JOIN receipt r ON r.company_id = :company_id AND r.id = o.id
WHERE o.company_id = :company_id AND o.id = ANY (:ids::uuid[])
ORDER BY o.id
LIMIT :limit;
