-- name: insert!
-- A report is asked for.
INSERT INTO report (company_id, report_id, period, starts_at, ends_at, time_zone, format, sections, schedule_id, asked_by,
    asked_at, state)
VALUES (:company_id, :report_id, :period, :starts_at, :ends_at, :time_zone, :format, :sections::text[], :schedule_id,
    :asked_by, :asked_at, 'queued');

-- name: read^
-- One report without its file.
SELECT r.report_id AS id, r.period, r.starts_at, r.ends_at, r.time_zone, r.format, r.sections, r.schedule_id, r.asked_by,
    r.asked_at, r.state, r.problem, r.settled_at, r.size, r.sha256
FROM report r
WHERE r.company_id = :company_id AND r.report_id = :report_id;

-- name: page
-- A page of the reports, newest first; rides on report_pkey.
SELECT r.report_id AS id, r.period, r.starts_at, r.ends_at, r.time_zone, r.format, r.sections, r.schedule_id, r.asked_by,
    r.asked_at, r.state, r.problem, r.settled_at, r.size, r.sha256
FROM report r
WHERE r.company_id = :company_id AND (:before::uuid IS NULL OR r.report_id < :before::uuid)
ORDER BY r.report_id DESC
LIMIT :limit;

-- name: held^
-- How many reports people asked for that are kept, and how many of all wait; ids and words alone are read.
SELECT count(*) FILTER (WHERE r.schedule_id IS NULL) AS asked, count(*) FILTER (WHERE r.state = 'queued') AS waiting
FROM report r
WHERE r.company_id = :company_id;

-- name: select_body$
-- The file of a report; null when it is not made.
SELECT r.body FROM report r WHERE r.company_id = :company_id AND r.report_id = :report_id;

-- name: save_made$
-- The file is made; nothing when another made it first, or it was removed meanwhile.
UPDATE report r
SET state = 'made', settled_at = :settled_at, size = length(:body::bytea), sha256 = :digest, body = :body::bytea
WHERE r.company_id = :company_id AND r.report_id = :report_id AND r.state = 'queued'
RETURNING r.report_id;

-- name: save_failed$
-- It cannot be made; nothing when it was made or removed meanwhile.
UPDATE report r SET state = 'failed', settled_at = :settled_at, problem = :problem
WHERE r.company_id = :company_id AND r.report_id = :report_id AND r.state = 'queued'
RETURNING r.report_id;

-- name: remove$
-- A report is removed with its file.
DELETE FROM report r WHERE r.company_id = :company_id AND r.report_id = :report_id RETURNING r.format;

-- name: remove_before$
-- Reports past their retention are removed; ids of before that moment are one range of report_pkey.
WITH gone AS (DELETE FROM report r WHERE r.company_id = :company_id AND r.report_id < :floor RETURNING r.report_id)
SELECT count(*) FROM gone;

-- name: insert_schedule!
-- A schedule is added.
INSERT INTO report_schedule (company_id, schedule_id, name, every, day, hour, time_zone, formats, sections, created_by,
    created_at, next_at)
VALUES (:company_id, :schedule_id, :name, :every, :day, :hour, :time_zone, :formats::text[], :sections::text[], :created_by,
    :created_at, :next_at);

-- name: update_schedule!
-- What a schedule is now.
UPDATE report_schedule s
SET name = :name, every = :every, day = :day, hour = :hour, time_zone = :time_zone, formats = :formats::text[],
    sections = :sections::text[], next_at = :next_at, last_at = :last_at
WHERE s.company_id = :company_id AND s.schedule_id = :schedule_id;

-- name: schedules
-- All schedules of the company, which are few, newest first.
SELECT s.schedule_id AS id, s.name, s.every, s.day, s.hour, s.time_zone, s.formats, s.sections, s.created_by, s.created_at,
    s.next_at, s.last_at
FROM report_schedule s
WHERE s.company_id = :company_id
ORDER BY s.schedule_id DESC
LIMIT 100;

-- name: lock_schedule^
-- One schedule, kept from other writers until the transaction ends.
SELECT s.schedule_id AS id, s.name, s.every, s.day, s.hour, s.time_zone, s.formats, s.sections, s.created_by, s.created_at,
    s.next_at, s.last_at
FROM report_schedule s
WHERE s.company_id = :company_id AND s.schedule_id = :schedule_id
FOR NO KEY UPDATE;

-- name: remove_schedule!
-- A schedule is removed; what it asked for stays.
DELETE FROM report_schedule s WHERE s.company_id = :company_id AND s.schedule_id = :schedule_id;

-- name: read_baseline^
-- What figures are compared with.
SELECT b.kind, b.starts_at, b.ends_at, b.figures, b.alerts, b.incidents, b.set_by, b.set_at
FROM baseline b
WHERE b.company_id = :company_id;

-- name: put_baseline!
-- What figures are compared with from now on.
INSERT INTO baseline AS b (company_id, kind, starts_at, ends_at, figures, alerts, incidents, set_by, set_at)
VALUES (:company_id, :kind, :starts_at, :ends_at, :figures::jsonb, :alerts, :incidents, :set_by, :set_at)
ON CONFLICT (company_id) DO UPDATE
SET kind = EXCLUDED.kind, starts_at = EXCLUDED.starts_at, ends_at = EXCLUDED.ends_at, figures = EXCLUDED.figures,
    alerts = EXCLUDED.alerts, incidents = EXCLUDED.incidents, set_by = EXCLUDED.set_by, set_at = EXCLUDED.set_at;

-- name: remove_baseline$
-- Figures are compared with nothing any more.
DELETE FROM baseline b WHERE b.company_id = :company_id RETURNING b.kind;

-- name: first_heard$
-- When the company's tools first sent anything; rides on ledger_count_at.
SELECT x.at FROM ledger_count x WHERE x.company_id = :company_id ORDER BY x.at LIMIT 1;

-- name: severities
-- Incidents opened in a period by how bad they became, and how many of these are open now. Rides on incident_opened.
SELECT s.severity, count(*) AS opened, count(*) FILTER (WHERE s.status = 2) AS still_open
FROM incident i
JOIN incident_state s ON s.company_id = :company_id AND s.incident_id = i.id
WHERE i.company_id = :company_id AND i.opened_at >= :start AND i.opened_at < :finish AND s.status IN (2, 3)
GROUP BY s.severity
ORDER BY s.severity DESC
LIMIT 10;

-- name: incidents
-- Incidents that a figure of the period counts: opened, acknowledged or resolved in it; the worst first. Rides on
-- incident_opened, incident_acknowledged and incident_state_resolved.
WITH counted AS (
    SELECT i.id FROM incident i
    WHERE i.company_id = :company_id AND i.opened_at >= :start AND i.opened_at < :finish
    UNION
    SELECT i.id FROM incident i
    WHERE i.company_id = :company_id AND i.acknowledged_at >= :start AND i.acknowledged_at < :finish
    UNION
    SELECT s.incident_id FROM incident_state s
    WHERE s.company_id = :company_id AND s.resolved_at >= :start AND s.resolved_at < :finish AND s.status = 3
)
SELECT i.id, i.number, i.title, i.opened_at, i.acknowledged_at, s.resolved_at, s.severity, s.status, s.alerts, s.occurrences,
    count(*) OVER () AS whole
FROM counted c
JOIN incident i ON i.company_id = :company_id AND i.id = c.id
JOIN incident_state s ON s.company_id = :company_id AND s.incident_id = i.id
WHERE s.status IN (2, 3)
ORDER BY s.severity DESC, i.opened_at, i.id
LIMIT :limit;

-- name: checks
-- Which checks made the most alerts: of alerts that began in the period, with their repeats. Rides on the primary key, as
-- ids follow time.
SELECT a.signature, a.asset, a.source,
    sum(CASE WHEN s.alert_id IS NULL THEN a.count ELSE s.count END)::bigint AS alerts,
    count(*) AS times,
    count(DISTINCT CASE WHEN s.incident_id IS NULL THEN a.incident_id ELSE s.incident_id END) AS incidents,
    (sum(sum(CASE WHEN s.alert_id IS NULL THEN a.count ELSE s.count END)) OVER ())::bigint AS whole
FROM alert a
LEFT JOIN alert_state s ON s.company_id = :company_id AND s.problem = a.problem AND s.alert_id = a.id
WHERE a.company_id = :company_id AND a.id >= :floor AND a.id < :past
  AND a.first_seen_at >= :start AND a.first_seen_at < :finish
GROUP BY a.signature, a.asset, a.source
ORDER BY alerts DESC, a.signature, a.asset, a.source
LIMIT :limit;
