-- name: insert_version!
-- What a schedule says from now on; a second one of the same number is refused by the primary key.
INSERT INTO on_call_version (company_id, schedule_id, version, plan, holds_from, removed, made_by)
VALUES (:company_id, :schedule_id, :version, :plan, :holds_from, :removed, :made_by);

-- name: lock_last^
-- The last version of a schedule, kept from other writers until the transaction ends; rides on on_call_version_last.
SELECT v.company_id, v.schedule_id, v.version, v.plan, v.holds_from, v.holds_until, v.removed, v.made_by
FROM on_call_version v
WHERE v.company_id = :company_id AND v.schedule_id = :schedule_id AND v.holds_until IS NULL
FOR NO KEY UPDATE;

-- name: end_version!
-- Another version holds from now on.
UPDATE on_call_version SET holds_until = :holds_until
WHERE company_id = :company_id AND schedule_id = :schedule_id AND holds_until IS NULL;

-- name: count_schedules$
-- How many schedules there are; rides on on_call_version_last.
SELECT count(*) FROM on_call_version v WHERE v.company_id = :company_id AND v.holds_until IS NULL AND NOT v.removed;

-- name: versions
-- What schedules said in a time, each in order; the caller's transaction sees the companies. Rides on its primary key.
-- There are few: the guard bounds schedules, and people change them by hand.
SELECT v.company_id, v.schedule_id, v.version, v.plan, v.holds_from, v.holds_until, v.removed, v.made_by
FROM on_call_version v
WHERE v.company_id = ANY (:companies::uuid[])
  AND (:schedules::uuid[] IS NULL OR v.schedule_id = ANY (:schedules::uuid[]))
  AND v.holds_from < :until AND (v.holds_until IS NULL OR v.holds_until > :since) AND NOT v.removed
ORDER BY v.company_id, v.schedule_id, v.version
LIMIT :limit;

-- name: history
-- Versions of a schedule, newest first; rides on its primary key.
SELECT v.company_id, v.schedule_id, v.version, v.plan, v.holds_from, v.holds_until, v.removed, v.made_by
FROM on_call_version v
WHERE v.company_id = :company_id AND v.schedule_id = :schedule_id
ORDER BY v.version DESC
LIMIT :limit;

-- name: count_turns$
-- In how many schedules of some companies a person takes turns now; there are few: the guard bounds schedules.
SELECT count(*) FROM on_call_version v
WHERE v.company_id = ANY (:companies::uuid[]) AND v.holds_until IS NULL AND NOT v.removed
  AND EXISTS (SELECT FROM jsonb_array_elements(v.plan -> 'layers') AS l WHERE l -> 'people' @> to_jsonb(:user_id::uuid::text));

-- name: company_of$
-- Which of some companies has a schedule; rides on on_call_version_pkey.
SELECT v.company_id FROM on_call_version v
WHERE v.company_id = ANY (:companies::uuid[]) AND v.schedule_id = :schedule_id
ORDER BY v.company_id LIMIT 1;

-- name: insert_change!
-- Somebody changes stretches of a schedule, or asks to.
INSERT INTO on_call_change (company_id, change_id, schedule_id, kind, user_id, starts_at, ends_at, other_id,
                            other_starts_at, other_ends_at, last_at, state, reason, event, made_by, made_at, agreed_at)
VALUES (:company_id, :change_id, :schedule_id, :kind, :user_id, :starts_at, :ends_at, :other_id,
        :other_starts_at, :other_ends_at, :last_at, :state, :reason, :event, :made_by, :made_at, :agreed_at);

-- name: changes
-- What touches schedules in a time, in the order in which it was made; rides on on_call_change_schedule. The caller's
-- transaction sees the companies.
SELECT c.company_id, c.change_id AS id, c.schedule_id, c.kind, c.user_id, c.starts_at, c.ends_at, c.other_id,
       c.other_starts_at, c.other_ends_at, c.state, c.reason, c.event, c.made_by, c.made_at, c.agreed_at, c.ended_at
FROM on_call_change c
WHERE c.company_id = ANY (:companies::uuid[]) AND c.schedule_id = ANY (:schedules::uuid[]) AND c.last_at > :since
  AND least(c.starts_at, c.other_starts_at) < :until
ORDER BY c.company_id, c.change_id
LIMIT :limit;

-- name: count_changes$
-- How much of what touches a schedule is still to come; rides on on_call_change_schedule.
SELECT count(*) FROM on_call_change c
WHERE c.company_id = :company_id AND c.schedule_id = :schedule_id AND c.last_at > :since;

-- name: events
-- Which events of a calendar a schedule has already; rides on on_call_change_schedule.
SELECT c.event FROM on_call_change c
WHERE c.company_id = :company_id AND c.schedule_id = :schedule_id AND c.last_at > :since AND c.state = 'agreed'
  AND c.event = ANY (:events::text[])
ORDER BY c.change_id
LIMIT :limit;

-- name: lock_change^
-- One change, kept from other writers until the transaction ends: so a swap is answered once.
SELECT c.company_id, c.change_id AS id, c.schedule_id, c.kind, c.user_id, c.starts_at, c.ends_at, c.other_id,
       c.other_starts_at, c.other_ends_at, c.state, c.reason, c.event, c.made_by, c.made_at, c.agreed_at, c.ended_at
FROM on_call_change c
WHERE c.company_id = :company_id AND c.change_id = :change_id
FOR NO KEY UPDATE;

-- name: settle_change!
-- It was agreed to, declined or taken back.
UPDATE on_call_change SET state = :state, agreed_at = :agreed_at, ended_at = :ended_at
WHERE company_id = :company_id AND change_id = :change_id;

-- name: company_of_change$
-- Which of some companies has a change; rides on on_call_change_pkey.
SELECT c.company_id FROM on_call_change c
WHERE c.company_id = ANY (:companies::uuid[]) AND c.change_id = :change_id
ORDER BY c.company_id LIMIT 1;

-- name: people
-- What people are called, and since when some are here no more; rides on app_user_pkey.
SELECT u.user_id, coalesce(u.former_email, u.email) AS email, u.removed_at
FROM app_user u
WHERE u.user_id = ANY (:user_ids::uuid[])
LIMIT :limit;

-- name: insert_feed!
-- A secret address of a calendar.
INSERT INTO on_call_feed (feed_id, user_id, schedule_id, name, hash, hint, made_at)
VALUES (:feed_id, :user_id, :schedule_id, :name, :hash, :hint, :made_at);

-- name: feed_by_hash^
-- A live address; rides on on_call_feed_hash_key.
SELECT f.feed_id AS id, f.user_id, f.schedule_id, f.name, f.hint, f.made_at, f.read_at
FROM on_call_feed f
WHERE f.hash = :hash AND f.revoked_at IS NULL;

-- name: feeds_of
-- A person's live addresses, oldest first; rides on on_call_feed_user.
SELECT f.feed_id AS id, f.user_id, f.schedule_id, f.name, f.hint, f.made_at, f.read_at
FROM on_call_feed f
WHERE f.user_id = :user_id AND f.revoked_at IS NULL
ORDER BY f.feed_id
LIMIT :limit;

-- name: revoke_feed$
-- A person's address leads nowhere any more; answers it, unless there was none.
UPDATE on_call_feed SET revoked_at = :now
WHERE feed_id = :feed_id AND user_id = :user_id AND revoked_at IS NULL
RETURNING feed_id;

-- name: revoke_feeds
-- All addresses of a person lead nowhere any more; rides on on_call_feed_user.
UPDATE on_call_feed SET revoked_at = :now
WHERE user_id = :user_id AND revoked_at IS NULL
RETURNING feed_id;

-- name: touch_feed!
-- A calendar was read.
UPDATE on_call_feed SET read_at = :now WHERE feed_id = :feed_id;
