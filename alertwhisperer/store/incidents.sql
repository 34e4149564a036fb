-- name: rows
-- Incidents that people see, by their ids and whose they are, newest first. The caller's transaction sees the companies.
-- Rides on the primary keys.
SELECT i.id, i.company_id, i.number, i.title, i.rule_id, i.rule_name, i.rules_version, i.aggregation_key, i.opened_at,
       i.acknowledged_at, i.acknowledged_by, i.assignee, i.resolved_by, i.merged_into, i.split_from,
       i.snoozed_by, i.snoozed_at, i.snoozed_until,
       s.status, s.attention, s.severity, s.resolved_at, s.activity_at, s.firing, s.alerts AS alert_count,
       s.occurrences AS occurrence_count, s.hold_s,
       (SELECT count(*) FROM approval p
        WHERE p.company_id = i.company_id AND p.incident_id = i.id AND p.state = 'asked') AS approvals
FROM unnest(:companies::uuid[], :ids::uuid[]) AS wanted (c, id)
JOIN incident i ON i.company_id = wanted.c AND i.id = wanted.id
JOIN incident_state s ON s.company_id = wanted.c AND s.incident_id = wanted.id
WHERE s.status >= 2
ORDER BY i.id DESC
LIMIT :limit;

-- part: sifted
-- What a list asks of `s`, an incident's state, and `i`, its incident; a null filter takes all. The groups are those of
-- domain/attention.py. What is said of `i` is asked of it only where it is looked for: the planner leaves the join away
-- elsewhere.
AND (:ids::uuid[] IS NULL OR s.incident_id = ANY (:ids::uuid[]))
AND (:taken::boolean IS NULL OR s.status <> 2 OR s.attention IN (2, 4) = :taken::boolean)
AND (:groups::smallint[] IS NULL
     OR CASE WHEN s.status > 2 THEN 4 WHEN s.attention > 2 OR s.firing <= 0 THEN 3 ELSE s.attention END
        = ANY (:groups::smallint[]))
AND (:severities::smallint[] IS NULL OR s.severity = ANY (:severities::smallint[]))
AND (:assignee::text IS NULL OR s.assignee = :assignee::text)
AND (NOT :unowned::boolean OR s.assignee IS NULL)
AND (:start::timestamptz IS NULL OR s.opened_at >= :start::timestamptz)
AND (:finish::timestamptz IS NULL OR s.opened_at < :finish::timestamptz)
AND (:resolved_start::timestamptz IS NULL OR s.resolved_at >= :resolved_start::timestamptz)
AND (:resolved_finish::timestamptz IS NULL OR s.resolved_at < :resolved_finish::timestamptz)
AND (:acknowledged_start::timestamptz IS NULL OR i.acknowledged_at >= :acknowledged_start::timestamptz)
AND (:acknowledged_finish::timestamptz IS NULL OR i.acknowledged_at < :acknowledged_finish::timestamptz)
AND (:waited::interval IS NULL OR i.acknowledged_at - i.opened_at > :waited::interval)
AND (:tools::text[] IS NULL OR EXISTS (
     SELECT FROM alert a
     WHERE a.company_id = s.company_id AND a.incident_id = s.incident_id AND a.source = ANY (:tools::text[])))
AND (:words::text[] IS NULL OR i.number = :number::bigint OR NOT EXISTS (
     SELECT FROM unnest(:words::text[]) AS w (word)
     WHERE position(lower(w.word) IN lower(i.title || ' ' || i.aggregation_key)) = 0 AND NOT EXISTS (
         SELECT FROM alert a
         WHERE a.company_id = s.company_id AND a.incident_id = s.incident_id
           AND position(lower(w.word) IN a.asset_name) > 0)))

-- name: newest
-- The newest incidents that people see of some companies, ids alone; a null filter takes all. The caller's transaction
-- sees the companies. Rides on the primary key of each company, newest id first.
SELECT c.company_id, found.incident_id AS id, 0::smallint AS rank
FROM unnest(:companies::uuid[]) AS c (company_id)
CROSS JOIN LATERAL (
    SELECT s.incident_id
    FROM incident_state s
    LEFT JOIN incident i ON i.company_id = s.company_id AND i.id = s.incident_id
    WHERE s.company_id = c.company_id
      AND s.status = ANY (:statuses::smallint[])
      AND (:before::uuid IS NULL OR s.incident_id < :before::uuid)
      -- with: sifted
    ORDER BY s.incident_id DESC
    LIMIT :limit
) AS found
ORDER BY found.incident_id DESC
LIMIT :limit;

-- name: oldest
-- The same, oldest first.
SELECT c.company_id, found.incident_id AS id, 0::smallint AS rank
FROM unnest(:companies::uuid[]) AS c (company_id)
CROSS JOIN LATERAL (
    SELECT s.incident_id
    FROM incident_state s
    LEFT JOIN incident i ON i.company_id = s.company_id AND i.id = s.incident_id
    WHERE s.company_id = c.company_id
      AND s.status = ANY (:statuses::smallint[])
      AND (:after::uuid IS NULL OR s.incident_id > :after::uuid)
      AND (:before::uuid IS NULL OR s.incident_id < :before::uuid)
      -- with: sifted
    ORDER BY s.incident_id
    LIMIT :limit
) AS found
ORDER BY found.incident_id
LIMIT :limit;

-- name: open_newest
-- The newest of open ones alone. Rides on incident_state_attention, once for each attention and severity: in each of these
-- ranges ids stand in order. (By the primary key open ones may stand behind all that are done.)
SELECT found.company_id, found.incident_id AS id, 0::smallint AS rank
FROM unnest(:attentions::smallint[]) AS p (attention)
CROSS JOIN generate_series(1, 5) AS q (severity)
CROSS JOIN LATERAL (
    SELECT s.company_id, s.incident_id
    FROM incident_state s
    LEFT JOIN incident i ON i.company_id = s.company_id AND i.id = s.incident_id
    WHERE s.company_id = ANY (:companies::uuid[])
      AND s.status = 2
      AND s.attention = p.attention
      AND s.severity = q.severity::smallint
      AND (:after::uuid IS NULL OR s.incident_id > :after::uuid)
      AND (:before::uuid IS NULL OR s.incident_id < :before::uuid)
      -- with: sifted
    ORDER BY s.incident_id DESC
    LIMIT :limit
) AS found
ORDER BY found.incident_id DESC
LIMIT :limit;

-- name: open_oldest
-- The same, oldest first.
SELECT found.company_id, found.incident_id AS id, 0::smallint AS rank
FROM unnest(:attentions::smallint[]) AS p (attention)
CROSS JOIN generate_series(1, 5) AS q (severity)
CROSS JOIN LATERAL (
    SELECT s.company_id, s.incident_id
    FROM incident_state s
    LEFT JOIN incident i ON i.company_id = s.company_id AND i.id = s.incident_id
    WHERE s.company_id = ANY (:companies::uuid[])
      AND s.status = 2
      AND s.attention = p.attention
      AND s.severity = q.severity::smallint
      AND (:after::uuid IS NULL OR s.incident_id > :after::uuid)
      AND (:before::uuid IS NULL OR s.incident_id < :before::uuid)
      -- with: sifted
    ORDER BY s.incident_id
    LIMIT :limit
) AS found
ORDER BY found.incident_id
LIMIT :limit;

-- name: open_by_attention
-- Open ones in the order in which a person looks: worst first, and of one severity the oldest. `rank` is the severity.
-- Rides on incident_state_attention, once for each attention that the wanted groups can have.
SELECT found.company_id, found.incident_id AS id, found.severity AS rank
FROM unnest(:attentions::smallint[]) AS p (attention)
CROSS JOIN LATERAL (
    SELECT s.company_id, s.incident_id, s.severity
    FROM incident_state s
    LEFT JOIN incident i ON i.company_id = s.company_id AND i.id = s.incident_id
    WHERE s.company_id = ANY (:companies::uuid[])
      AND s.status = 2
      AND s.attention = p.attention
      AND (:rank::smallint IS NULL OR s.severity <= :rank::smallint)
      AND (:rank::smallint IS NULL OR s.severity < :rank::smallint OR s.incident_id > :after::uuid)
      -- with: sifted
    ORDER BY s.severity DESC, s.incident_id
    LIMIT :limit
) AS found
ORDER BY found.severity DESC, found.incident_id
LIMIT :limit;

-- name: counts
-- How many open incidents of some companies there are, by group, severity and whose they are (0 nobody's, 1 `me`, 2
-- another's). Rides on incident_state_attention.
SELECT CASE WHEN s.attention > 2 OR s.firing <= 0 THEN 3 ELSE s.attention END AS part, s.severity,
       CASE WHEN s.assignee IS NULL THEN 0 WHEN s.assignee = :me::text THEN 1 ELSE 2 END AS whose, count(*) AS amount
FROM incident_state s
LEFT JOIN incident i ON i.company_id = s.company_id AND i.id = s.incident_id
WHERE s.company_id = ANY (:companies::uuid[])
  AND s.status = 2
  AND s.status = ANY (:statuses::smallint[])
  -- with: sifted
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3
LIMIT 1000;

-- name: count_done$
-- How many incidents of some companies were resolved since a moment. Rides on incident_state_resolved.
SELECT count(*)
FROM incident_state s
LEFT JOIN incident i ON i.company_id = s.company_id AND i.id = s.incident_id
WHERE s.company_id = ANY (:companies::uuid[])
  AND s.status = 3
  AND s.status = ANY (:statuses::smallint[])
  AND s.resolved_at >= :since
  -- with: sifted

-- name: members
-- Tools and assets of each of the given incidents, from its newest alerts. Rides on alert_incident and
-- alert_state_incident.
SELECT wanted.incident_id,
       array_agg(DISTINCT m.source) AS tools,
       array_agg(DISTINCT m.asset) AS assets
FROM unnest(:companies::uuid[], :incident_ids::uuid[]) AS wanted (c, incident_id)
CROSS JOIN LATERAL (
    SELECT a.source, a.asset
    FROM (
        SELECT x.id FROM alert x WHERE x.company_id = wanted.c AND x.incident_id = wanted.incident_id
        UNION
        SELECT y.alert_id FROM alert_state y
        WHERE y.company_id = wanted.c AND y.incident_id = wanted.incident_id AND y.alert_id IS NOT NULL
        ORDER BY 1 DESC
        LIMIT :depth
    ) AS newest
    JOIN alert a ON a.company_id = wanted.c AND a.id = newest.id
    LEFT JOIN alert_state s ON s.company_id = wanted.c AND s.problem = a.problem AND s.alert_id = a.id
    WHERE coalesce(s.incident_id, a.incident_id) = wanted.incident_id
) AS m
GROUP BY wanted.incident_id
ORDER BY wanted.incident_id
LIMIT 1000;

-- name: acts
-- What people and timers did to an incident, newest first. Rides on act_incident.
SELECT c.id, c.at, c.kind, c.actor, c.facts
FROM act c
WHERE c.company_id = :company_id AND c.incident_id = :incident_id
ORDER BY c.seq DESC
LIMIT :limit;

-- name: comments
-- What people wrote to an incident, newest first. Rides on incident_comment_incident.
SELECT c.id, c.at, c.author, c.body
FROM incident_comment c
WHERE c.company_id = :company_id AND c.incident_id = :incident_id
ORDER BY c.id DESC
LIMIT :limit;

-- name: company_of$
-- Which of the given companies an incident belongs to; ids only.
SELECT i.company_id FROM incident i WHERE i.company_id = ANY (:company_ids::uuid[]) AND i.id = :id LIMIT 1;

-- name: of_number^
-- Which of the given companies has the incident of this number, and its id. Rides on incident_number_given.
SELECT i.company_id, i.id FROM incident i WHERE i.company_id = ANY (:company_ids::uuid[]) AND i.number = :number LIMIT 1;
