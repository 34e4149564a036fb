-- name: insert_user$
-- Add a person, unless the e-mail is taken; answers the id when added.
INSERT INTO app_user (user_id, email, role, created_at)
VALUES (:user_id, :email, :role, :created_at)
ON CONFLICT (email) DO NOTHING
RETURNING user_id;

-- name: insert_companies!
-- Say which companies a person serves by name.
INSERT INTO user_company (company_id, user_id)
SELECT company_id, :user_id FROM unnest(:companies::uuid[]) AS company_id;

-- name: insert_groups!
-- Say which groups of companies a person serves.
INSERT INTO user_group (group_id, user_id)
SELECT group_id, :user_id FROM unnest(:groups::uuid[]) AS group_id;

-- name: delete_companies!
-- A person serves no company by name any more; rides on user_company_user.
DELETE FROM user_company WHERE user_id = :user_id;

-- name: delete_groups!
-- A person serves no group any more; rides on user_group_user.
DELETE FROM user_group WHERE user_id = :user_id;

-- name: set_role!
-- A person's role.
UPDATE app_user SET role = :role WHERE user_id = :user_id AND removed_at IS NULL;

-- name: remove_user!
-- A person is let in no more; the e-mail is free for another one.
UPDATE app_user SET removed_at = :removed_at, former_email = email, email = 'removed:' || user_id::text
WHERE user_id = :user_id AND removed_at IS NULL;

-- name: lock_user$
-- A person, kept from other writers until the transaction ends; answers the id, unless removed.
SELECT user_id FROM app_user WHERE user_id = :user_id AND removed_at IS NULL FOR UPDATE;

-- name: select_named
-- The companies that a person serves by name; rides on user_company_user.
SELECT company_id FROM user_company WHERE user_id = :user_id ORDER BY company_id LIMIT 10000;

-- name: serves_group$
-- Whether anybody serves a group; rides on user_group_pkey.
SELECT EXISTS (SELECT FROM user_group WHERE group_id = :group_id);

-- name: select_by_email^
-- One person, with the companies served; rides on app_user_email_key.
SELECT u.user_id, u.email, u.role, companies_of_user(u.user_id) AS companies,
    ARRAY(SELECT g.group_id FROM user_group g WHERE g.user_id = u.user_id) AS groups
FROM app_user u
WHERE email = :email AND removed_at IS NULL;

-- name: select_by_id^
-- One person, with the companies served; rides on app_user_pkey.
SELECT u.user_id, u.email, u.role, companies_of_user(u.user_id) AS companies,
    ARRAY(SELECT g.group_id FROM user_group g WHERE g.user_id = u.user_id) AS groups
FROM app_user u
WHERE user_id = :user_id AND removed_at IS NULL;

-- name: select_by_token^
-- The holder of a live token, and what it allows; rides on api_token_hash_key.
SELECT u.user_id, u.email, u.role, companies_of_user(u.user_id) AS companies,
    ARRAY(SELECT g.group_id FROM user_group g WHERE g.user_id = u.user_id) AS groups,
    t.token_id, t.scopes, t.companies AS only, t.expires_at, t.last_used_at
FROM api_token t JOIN app_user u ON u.user_id = t.user_id
WHERE t.hash = :hash AND t.revoked_at IS NULL AND t.expires_at > :now AND u.removed_at IS NULL;

-- name: select_users
-- A page of people, newest first; rides on app_user_pkey.
SELECT u.user_id, u.email, u.role, companies_of_user(u.user_id) AS companies,
    ARRAY(SELECT g.group_id FROM user_group g WHERE g.user_id = u.user_id) AS groups
FROM app_user u
WHERE removed_at IS NULL AND (:before::uuid IS NULL OR user_id < :before)
ORDER BY user_id DESC
LIMIT :limit;

-- name: select_of_roles
-- People of some roles, by e-mail; whom they serve is for the caller to look at. A few hundred at most.
SELECT u.user_id, u.email, u.role, companies_of_user(u.user_id) AS companies,
    ARRAY(SELECT g.group_id FROM user_group g WHERE g.user_id = u.user_id) AS groups
FROM app_user u
WHERE u.role = ANY (:roles::text[]) AND u.removed_at IS NULL
ORDER BY u.email
LIMIT :limit;

-- name: insert_token!
-- Add a person's token.
INSERT INTO api_token (token_id, user_id, hash, hint, created_at, name, scopes, companies, expires_at)
VALUES (:token_id, :user_id, :hash, :hint, :created_at, :name, :scopes, :companies, :expires_at);

-- name: revoke_token^
-- End a live token; only a person's own, where one is given.
UPDATE api_token SET revoked_at = :revoked_at
WHERE token_id = :token_id AND revoked_at IS NULL AND (:user_id::uuid IS NULL OR user_id = :user_id)
RETURNING token_id, user_id, hint, created_at, revoked_at, name, scopes, companies, expires_at, last_used_at;

-- name: revoke_tokens
-- End all live tokens of a person; rides on api_token_user.
UPDATE api_token SET revoked_at = :revoked_at
WHERE user_id = :user_id AND revoked_at IS NULL
RETURNING token_id;

-- name: count_tokens$
-- How many live tokens a person has; rides on api_token_user.
SELECT count(*) FROM api_token WHERE user_id = :user_id AND revoked_at IS NULL AND expires_at > :now;

-- name: touch_token!
-- A token was used; written when the last time is a minute old, so that a busy script costs no writes.
UPDATE api_token SET last_used_at = :now WHERE token_id = :token_id;

-- name: select_tokens
-- A person's tokens, newest first; rides on api_token_user.
SELECT token_id, user_id, hint, created_at, revoked_at, name, scopes, companies, expires_at, last_used_at
FROM api_token
WHERE user_id = :user_id
ORDER BY token_id DESC
LIMIT :limit;

-- name: select_among
-- Some people by their ids, those who are still let in; rides on app_user_pkey.
SELECT u.user_id, u.email, u.role, companies_of_user(u.user_id) AS companies,
    ARRAY(SELECT g.group_id FROM user_group g WHERE g.user_id = u.user_id) AS groups
FROM app_user u
WHERE user_id = ANY (:user_ids::uuid[]) AND removed_at IS NULL
ORDER BY user_id
LIMIT :limit;
