-- name: insert_change!
-- Tell watchers that something changed; seen when the transaction commits.
INSERT INTO live_change (company_id, id, at, kind, subjects) VALUES (:company_id, :id, :at, :kind, :subjects);

-- name: insert_epoch!
-- Begin an epoch, unless one has begun.
INSERT INTO live_epoch (epoch) SELECT :epoch WHERE NOT EXISTS (SELECT FROM live_epoch);

-- name: select_epoch$
-- The epoch that changes are of now; the least, should two processes have begun one at once.
SELECT epoch FROM live_epoch ORDER BY epoch LIMIT 1;

-- name: select_here^
-- What is committed now, in a form that a later look can be compared with; and the epoch, as above.
SELECT pg_current_snapshot()::text AS snapshot, (SELECT epoch FROM live_epoch ORDER BY epoch LIMIT 1) AS epoch;

-- name: select_changes
-- Changes that were not visible in an earlier snapshot, in the order of their transactions; rides on live_change_xid.
-- Each row says the snapshot that this look was made in, so that the next one neither misses nor repeats.
SELECT pg_current_snapshot()::text AS snapshot, company_id, kind, subjects
FROM live_change
WHERE xid >= pg_snapshot_xmin(:since::text::pg_snapshot) AND NOT pg_visible_in_snapshot(xid, :since::text::pg_snapshot)
ORDER BY xid, id
LIMIT :limit;

-- name: delete_before$
-- Forget changes that no watcher may go on from any more, and answer the last transaction that was forgotten; rides on
-- live_change_at.
WITH gone AS (DELETE FROM live_change WHERE at < :before RETURNING xid)
SELECT max(xid::text::bigint)::text FROM gone;

-- name: note_forgotten!
-- Remember up to which transaction changes were forgotten.
UPDATE live_epoch SET forgotten = greatest(forgotten, :forgotten::bigint);

-- name: select_forgotten$
-- Up to which transaction changes were forgotten.
SELECT max(forgotten) FROM live_epoch;
