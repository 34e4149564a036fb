-- name: select_keys
-- Every data key that somebody may still need, the present one of each purpose first; there are few.
SELECT key_id, purpose, state, mark, master, wrapped, made_at, old_since FROM data_key
WHERE state <> 'forgotten'
ORDER BY purpose, state <> 'current', made_at DESC
LIMIT 1000;

-- name: select_forgotten
-- What was known of the keys that nobody has any more, newest first.
SELECT key_id, purpose, state, mark, master, made_at, old_since FROM data_key
WHERE state = 'forgotten'
ORDER BY made_at DESC
LIMIT 1000;

-- name: insert_key!
-- A data key.
INSERT INTO data_key (key_id, purpose, state, mark, master, wrapped, made_at)
VALUES (:key_id, :purpose, :state, :mark, :master, :wrapped, :made_at);

-- name: rewrap!
-- The same key under another master; rides on data_key_pkey.
UPDATE data_key SET master = :master, wrapped = :wrapped WHERE key_id = :key_id;

-- name: retire_current!
-- The present key of a purpose becomes an old one; rides on data_key_current.
UPDATE data_key SET state = 'old', old_since = :now WHERE purpose = :purpose AND state = 'current';

-- name: make_current!
-- A key becomes the present one of its purpose; rides on data_key_pkey.
UPDATE data_key SET state = 'current' WHERE key_id = :key_id;

-- name: lock_old^
-- An old key, when nobody is sealing with it any more; rides on data_key_pkey.
SELECT key_id FROM data_key WHERE key_id = :key_id AND state = 'old' FOR UPDATE;

-- name: forget!
-- Destroy an old key; rides on data_key_pkey.
UPDATE data_key SET state = 'forgotten', wrapped = NULL WHERE key_id = :key_id AND state = 'old';

-- name: hold$
-- One rotation at a time; held until the session ends or lets go.
SELECT pg_try_advisory_lock(:key);

-- name: hold_transaction$
-- One process at a time makes the first keys; held until the transaction ends.
SELECT pg_advisory_xact_lock(:key);

-- name: announce$
-- Wake the processes that hold data keys; sent at commit.
SELECT pg_notify(:channel, '');
