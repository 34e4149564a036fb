-- name: insert_session!
-- Somebody signed in.
INSERT INTO user_session (session_id, user_id, hash, how, ip, device, made_at, seen_at, idle_s, expires_at)
VALUES (:session_id, :user_id, :hash, :how, :ip, :device, :made_at, :seen_at, :idle_s, :expires_at);

-- name: select_by_hash^
-- The session that a cookie names, unless it was ended or its person removed; rides on user_session_hash_key.
SELECT s.session_id, s.user_id, s.how, s.ip, s.device, s.made_at, s.seen_at, s.idle_s, s.expires_at,
       coalesce(p.must_change, false) AS must_change, f.user_id IS NOT NULL AS has_second_factor
FROM user_session s
JOIN app_user u ON u.user_id = s.user_id AND u.removed_at IS NULL
LEFT JOIN password p ON p.user_id = s.user_id
LEFT JOIN second_factor f ON f.user_id = s.user_id AND f.confirmed_at IS NOT NULL
WHERE s.hash = :hash AND s.ended_at IS NULL;

-- name: touch_session!
-- It was used; another process may have said so meanwhile.
UPDATE user_session SET seen_at = :now WHERE session_id = :session_id AND seen_at < :now;

-- name: renew_session!
-- Another cookie for the same session.
UPDATE user_session SET hash = :hash, seen_at = :now WHERE session_id = :session_id AND ended_at IS NULL;

-- name: select_live
-- A person's live sessions, newest first; rides on user_session_live.
SELECT session_id, user_id, how, ip, device, made_at, seen_at, idle_s, expires_at
FROM user_session
WHERE user_id = :user_id AND ended_at IS NULL AND expires_at > :now AND seen_at + make_interval(secs => idle_s) > :now
ORDER BY session_id DESC
LIMIT :limit;

-- name: end_one$
-- End one of a person's sessions; answers its id when it was live.
UPDATE user_session SET ended_at = :now
WHERE session_id = :session_id AND user_id = :user_id AND ended_at IS NULL
RETURNING session_id;

-- name: end_all
-- End a person's sessions, all but one (if one is given); answers the ids of those that were live.
UPDATE user_session SET ended_at = :now
WHERE user_id = :user_id AND ended_at IS NULL AND session_id IS DISTINCT FROM :but::uuid
RETURNING session_id;

-- name: forget_sessions!
-- Take away what ended long ago; rides on user_session_expired.
DELETE FROM user_session WHERE expires_at < :before;
