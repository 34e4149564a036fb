-- name: select_credentials^
-- What signing in needs to know of an e-mail; rides on app_user_email_key.
SELECT u.user_id, p.hash, p.must_change, p.set_at, f.secret, f.confirmed_at IS NOT NULL AS has_second_factor
FROM app_user u
LEFT JOIN password p ON p.user_id = u.user_id
LEFT JOIN second_factor f ON f.user_id = u.user_id
WHERE u.email = :email AND u.removed_at IS NULL;

-- name: select_credentials_by_id^
-- The same by the person's id; rides on app_user_pkey.
SELECT u.user_id, p.hash, p.must_change, p.set_at, f.secret, f.confirmed_at IS NOT NULL AS has_second_factor
FROM app_user u
LEFT JOIN password p ON p.user_id = u.user_id
LEFT JOIN second_factor f ON f.user_id = u.user_id
WHERE u.user_id = :user_id AND u.removed_at IS NULL;

-- name: lock_person^
-- The person, so that signing in, a new password and a removal of the same person come one after another.
SELECT u.user_id, p.hash FROM app_user u LEFT JOIN password p ON p.user_id = u.user_id
WHERE u.user_id = :user_id AND u.removed_at IS NULL
FOR UPDATE OF u;

-- name: set_password!
-- A person's password, the first or another.
INSERT INTO password (user_id, hash, must_change, set_at) VALUES (:user_id, :hash, :must_change, :set_at)
ON CONFLICT (user_id) DO UPDATE SET hash = EXCLUDED.hash, must_change = EXCLUDED.must_change, set_at = EXCLUDED.set_at;

-- name: rehash_password!
-- The same password, kept better.
UPDATE password SET hash = :hash WHERE user_id = :user_id AND hash = :old;

-- name: delete_password!
-- The person has none any more.
DELETE FROM password WHERE user_id = :user_id;

-- name: lock_buckets
-- What is counted, with rows for what is new, all locked in one order, so that two tries at once do not block each
-- other for good. One statement: between two, a row could be deleted by whoever was waited for.
INSERT INTO sign_in_bucket AS held (bucket, failures, blocked_until, changed_at)
SELECT b, 0, :blocked_until, :changed_at FROM unnest(:buckets::uuid[]) b ORDER BY b
ON CONFLICT (bucket) DO UPDATE SET failures = held.failures
RETURNING bucket, failures, blocked_until, changed_at;

-- name: write_buckets!
-- What is counted now; the rows are locked.
UPDATE sign_in_bucket b SET failures = n.failures, blocked_until = n.blocked_until, changed_at = n.changed_at
FROM unnest(:buckets::uuid[], :failures::float8[], :blocked_until::timestamptz[], :changed_at::timestamptz[])
    n (bucket, failures, blocked_until, changed_at)
WHERE b.bucket = n.bucket;

-- name: delete_buckets!
-- Nothing is counted any more.
DELETE FROM sign_in_bucket WHERE bucket = ANY (:buckets::uuid[]);

-- name: forget_buckets!
-- What was counted long ago; rides on sign_in_bucket_changed.
DELETE FROM sign_in_bucket WHERE changed_at < :before;

-- name: count_failure^
-- One more failed try of a person (the nil id: of an e-mail that nobody has).
INSERT INTO sign_in_failure AS f (user_id, failures, first_at, last_at, last_ip, untold)
VALUES (:user_id, 1, :now, :now, :ip, 1)
ON CONFLICT (user_id) DO UPDATE SET failures = f.failures + 1, last_at = EXCLUDED.last_at, last_ip = EXCLUDED.last_ip,
    first_at = CASE WHEN f.failures = 0 THEN EXCLUDED.first_at ELSE f.first_at END, untold = f.untold + 1
RETURNING untold, told_at;

-- name: told_failures!
-- The audit log has counted them.
UPDATE sign_in_failure SET untold = 0, told_at = :now WHERE user_id = :user_id;

-- name: take_failures^
-- The failed tries of a person who just signed in; they are told now.
UPDATE sign_in_failure f SET failures = 0, untold = 0
FROM (SELECT user_id, failures, last_at, last_ip FROM sign_in_failure WHERE user_id = :user_id FOR UPDATE) old
WHERE f.user_id = old.user_id AND old.failures > 0
RETURNING old.failures, f.first_at, old.last_at, old.last_ip;

-- name: take_untold
-- Failed tries that no entry has counted and whose minute is over; rides on sign_in_failure_untold.
UPDATE sign_in_failure f SET untold = 0, told_at = :now
FROM (SELECT user_id, untold, last_ip FROM sign_in_failure WHERE untold > 0 AND told_at < :before
      ORDER BY told_at LIMIT 1000 FOR UPDATE SKIP LOCKED) old
WHERE f.user_id = old.user_id
RETURNING f.user_id, old.untold, old.last_ip;

-- name: insert_link!
-- A link that sets a person's password.
INSERT INTO password_link (link_id, user_id, hash, kind, made_at, expires_at)
VALUES (:link_id, :user_id, :hash, :kind, :made_at, :expires_at);

-- name: void_links!
-- A person's links that nobody used; a newer one takes their place. Rides on password_link_user.
UPDATE password_link SET used_at = :now WHERE user_id = :user_id AND used_at IS NULL;

-- name: select_link^
-- Whose link it is; rides on password_link_hash_key.
SELECT l.link_id, l.user_id, l.kind, u.email
FROM password_link l JOIN app_user u ON u.user_id = l.user_id AND u.removed_at IS NULL
WHERE l.hash = :hash AND l.used_at IS NULL AND l.expires_at > :now;

-- name: use_link$
-- Use it up; answers its id to one caller only.
UPDATE password_link SET used_at = :now
WHERE hash = :hash AND used_at IS NULL AND expires_at > :now
RETURNING link_id;

-- name: forget_links!
-- Links that were over long ago.
DELETE FROM password_link WHERE expires_at < :before;

-- name: happens_once$
-- Answers true to the first who asks, in this transaction or never.
INSERT INTO happened_once (what, at) VALUES (:what, :now) ON CONFLICT (what) DO NOTHING RETURNING true;

-- name: has_admin$
-- Whether there is an MSP admin already.
SELECT EXISTS (SELECT FROM app_user WHERE role = 'msp_admin' AND removed_at IS NULL);

-- name: begin_factor$
-- A second factor that is shown and not yet proven; one that is proven stays.
INSERT INTO second_factor AS f (user_id, secret, begun_at) VALUES (:user_id, :secret, :now)
ON CONFLICT (user_id) DO UPDATE SET secret = EXCLUDED.secret, begun_at = EXCLUDED.begun_at, last_step = 0
WHERE f.confirmed_at IS NULL
RETURNING true;

-- name: select_factor^
-- A person's second factor, proven or not; rides on second_factor_pkey.
SELECT secret, confirmed_at, last_step FROM second_factor WHERE user_id = :user_id;

-- name: confirm_factor$
-- It is proven now; answers true once.
UPDATE second_factor SET confirmed_at = :now WHERE user_id = :user_id AND confirmed_at IS NULL RETURNING true;

-- name: take_step$
-- A code is taken once, and none before it afterwards.
UPDATE second_factor SET last_step = :step WHERE user_id = :user_id AND last_step < :step RETURNING true;

-- name: delete_factor$
-- The person has none any more; answers whether a proven one was there.
DELETE FROM second_factor WHERE user_id = :user_id RETURNING confirmed_at IS NOT NULL;

-- name: delete_recovery!
-- Nor codes in its place.
DELETE FROM recovery_code WHERE user_id = :user_id;

-- name: insert_recovery!
-- Codes in place of the second factor.
INSERT INTO recovery_code (user_id, hash) SELECT :user_id, h FROM unnest(:hashes::uuid[]) h;

-- name: use_recovery$
-- Use one up; answers true once.
UPDATE recovery_code SET used_at = :now WHERE user_id = :user_id AND hash = :hash AND used_at IS NULL RETURNING true;

-- name: count_recovery$
-- How many are left; rides on recovery_code_pkey.
SELECT count(*) FROM recovery_code WHERE user_id = :user_id AND used_at IS NULL;
