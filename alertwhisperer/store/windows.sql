-- name: insert!
-- Keep a window.
INSERT INTO maintenance_window (company_id, window_id, name, reason, sites, assets, signatures, time_zone, recurrence, made_by,
                                made_at)
VALUES (:company_id, :id, :name, :reason, :sites::uuid[], :assets::uuid[], :signatures::text[], :time_zone, :recurrence,
        :made_by, :made_at);

-- name: insert_spans!
-- Its times.
INSERT INTO maintenance_span (company_id, window_id, starts_at, ends_at)
SELECT :company_id::uuid, :id::uuid, u.starts_at, u.ends_at
FROM unnest(:starts::timestamptz[], :finishes::timestamptz[]) AS u (starts_at, ends_at);

-- name: to_come
-- Times that have not ended by a moment, or, with `running`, that hold at it. Rides on maintenance_span_end.
SELECT p.window_id, p.starts_at, p.ends_at
FROM maintenance_span p
WHERE p.company_id = :company_id AND p.ends_at > :now AND (NOT :running OR p.starts_at <= :now)
ORDER BY p.window_id, p.starts_at
LIMIT :limit;

-- name: running_among
-- Windows of several companies that hold at a moment, the first to end first. The caller's transaction sees the companies.
-- Rides on maintenance_span_end and the primary key.
SELECT w.company_id, w.window_id AS id, w.name, w.sites, w.assets, w.signatures, p.ends_at
FROM maintenance_span p
JOIN maintenance_window w ON w.company_id = p.company_id AND w.window_id = p.window_id
WHERE p.company_id = ANY (:companies::uuid[]) AND p.ends_at > :now AND p.starts_at <= :now
ORDER BY p.ends_at, w.company_id, w.window_id
LIMIT :limit;

-- name: placed_among
-- Names of the assets that windows of several companies name, or that are at their sites; rides on the primary key and on
-- asset_site.
SELECT a.company_id, a.asset_id, a.site_id, a.name
FROM asset a
WHERE a.company_id = ANY (:companies::uuid[]) AND (a.asset_id = ANY (:assets::uuid[]) OR a.site_id = ANY (:sites::uuid[]))
ORDER BY a.company_id, a.name, a.asset_id
LIMIT :limit;

-- name: among
-- Windows by their ids, newest first.
SELECT w.window_id AS id, w.name, w.reason, w.sites, w.assets, w.signatures, w.time_zone, w.recurrence, w.made_by, w.made_at,
       w.ended_at, w.ended_by
FROM maintenance_window w
WHERE w.company_id = :company_id AND w.window_id = ANY (:ids::uuid[])
ORDER BY w.window_id DESC
LIMIT :limit;

-- name: placed
-- Assets by their ids, and those at some sites; rides on the primary key and on asset_site.
SELECT a.asset_id, a.site_id, a.merged_into
FROM asset a
WHERE a.company_id = :company_id AND (a.asset_id = ANY (:assets::uuid[]) OR a.site_id = ANY (:sites::uuid[]))
ORDER BY a.asset_id
LIMIT :limit;

-- name: own_names
-- Own names of assets, canonical; rides on asset_name_asset.
SELECT n.asset_id, n.name
FROM asset_name n
WHERE n.company_id = :company_id AND n.origin = 'own' AND n.asset_id = ANY (:assets::uuid[])
ORDER BY n.name
LIMIT :limit;

-- name: page
-- A page of windows, newest first; rides on the primary key.
SELECT w.window_id AS id, w.name, w.reason, w.sites, w.assets, w.signatures, w.time_zone, w.recurrence, w.made_by, w.made_at,
       w.ended_at, w.ended_by
FROM maintenance_window w
WHERE w.company_id = :company_id AND (:before::uuid IS NULL OR w.window_id < :before::uuid)
ORDER BY w.window_id DESC
LIMIT :limit;

-- name: in_phase
-- Ids of the windows that are in a phase at a moment, newest first; rides on the primary key.
SELECT p.window_id
FROM maintenance_span p
WHERE p.company_id = :company_id AND (:before::uuid IS NULL OR p.window_id < :before::uuid)
GROUP BY p.window_id
HAVING :phase = CASE WHEN bool_or(p.starts_at <= :now AND p.ends_at > :now) THEN 'running'
                     WHEN bool_or(p.starts_at > :now) THEN 'coming' ELSE 'past' END
ORDER BY p.window_id DESC
LIMIT :limit;

-- name: read^
-- One window.
SELECT w.window_id AS id, w.name, w.reason, w.sites, w.assets, w.signatures, w.time_zone, w.recurrence, w.made_by, w.made_at,
       w.ended_at, w.ended_by
FROM maintenance_window w
WHERE w.company_id = :company_id AND w.window_id = :id;

-- name: lock^
-- One window, kept from other writers until the transaction ends.
SELECT w.window_id AS id, w.name, w.reason, w.sites, w.assets, w.signatures, w.time_zone, w.recurrence, w.made_by, w.made_at,
       w.ended_at, w.ended_by
FROM maintenance_window w
WHERE w.company_id = :company_id AND w.window_id = :id
FOR NO KEY UPDATE;

-- name: spans
-- The times of some windows, in order; rides on the primary key.
SELECT p.window_id, p.starts_at, p.ends_at, p.settled_at, p.suppressed, p.criticals, p.firing, p.opened
FROM maintenance_span p
WHERE p.company_id = :company_id AND p.window_id = ANY (:ids::uuid[])
ORDER BY p.window_id, p.starts_at
LIMIT :limit;

-- name: count_live$
-- How many windows are not over.
SELECT count(DISTINCT p.window_id) FROM maintenance_span p WHERE p.company_id = :company_id AND p.ends_at > :now;

-- name: move_end!
-- A time ends at another moment.
UPDATE maintenance_span SET ends_at = :ends_at
WHERE company_id = :company_id AND window_id = :id AND starts_at = :starts_at;

-- name: drop_coming!
-- Times that have not begun are no more.
DELETE FROM maintenance_span WHERE company_id = :company_id AND window_id = :id AND starts_at >= :now;

-- name: mark_ended!
-- Somebody ended it for good.
UPDATE maintenance_window SET ended_at = :now, ended_by = :actor WHERE company_id = :company_id AND window_id = :id;

-- name: tally^
-- What a window held back from a moment on, to the next time of it: alerts, critical ones, those that still fire, and the
-- incidents that opened. Rides on suppression_window, alert_state_firing and the primary key of incident.
SELECT count(*) AS suppressed, count(*) FILTER (WHERE u.severity = 5) AS criticals, count(s.alert_id) AS firing,
       count(DISTINCT i.id) AS opened
FROM suppression u
LEFT JOIN alert_state s ON s.company_id = :company_id AND s.alert_id = u.alert_id AND s.status = 1
LEFT JOIN incident i ON i.company_id = :company_id AND i.id = u.incident_id
WHERE u.company_id = :company_id AND u.window_id = :id AND u.received_at >= :starts_at
  AND (:next_at::timestamptz IS NULL OR u.received_at < :next_at::timestamptz);

-- name: settle^
-- Write what came of a time that is over, once.
UPDATE maintenance_span
SET settled_at = :now, suppressed = :suppressed, criticals = :criticals, firing = :firing, opened = :opened
WHERE company_id = :company_id AND window_id = :id AND starts_at = :starts_at AND settled_at IS NULL
RETURNING starts_at, ends_at, settled_at, suppressed, criticals, firing, opened;

-- name: held_back
-- Incidents that a window held back since a moment; rides on suppression_window.
SELECT DISTINCT u.incident_id
FROM suppression u
WHERE u.company_id = :company_id AND u.window_id = :id AND u.received_at >= :starts_at
ORDER BY u.incident_id
LIMIT :limit;

-- name: firing
-- What still fires of an incident that is held back, worst first. Rides on alert_state_incident and the primary key of alert.
SELECT a.asset, a.asset_name, a.signature, s.severity
FROM alert_state s
JOIN alert a ON a.company_id = :company_id AND a.id = s.alert_id
WHERE s.company_id = :company_id AND s.incident_id = :incident_id AND s.status = 1
ORDER BY s.severity DESC, a.id
LIMIT :limit;

-- name: open_held!
-- The incident that a window held back, for people: rule and key are those by which it was held. Rides on
-- suppression_incident.
INSERT INTO incident (company_id, id, title, rule_id, rule_name, rules_version, aggregation_key, opened_at)
SELECT u.company_id, u.incident_id, :title, u.rule_id, u.rule_name, u.rules_version, u.aggregation_key, :opened_at
FROM suppression u
WHERE u.company_id = :company_id AND u.incident_id = :incident_id
ORDER BY u.id
LIMIT 1;

-- name: save_released!
-- Its moving parts.
UPDATE incident_state SET status = :status, opened_at = :opened_at, activity_at = :activity_at
WHERE company_id = :company_id AND incident_id = :incident_id;

-- name: suppressed
-- Alerts that were held back in a range of time, newest first, those of one window or of all; `opened` where their incident
-- opened after all. Rides on suppression_received and suppression_window.
SELECT u.id, u.window_id, w.name AS window_name, u.alert_id, i.id AS incident_id, u.severity, u.asset, u.signature,
       u.received_at
FROM suppression u
JOIN maintenance_window w ON w.company_id = :company_id AND w.window_id = u.window_id
LEFT JOIN incident i ON i.company_id = :company_id AND i.id = u.incident_id
WHERE u.company_id = :company_id AND (:window_id::uuid IS NULL OR u.window_id = :window_id::uuid)
  AND (:start::timestamptz IS NULL OR u.received_at >= :start::timestamptz)
  AND (:finish::timestamptz IS NULL OR u.received_at < :finish::timestamptz)
  AND (:before::uuid IS NULL OR u.id < :before::uuid)
ORDER BY u.id DESC
LIMIT :limit;

-- name: last_hidden
-- When some windows last held something back; rides on suppression_window, backwards.
SELECT x.id AS window_id, (
    SELECT u.received_at FROM suppression u
    WHERE u.company_id = :company_id AND u.window_id = x.id
    ORDER BY u.received_at DESC
    LIMIT 1
) AS at
FROM unnest(:ids::uuid[]) AS x (id)
ORDER BY x.id
LIMIT 1000;

-- name: seen
-- Alerts of the last days, newest first and only so many, each with its asset's own name and when its incident opened; for
-- a preview. Rides on the primary key of alert.
SELECT a.id, a.asset, a.signature, a.severity, a.first_seen_at, a.incident_id, i.opened_at, i.title,
       coalesce(o.name, a.asset_name) AS own_name
FROM (
    SELECT x.id, x.asset, x.asset_name, x.signature, x.severity, x.first_seen_at, x.incident_id
    FROM alert x
    WHERE x.company_id = :company_id AND x.id >= :floor::uuid
    ORDER BY x.id DESC
    LIMIT :limit
) AS a
LEFT JOIN asset_name n ON n.company_id = :company_id AND n.name = a.asset_name
LEFT JOIN asset_name o ON o.company_id = :company_id AND o.asset_id = n.asset_id AND o.origin = 'own'
LEFT JOIN incident i ON i.company_id = :company_id AND i.id = a.incident_id
ORDER BY a.id DESC;
