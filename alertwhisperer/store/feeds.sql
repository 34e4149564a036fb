-- name: begin!
-- A feed is there from now on, or is set anew: one that was stopped waits for its next look (rides on the primary key).
INSERT INTO feed (company_id, integration_id, interval_s) VALUES (:company_id, :integration_id, :interval_s)
ON CONFLICT (company_id, integration_id) DO UPDATE
SET interval_s = EXCLUDED.interval_s, failures = 0, refusals = 0, problem = '',
    state = CASE WHEN feed.state = 'stopped' THEN 'waiting' ELSE feed.state END;

-- name: take^
-- A feed that is to be looked at, locked (rides on the primary keys).
SELECT f.interval_s, f.paused, f.state, f.sequence, f.busy_until, f.cursor, f.pending, f.failures, f.refusals
FROM feed f
JOIN integration i ON i.company_id = f.company_id AND i.integration_id = f.integration_id
WHERE f.company_id = :company_id AND f.integration_id = :integration_id AND i.removed_at IS NULL
FOR UPDATE OF f;

-- name: start!
-- A look begins, with a lease.
UPDATE feed SET sequence = sequence + 1, busy_until = :until, polled_at = :now, looks = looks + 1
WHERE company_id = :company_id AND integration_id = :integration_id;

-- name: intend!
-- Where the next look will begin, before the items of this one are stored.
UPDATE feed SET pending = :pending
WHERE company_id = :company_id AND integration_id = :integration_id AND sequence = :sequence;

-- name: succeed^
-- A look's items are stored; nothing when the look lost its lease.
UPDATE feed
SET busy_until = NULL, cursor = :pending, pending = NULL, state = 'ok', succeeded_at = :now, failures = 0, refusals = 0,
    problem = '', items = items + :items, repeats = repeats + :repeats
WHERE company_id = :company_id AND integration_id = :integration_id AND sequence = :sequence
RETURNING paused;

-- name: fail^
-- A look came to nothing, or not to its end; likewise.
UPDATE feed
SET busy_until = NULL, state = :state, failures = :failures, refusals = :refusals, problem = :problem,
    items = items + :items, repeats = repeats + :repeats
WHERE company_id = :company_id AND integration_id = :integration_id AND sequence = :sequence
RETURNING paused;

-- name: advance!
-- The items of a look that did not come to its end are stored as far as it came.
UPDATE feed SET cursor = :pending, pending = NULL
WHERE company_id = :company_id AND integration_id = :integration_id AND sequence = :sequence;

-- name: pause!
-- No look begins while it is paused; one that was stopped may begin again.
UPDATE feed SET paused = :paused, refusals = 0, state = CASE WHEN state = 'stopped' THEN 'waiting' ELSE state END
WHERE company_id = :company_id AND integration_id = :integration_id;

-- name: read^
-- One feed as people see it.
SELECT f.integration_id, i.name, i.source, f.interval_s, f.paused, f.state, f.polled_at, f.succeeded_at, f.failures,
       f.problem, f.looks, f.items, f.repeats
FROM feed f
JOIN integration i ON i.company_id = f.company_id AND i.integration_id = f.integration_id
WHERE f.company_id = :company_id AND f.integration_id = :integration_id AND i.removed_at IS NULL;

-- name: page
-- A company's feeds, newest first.
SELECT f.integration_id, i.name, i.source, f.interval_s, f.paused, f.state, f.polled_at, f.succeeded_at, f.failures,
       f.problem, f.looks, f.items, f.repeats
FROM feed f
JOIN integration i ON i.company_id = f.company_id AND i.integration_id = f.integration_id
WHERE f.company_id = :company_id AND i.removed_at IS NULL
  AND (:before::uuid IS NULL OR f.integration_id < :before::uuid)
ORDER BY f.integration_id DESC LIMIT :limit;
