-- name: read^
-- One delivery without its body. Rides on the primary key, in one partition.
SELECT d.id, d.company_id, d.integration_id, d.received_at, d.source, d.parser, d.settings_version, d.status, d.received,
       d.flagged
FROM delivery d
WHERE d.company_id = :company_id AND d.id = :id;

-- name: body^
-- The body of a delivery as it came, and what else of the request its parser read.
SELECT d.body, d.request FROM delivery d WHERE d.company_id = :company_id AND d.id = :id;

-- name: occurrences
-- What the members of a delivery became, in their order in the body; they are one range of the primary key, and said to
-- be so for each table, which spares the other days' partitions.
SELECT o.id, o.kind, o.severity, o.outcome, o.reason, o.alert_id, i.incident_id, r.facts,
       q.what, q.place AS "where", q.mend,
       CASE WHEN o.outcome IN (6, 7) THEN o.content END AS content
FROM occurrence o
LEFT JOIN receipt r ON r.company_id = :company_id AND r.id = o.id AND r.id >= :first AND r.id < :beyond
LEFT JOIN quarantine q ON q.company_id = :company_id AND q.id = o.id AND q.id >= :first AND q.id < :beyond
LEFT JOIN incident_state i ON i.company_id = :company_id AND i.incident_id = o.incident_id AND i.status >= 2
WHERE o.company_id = :company_id AND o.id >= :first AND o.id < :beyond
ORDER BY o.id
LIMIT :limit;

-- name: company_of$
-- Which of the given companies a delivery belongs to; ids only.
SELECT d.company_id FROM delivery d WHERE d.company_id = ANY (:company_ids::uuid[]) AND d.id = :id LIMIT 1;
