-- name: insert_user$
-- Add a person, unless the e-mail is taken; answers the id when added.
INSERT INTO app_user (user_id, email, role, created_at)
VALUES (:user_id, :email, :role, :created_at)
ON CONFLICT (email) DO NOTHING
RETURNING user_id;

-- name: insert_companies!
-- Say which companies a person serves.
INSERT INTO user_company (company_id, user_id)
SELECT company_id, :user_id FROM unnest(:companies::uuid[]) AS company_id;

-- name: select_by_email^
-- One person, with the companies served; rides on app_user_email_key.
SELECT user_id, email, role, ARRAY(SELECT c.company_id FROM user_company c WHERE c.user_id = u.user_id) AS companies
FROM app_user u
WHERE email = :email AND removed_at IS NULL;

-- name: select_by_token^
-- The holder of a live token; rides on api_token_hash_key.
SELECT u.user_id, email, role, ARRAY(SELECT c.company_id FROM user_company c WHERE c.user_id = u.user_id) AS companies
FROM api_token t JOIN app_user u ON u.user_id = t.user_id
WHERE t.hash = :hash AND t.revoked_at IS NULL AND u.removed_at IS NULL;

-- name: select_users
-- A page of people, newest first; rides on app_user_pkey.
SELECT user_id, email, role, ARRAY(SELECT c.company_id FROM user_company c WHERE c.user_id = u.user_id) AS companies
FROM app_user u
WHERE removed_at IS NULL AND (:before::uuid IS NULL OR user_id < :before)
ORDER BY user_id DESC
LIMIT :limit;

-- name: insert_token!
-- Add a person's token.
INSERT INTO api_token (token_id, user_id, hash, hint, created_at)
VALUES (:token_id, :user_id, :hash, :hint, :created_at);

-- name: revoke_token^
-- End a live token.
UPDATE api_token SET revoked_at = :revoked_at
WHERE token_id = :token_id AND revoked_at IS NULL
RETURNING token_id, user_id, hint, created_at, revoked_at;

-- name: select_tokens
-- A person's tokens, newest first.
SELECT token_id, user_id, hint, created_at, revoked_at
FROM api_token
WHERE user_id = :user_id
ORDER BY token_id DESC
LIMIT :limit;
