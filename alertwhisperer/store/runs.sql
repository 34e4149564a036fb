-- name: insert!
-- A run is planned.
INSERT INTO run (company_id, run_id, approval_id, incident_id, runbook, version, title, risk, shell, by_itself, signature,
    at_once, stop_at_failed_pct, state, reason, requested_by, requested_at)
VALUES (:company_id, :run_id, :approval_id, :incident_id, :runbook, :version, :title, :risk, :shell, :by_itself,
    :signature, :at_once, :stop_at_failed_pct, :state, :reason, :requested_by, :requested_at);

-- name: insert_targets!
-- On what; refused by run_target_busy where the same runbook is under way on one of them.
INSERT INTO run_target (company_id, run_id, place, asset_id, name, runbook, state, reason, changed_at)
SELECT :company_id::uuid, :run_id::uuid, u.place, u.asset_id, u.name, :runbook, :state, :reason, :at
FROM unnest(:places::smallint[], :asset_ids::uuid[], :names::text[]) AS u (place, asset_id, name);

-- name: read^
-- One run.
SELECT r.* FROM run r WHERE r.company_id = :company_id AND r.run_id = :run_id;

-- name: of_approval$
-- The run of an approval; rides on run_company_id_approval_id_key.
SELECT r.run_id FROM run r WHERE r.company_id = :company_id AND r.approval_id = :approval_id;

-- name: lock^
-- One run, kept from other writers until the transaction ends: targets, acts and steps are written under it alone.
SELECT r.* FROM run r WHERE r.company_id = :company_id AND r.run_id = :run_id FOR NO KEY UPDATE;

-- name: page
-- A page of runs, newest first; rides on run_pkey, and on run_incident where an incident is asked for.
SELECT r.* FROM run r
WHERE r.company_id = :company_id AND (:before::uuid IS NULL OR r.run_id < :before::uuid)
    AND (:floor::uuid IS NULL OR r.run_id >= :floor::uuid)
    AND (:since::timestamptz IS NULL OR r.requested_at >= :since::timestamptz)
    AND (:state::text IS NULL OR r.state = :state::text)
    AND (:runbook::text IS NULL OR r.runbook = :runbook::text)
    AND (:incident_id::uuid IS NULL OR r.incident_id = :incident_id::uuid)
ORDER BY r.run_id DESC
LIMIT :limit;

-- name: among
-- Runs by their ids, newest first; rides on run_pkey.
SELECT r.* FROM run r
WHERE r.company_id = :company_id AND r.run_id = ANY (:run_ids::uuid[])
ORDER BY r.run_id DESC
LIMIT :limit;

-- name: company_of$
-- Which of some companies a run is of.
SELECT r.company_id FROM run r
WHERE r.company_id = ANY (:companies::uuid[]) AND r.run_id = :run_id
ORDER BY r.company_id LIMIT 1;

-- name: targets_of
-- On what some runs act, in the order of their plans; rides on run_target_pkey.
SELECT t.run_id, t.place, t.asset_id, t.name, t.state, t.reason, t.changed_at, t.said
FROM run_target t
WHERE t.company_id = :company_id AND t.run_id = ANY (:run_ids::uuid[])
ORDER BY t.run_id, t.place
LIMIT :limit;

-- name: take$
-- Somebody takes a run in hand: whoever had it before may write nothing more.
UPDATE run SET fence = fence + 1 WHERE company_id = :company_id AND run_id = :run_id RETURNING fence;

-- name: move_run!
-- Where a run stands.
UPDATE run
SET state = :state, reason = :reason, started_at = coalesce(started_at, :started_at), ended_at = :ended_at
WHERE company_id = :company_id AND run_id = :run_id;

-- name: cancel!
-- Somebody wants it to end; the first one stands.
UPDATE run SET cancelled_by = :actor WHERE company_id = :company_id AND run_id = :run_id AND cancelled_by = '';

-- name: move_target!
-- Where a run stands on one target.
UPDATE run_target SET state = :state, reason = :reason, said = :said, changed_at = :at
WHERE company_id = :company_id AND run_id = :run_id AND place = :place;

-- name: insert_step!
-- A transition.
INSERT INTO run_step (company_id, step_id, run_id, asset_id, incident_id, at, before, after, reason, actor, said, act_id)
VALUES (:company_id, :step_id, :run_id, :asset_id, :incident_id, :at, :before, :after, :reason, :actor, :said, :act_id);

-- name: steps_of
-- Transitions of a run, the earliest first; rides on run_step_run.
SELECT s.* FROM run_step s
WHERE s.company_id = :company_id AND s.run_id = :run_id
ORDER BY s.number
LIMIT :limit;

-- name: steps_of_incident
-- Transitions of an incident's runs with the ends of their scripts' outputs, the earliest first; rides on
-- run_step_incident.
SELECT s.*, r.title, r.runbook, t.name, a.phase, a.exit_code,
    substr(a.stdout, greatest(length(a.stdout) - :most + 1, 1)) AS stdout,
    substr(a.stderr, greatest(length(a.stderr) - :most + 1, 1)) AS stderr
FROM run_step s
JOIN run r ON r.company_id = :company_id AND r.run_id = s.run_id
LEFT JOIN run_target t ON t.company_id = :company_id AND t.run_id = s.run_id AND t.asset_id = s.asset_id
LEFT JOIN run_act a ON a.company_id = :company_id AND a.act_id = s.act_id
WHERE s.company_id = :company_id AND s.incident_id = :incident_id
ORDER BY s.number
LIMIT :limit;

-- name: insert_act!
-- A script is about to be sent.
INSERT INTO run_act (company_id, act_id, run_id, asset_id, phase, begun_at)
VALUES (:company_id, :act_id, :run_id, :asset_id, :phase, :begun_at);

-- name: settle_act!
-- What came of it.
UPDATE run_act
SET ending = :ending, exit_code = :exit_code, said = :said, stdout = :stdout, stderr = :stderr, cut = :cut,
    reference = :reference, link = :link, started_at = :started_at, ended_at = :ended_at, settled_at = :settled_at
WHERE company_id = :company_id AND act_id = :act_id;

-- name: insert_snapshot!
-- What an undo would be given.
INSERT INTO run_snapshot (company_id, run_id, asset_id, content) VALUES (:company_id, :run_id, :asset_id, :content);

-- name: snapshot$
-- The same, for the undo.
SELECT s.content FROM run_snapshot s
WHERE s.company_id = :company_id AND s.run_id = :run_id AND s.asset_id = :asset_id;

-- name: drop_snapshot!
-- Nobody needs it any more.
DELETE FROM run_snapshot s WHERE s.company_id = :company_id AND s.run_id = :run_id AND s.asset_id = :asset_id;

-- name: act_of^
-- The script of one phase on one target; rides on run_act_company_id_run_id_asset_id_phase_key.
SELECT a.* FROM run_act a
WHERE a.company_id = :company_id AND a.run_id = :run_id AND a.asset_id = :asset_id AND a.phase = :phase;

-- name: acts_of
-- The scripts of a run without their outputs, the earliest first.
SELECT a.act_id, a.run_id, a.asset_id, a.phase, a.begun_at, a.ending, a.exit_code, a.said, ''::bytea AS stdout,
    ''::bytea AS stderr, a.cut, a.reference, a.link, a.started_at, a.ended_at, a.settled_at, a.output_removed_at
FROM run_act a
WHERE a.company_id = :company_id AND a.run_id = :run_id
ORDER BY a.act_id
LIMIT :limit;

-- name: act^
-- One script with its output; rides on run_act_pkey.
SELECT a.* FROM run_act a WHERE a.company_id = :company_id AND a.run_id = :run_id AND a.act_id = :act_id;

-- name: remove_outputs$
-- What scripts printed goes, of runs that ended before a moment; of at most so many. Rides on run_act_output.
WITH gone AS (
    UPDATE run_act a SET stdout = '', stderr = '', output_removed_at = :now
    WHERE a.company_id = :company_id AND a.act_id IN (
        SELECT o.act_id
        FROM run_act o
        JOIN run r ON r.company_id = :company_id AND r.run_id = o.run_id AND r.ended_at < :before
        WHERE o.company_id = :company_id AND o.settled_at < :before AND o.output_removed_at IS NULL
        ORDER BY o.settled_at, o.act_id
        LIMIT :limit)
    RETURNING a.act_id
), heard AS (
    DELETE FROM run_so_far s USING gone g WHERE s.company_id = :company_id AND s.act_id = g.act_id)
SELECT count(*) FROM gone;

-- name: remove_snapshots$
-- What undos would have been given goes likewise: those of which a person could have put something back by hand.
WITH gone AS (
    DELETE FROM run_snapshot s
    USING run r
    WHERE s.company_id = :company_id AND r.company_id = :company_id AND r.run_id = s.run_id AND r.ended_at < :before
    RETURNING s.run_id)
SELECT count(*) FROM gone;
-- name: so_far^
-- What was heard of a script before its outcome was known; rides on run_so_far_pkey.
SELECT s.executor, s.heard_at, s.stdout, s.stderr, s.cut
FROM run_so_far s
WHERE s.company_id = :company_id AND s.act_id = :act_id;

-- name: put_so_far$
-- The same as it is now, by the worker that has the run in hand; nothing where another has it, or the outcome is known.
-- The run is locked against whoever takes it in hand, and not against those who follow its other targets.
INSERT INTO run_so_far (company_id, act_id, executor, heard_at, stdout, stderr, cut)
SELECT a.company_id, a.act_id, :executor::text, :heard_at::timestamptz, :stdout::bytea, :stderr::bytea, :cut::boolean
FROM run r
JOIN run_act a ON a.company_id = :company_id AND a.run_id = r.run_id
WHERE r.company_id = :company_id AND r.run_id = :run_id AND r.fence = :fence AND a.act_id = :act_id
    AND a.ending IS NULL
FOR SHARE OF r
ON CONFLICT (company_id, act_id) DO UPDATE
SET heard_at = EXCLUDED.heard_at, stdout = EXCLUDED.stdout, stderr = EXCLUDED.stderr, cut = EXCLUDED.cut
RETURNING true;

-- name: drop_so_far!
-- The outcome has all of it.
DELETE FROM run_so_far s WHERE s.company_id = :company_id AND s.act_id = :act_id;

-- name: busy
-- Those of some targets on which a runbook is under way; rides on run_target_busy.
SELECT t.asset_id, t.run_id
FROM run_target t
WHERE t.company_id = :company_id AND t.asset_id = ANY (:asset_ids::uuid[]) AND t.runbook = :runbook
    AND t.state NOT IN ('succeeded', 'rolled_back', 'failed', 'cancelled', 'uncertain')
ORDER BY t.asset_id
LIMIT :limit;

-- name: count_alone$
-- One who starts runs at a time in a company, until the transaction ends: or two would both be the last that is allowed.
SELECT pg_advisory_xact_lock(hashtextextended('run ' || (:company_id::uuid)::text, 0));

-- name: count_started$
-- How many runs started since a moment; rides on run_started.
SELECT count(*) FROM run r WHERE r.company_id = :company_id AND r.started_at > :since;

-- name: count_asked$
-- How many runs the product asked for by itself since a moment; ids are times.
SELECT count(*) FROM run r
WHERE r.company_id = :company_id AND r.run_id >= :floor AND r.requested_at > :since AND r.by_itself;

-- name: count_started_on
-- How many runs started on each of some targets since a moment; rides on run_target_history.
SELECT t.asset_id, count(*) AS runs
FROM run_target t
JOIN run r ON r.company_id = :company_id AND r.run_id = t.run_id
WHERE t.company_id = :company_id AND t.asset_id = ANY (:asset_ids::uuid[]) AND r.started_at > :since
GROUP BY t.asset_id
ORDER BY t.asset_id
LIMIT :limit;

-- name: latest_on
-- How the last runs of a runbook ended on a target, the newest first; rides on run_target_history.
SELECT t.state, t.reason, h.state AS healing
FROM run_target t
JOIN run r ON r.company_id = :company_id AND r.run_id = t.run_id
LEFT JOIN run_healing h ON h.company_id = :company_id AND h.incident_id = r.incident_id AND h.run_id = r.run_id
WHERE t.company_id = :company_id AND t.asset_id = :asset_id AND t.runbook = :runbook AND t.changed_at > :since
    AND t.state IN ('succeeded', 'rolled_back', 'failed', 'uncertain')
ORDER BY t.changed_at DESC, t.run_id DESC
LIMIT :limit;

-- name: in_hand^
-- Who has a run in hand, by the number, and who wants it to end.
SELECT r.fence, r.cancelled_by FROM run r WHERE r.company_id = :company_id AND r.run_id = :run_id;
