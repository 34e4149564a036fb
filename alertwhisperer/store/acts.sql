-- name: lock_alerts
-- The problems whose alerts belong to these incidents, locked in the batches' order (rides on alert_state_incident).
SELECT problem, alert_id, incident_id, status, severity, pinned, count, cycle, started_at, ended_at, last_seen_at, content
FROM alert_state
WHERE company_id = :company_id AND incident_id = ANY (:incidents::uuid[])
ORDER BY problem
FOR NO KEY UPDATE;

-- name: lock_incidents
-- The incidents' moving parts, locked in the batches' order (rides on the primary key).
SELECT incident_id, status, severity, is_current, by_person, fixed_window, window_s, hold_s, reopen_s, life_s,
       least_count, firing, alerts, occurrences, began_at, opened_at, activity_at, resolved_at
FROM incident_state
WHERE company_id = :company_id AND incident_id = ANY (:incidents::uuid[])
ORDER BY incident_id
FOR NO KEY UPDATE;

-- name: count_alerts$
-- How many problems belong to these incidents now; more than were locked means that one joined meanwhile.
SELECT count(*) FROM alert_state WHERE company_id = :company_id AND incident_id = ANY (:incidents::uuid[]);

-- name: next_seq$
-- The number of this act among batches and acts; taken under the locks.
SELECT nextval('batch_seq');

-- name: insert_act!
-- An input of the replay that is not an occurrence.
INSERT INTO act (company_id, id, seq, at, kind, actor, incident_id, facts)
VALUES (:company_id, :id, :seq, :at, :kind, :actor, :incident_id, :facts);

-- name: save_incident!
-- The moving parts as they are now.
UPDATE incident_state
SET status = :status, severity = :severity, is_current = :is_current, by_person = :by_person, firing = :firing,
    alerts = :alerts, occurrences = :occurrences, activity_at = :activity_at, resolved_at = :resolved_at
WHERE company_id = :company_id AND incident_id = :incident_id;

-- name: insert_incident_state!
-- The moving parts of an incident that a person split off.
INSERT INTO incident_state (company_id, incident_id, status, severity, is_current, by_person, fixed_window, window_s,
                            hold_s, reopen_s, life_s, least_count, firing, alerts, occurrences, began_at, opened_at,
                            activity_at, resolved_at, attention, assignee)
SELECT i.company_id, i.id, :status::smallint, :severity::smallint, :is_current::boolean, :by_person::boolean,
       :fixed_window::boolean, :window_s::integer, :hold_s::integer, :reopen_s::integer, :life_s::integer,
       :least_count::integer, :firing::integer, :alerts::integer, :occurrences::integer, :began_at::timestamptz,
       :opened_at::timestamptz, :activity_at::timestamptz, :resolved_at::timestamptz,
       CASE WHEN i.acknowledged_at IS NULL THEN 1 ELSE 2 END, i.assignee
FROM incident i WHERE i.company_id = :company_id AND i.id = :incident_id;

-- name: insert_split!
-- The incident that a person split off, for people: rule and key are those of the one it came from.
INSERT INTO incident (company_id, id, title, rule_id, rule_name, rules_version, aggregation_key, opened_at, split_from,
                      acknowledged_at, acknowledged_by, assignee)
SELECT company_id, :id, :title, rule_id, rule_name, rules_version, aggregation_key, :opened_at, id, acknowledged_at,
       acknowledged_by, assignee
FROM incident WHERE company_id = :company_id AND id = :incident_id;

-- name: move_states!
-- Problems that a person moved to another incident; pinned, so that later cycles follow.
UPDATE alert_state SET incident_id = :incident_id, pinned = true
WHERE company_id = :company_id AND problem = ANY (:problems::uuid[]);

-- name: move_alerts!
-- The alerts that a person moved.
UPDATE alert SET incident_id = :incident_id WHERE company_id = :company_id AND id = ANY (:alerts::uuid[]);

-- name: move_all_alerts!
-- All alerts of merged incidents, earlier cycles too (rides on alert_incident).
UPDATE alert SET incident_id = :incident_id WHERE company_id = :company_id AND incident_id = ANY (:others::uuid[]);

-- name: move_keys!
-- Correlation keys of merged incidents (rides on correlation_key_incident).
UPDATE correlation_key SET incident_id = :incident_id
WHERE company_id = :company_id AND incident_id = ANY (:others::uuid[]);

-- name: move_promises!
-- What was promised about merged incidents (rides on promise_incident).
UPDATE promise SET incident_id = :incident_id
WHERE company_id = :company_id AND incident_id = ANY (:others::uuid[]);

-- name: mark_merged!
-- Where the merged incidents went; what went sleeps no more.
UPDATE incident SET merged_into = :incident_id, snoozed_by = NULL, snoozed_at = NULL, snoozed_until = NULL,
    snoozed_severity = NULL
WHERE company_id = :company_id AND id = ANY (:others::uuid[]);

-- name: mark_resolved!
-- Who resolved it; what is over sleeps no more.
UPDATE incident SET resolved_by = :actor, snoozed_by = NULL, snoozed_at = NULL, snoozed_until = NULL,
    snoozed_severity = NULL
WHERE company_id = :company_id AND id = :incident_id;

-- name: mark_acknowledged!
-- The first acknowledgement stands.
UPDATE incident SET acknowledged_at = coalesce(acknowledged_at, :now), acknowledged_by = coalesce(acknowledged_by, :actor)
WHERE company_id = :company_id AND id = :incident_id;

-- name: mark_unacknowledged!
-- Nobody has taken it.
UPDATE incident SET acknowledged_at = NULL, acknowledged_by = NULL WHERE company_id = :company_id AND id = :incident_id;

-- name: mark_snoozed!
-- It keeps quiet until a moment, or until it clears; worse than it is now ends that as well.
UPDATE incident
SET snoozed_by = :actor, snoozed_at = :now, snoozed_until = :until, snoozed_severity = :severity
WHERE company_id = :company_id AND id = :incident_id;

-- name: mark_awake!
-- It keeps quiet no more.
UPDATE incident SET snoozed_by = NULL, snoozed_at = NULL, snoozed_until = NULL, snoozed_severity = NULL
WHERE company_id = :company_id AND id = :incident_id;

-- name: said^
-- What people said of an incident that is under lock.
SELECT i.acknowledged_at, i.snoozed_by, i.snoozed_at, i.snoozed_until, i.snoozed_severity, s.attention
FROM incident i
JOIN incident_state s ON s.company_id = :company_id AND s.incident_id = i.id
WHERE i.company_id = :company_id AND i.id = :incident_id;

-- name: assign!
-- Who works on it.
UPDATE incident SET assignee = :assignee WHERE company_id = :company_id AND id = :incident_id;

-- name: assign_many!
-- Who works on several.
UPDATE incident SET assignee = :assignee WHERE company_id = :company_id AND id = ANY (:incidents::uuid[]);

-- name: insert_acts!
-- The same act on several incidents, each an input of the replay.
INSERT INTO act (company_id, id, seq, at, kind, actor, incident_id, facts)
SELECT :company_id, u.id, nextval('batch_seq'), :at, :kind, :actor, u.incident_id, :facts
FROM unnest(:ids::uuid[], :incidents::uuid[]) AS u (id, incident_id);

-- name: assignees
-- Whose incidents are, of those that the transaction holds (rides on the primary key).
SELECT id, assignee FROM incident WHERE company_id = :company_id AND id = ANY (:incidents::uuid[]) ORDER BY id LIMIT 10000;

-- name: insert_comment!
-- What a person said.
INSERT INTO incident_comment (company_id, id, incident_id, at, author, body)
VALUES (:company_id, :id, :incident_id, :now, :author, :body);

-- name: alerts_of
-- The alerts of an incident that were named, with their titles' parts and counts (rides on the primary key).
SELECT id, problem, asset, signature, count, severity
FROM alert
WHERE company_id = :company_id AND incident_id = :incident_id AND id = ANY (:alerts::uuid[])
ORDER BY id
LIMIT 10000;

-- name: count_incident_alerts$
-- How many alerts an incident has (rides on alert_incident).
SELECT count(*) FROM alert WHERE company_id = :company_id AND incident_id = :incident_id;
