-- name: occurrences
-- The input log in the order of decision, in steps that a reader can hold.
SELECT o.id, o.integration_id, o.seq, o.place, o.received_at, o.kind, o.severity, o.outcome, o.reason, o.problem, o.cycle,
       o.started_at, o.ended_at, o.rules_version, o.alert_id, o.incident_id, o.content, r.facts
FROM occurrence o
LEFT JOIN receipt r ON r.company_id = :company_id AND r.id = o.id
WHERE o.company_id = :company_id AND o.outcome <= 4 AND (o.seq, o.place) > (:seq, :place)
ORDER BY o.seq, o.place
LIMIT :limit;

-- name: acts
-- What people and timers did, in the same numbering.
SELECT seq, at, kind, incident_id, facts
FROM act
WHERE company_id = :company_id AND kind = ANY (:kinds::text[]) AND seq > :seq
ORDER BY seq
LIMIT :limit;

-- name: deliveries
-- Raw bodies, oldest first, to be parsed again (rides on the primary key).
SELECT d.id, d.integration_id, d.received_at, d.source, d.parser, d.settings_version, d.request, d.body, d.status
FROM delivery d
WHERE d.company_id = :company_id AND d.id > :after
ORDER BY d.id
LIMIT :limit;

-- name: members_of
-- What was made of one delivery (one range of the primary key).
SELECT o.id, o.kind, o.severity, o.problem, o.cycle, o.outcome
FROM occurrence o
WHERE o.company_id = :company_id AND o.id >= :first AND o.id < :beyond
ORDER BY o.id
LIMIT 1048576;
