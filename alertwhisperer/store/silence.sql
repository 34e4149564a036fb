-- name: insert!
-- Checks to begin with; those that are there stay. A stranger cannot fill the table: an integration has so many at most.
INSERT INTO silence_check (company_id, check_id, integration_id, problem, heartbeat, name, mode, interval_s, grace_s,
    severity, state, reason, expected_since, changed_at, told, learned, created_at)
SELECT :company_id, u.check_id, u.integration_id, u.problem, u.heartbeat, u.name, :mode, NULL, :grace_s, :severity,
    :state, :reason, :now, :now, true, '{}', :now
FROM (
    SELECT v.*, row_number() OVER (PARTITION BY v.integration_id ORDER BY v.check_id) AS place
    FROM unnest(:ids::uuid[], :integrations::uuid[], :problems::uuid[], :heartbeats::boolean[], :names::text[])
        v (check_id, integration_id, problem, heartbeat, name)
) u
JOIN integration i ON i.company_id = :company_id AND i.integration_id = u.integration_id
WHERE u.problem IS NULL OR :most >= u.place + (
    SELECT count(*) FROM silence_check s WHERE s.company_id = :company_id AND s.integration_id = u.integration_id)
ON CONFLICT (company_id, check_id) DO NOTHING;

-- name: page
-- A page of the checks of integrations in use, by id; rides on silence_check_pkey.
SELECT s.*, i.name AS integration, i.removed_at IS NULL AS in_use
FROM silence_check s
JOIN integration i ON i.company_id = :company_id AND i.integration_id = s.integration_id
WHERE s.company_id = :company_id AND i.removed_at IS NULL AND (:before::uuid IS NULL OR s.check_id < :before)
ORDER BY s.check_id DESC
LIMIT :limit;

-- name: silent_among
-- What is silent in several companies; there are as many checks as integrations, so they are all looked at. Rides on
-- silence_check_pkey.
SELECT s.*, i.name AS integration, true AS in_use
FROM silence_check s
JOIN integration i ON i.company_id = s.company_id AND i.integration_id = s.integration_id
WHERE s.company_id = ANY (:companies::uuid[]) AND s.state = 'silent' AND i.removed_at IS NULL
ORDER BY s.quiet_since, s.check_id
LIMIT :limit;

-- name: read^
-- One check.
SELECT s.*, i.name AS integration, i.removed_at IS NULL AS in_use
FROM silence_check s
JOIN integration i ON i.company_id = :company_id AND i.integration_id = s.integration_id
WHERE s.company_id = :company_id AND s.check_id = :check_id;

-- name: lock
-- Several checks, kept from other writers until the transaction ends; in order, so that two never wait for each other.
SELECT s.*, i.name AS integration, i.removed_at IS NULL AS in_use
FROM silence_check s
JOIN integration i ON i.company_id = :company_id AND i.integration_id = s.integration_id
WHERE s.company_id = :company_id AND s.check_id = ANY (:ids::uuid[])
ORDER BY s.check_id
LIMIT 10000
FOR UPDATE OF s;

-- name: try_lock^
-- One check; nothing when somebody else has it, since who holds due work must not wait for who makes it due.
SELECT s.*, i.name AS integration, i.removed_at IS NULL AS in_use
FROM silence_check s
JOIN integration i ON i.company_id = :company_id AND i.integration_id = s.integration_id
WHERE s.company_id = :company_id AND s.check_id = :check_id
FOR UPDATE OF s SKIP LOCKED;

-- name: save!
-- Write a check as it stands.
UPDATE silence_check
SET mode = :mode, interval_s = :interval_s, grace_s = :grace_s, severity = :severity, state = :state, reason = :reason,
    heard_at = :heard_at, expected_since = :expected_since, quiet_since = :quiet_since, changed_at = :changed_at,
    episode = :episode, told = :told, learned = :learned
WHERE company_id = :company_id AND check_id = :check_id;

-- name: mark_told!
-- Our alert says what the check says, unless the check has changed since; an ended episode is over then.
UPDATE silence_check
SET told = true, episode = CASE WHEN state = 'silent' THEN episode END
WHERE company_id = :company_id AND check_id = :check_id AND changed_at = :changed_at;

-- name: wake!
-- Look at all checks of an integration.
INSERT INTO due_work (company_id, kind, subject, due_at)
SELECT s.company_id, 'silence', s.check_id, :now
FROM silence_check s
WHERE s.company_id = :company_id AND s.integration_id = :integration_id
ON CONFLICT (company_id, kind, subject) DO UPDATE SET due_at = EXCLUDED.due_at, attempts = 0;

-- name: last_delivery$
-- When an integration was last heard, by what was stored at or after a moment; rides on the primary key.
SELECT d.received_at
FROM delivery d
WHERE d.company_id = :company_id AND d.id >= :floor AND d.integration_id = :integration_id
ORDER BY d.id DESC
LIMIT 1;

-- name: last_occurrence$
-- When a heartbeat was last heard, likewise.
SELECT o.received_at
FROM occurrence o
WHERE o.company_id = :company_id AND o.id >= :floor AND o.integration_id = :integration_id AND o.problem = :problem
ORDER BY o.id DESC
LIMIT 1;

-- name: beat!
-- A server process listens; after a gap of more than so many seconds, it has listened since now only.
INSERT INTO uptime AS u (one, listening_since, seen_at) VALUES (true, :now, :now)
ON CONFLICT (one) DO UPDATE
SET listening_since = CASE
        WHEN EXCLUDED.seen_at - u.seen_at > make_interval(secs => :deaf_after_s::float8) THEN EXCLUDED.seen_at
        ELSE u.listening_since
    END,
    seen_at = greatest(u.seen_at, EXCLUDED.seen_at);

-- name: listening^
-- Since when this installation listens.
SELECT listening_since, seen_at FROM uptime;
