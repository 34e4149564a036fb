-- name: insert_provider$
-- Add a provider, unless a live one has its slug; answers the id when added.
INSERT INTO identity_provider (provider_id, slug, title, kind, issuer, client_id, client_auth, secret, is_on, settings,
                               version, created_at)
VALUES (:provider_id, :slug, :title, :kind, :issuer, :client_id, :client_auth, :secret, :is_on, :settings, 1, :created_at)
ON CONFLICT (slug) WHERE removed_at IS NULL DO NOTHING
RETURNING provider_id;

-- name: select_provider^
-- One live provider; rides on identity_provider_slug.
SELECT provider_id, slug, title, kind, issuer, client_id, client_auth, secret, is_on, settings, version, scim_hash,
       created_at
FROM identity_provider
WHERE slug = :slug AND removed_at IS NULL;

-- name: select_provider_by_id^
-- The same by its id; rides on identity_provider_pkey.
SELECT provider_id, slug, title, kind, issuer, client_id, client_auth, secret, is_on, settings, version, scim_hash,
       created_at
FROM identity_provider
WHERE provider_id = :provider_id AND removed_at IS NULL;

-- name: select_provider_by_scim^
-- The same by its directory's token; rides on identity_provider_scim_hash_key.
SELECT provider_id, slug, title, kind, issuer, client_id, client_auth, secret, is_on, settings, version, scim_hash,
       created_at
FROM identity_provider
WHERE scim_hash = :scim_hash AND removed_at IS NULL;

-- name: select_providers
-- Live providers in the order of their slugs; there are few, so it scans.
SELECT provider_id, slug, title, kind, issuer, client_id, client_auth, secret, is_on, settings, version, scim_hash,
       created_at
FROM identity_provider
WHERE removed_at IS NULL
ORDER BY slug
LIMIT :limit;

-- name: lock_provider$
-- Nobody else lets a new person in by it, or changes it, until the transaction ends.
SELECT provider_id FROM identity_provider
WHERE provider_id = :provider_id AND removed_at IS NULL
FOR NO KEY UPDATE;

-- name: update_provider!
-- Write what may be changed of a provider.
UPDATE identity_provider
SET title = :title, client_id = :client_id, client_auth = :client_auth, secret = :secret, is_on = :is_on,
    settings = :settings, version = version + 1
WHERE provider_id = :provider_id;

-- name: remove_provider!
-- A provider is no more; its secrets go.
UPDATE identity_provider SET removed_at = :now, secret = NULL, scim_hash = NULL, is_on = false
WHERE provider_id = :provider_id;

-- name: set_scim_hash!
-- Another token for its directory, or none.
UPDATE identity_provider SET scim_hash = :scim_hash WHERE provider_id = :provider_id;

-- name: count_refusal^
-- One more person was not let in; answers what no entry has counted, and when the last one was.
UPDATE identity_provider SET refusals_untold = refusals_untold + 1 WHERE provider_id = :provider_id
RETURNING refusals_untold, refusals_told_at;

-- name: told_refusals!
-- An entry has counted them.
UPDATE identity_provider SET refusals_untold = 0, refusals_told_at = :now WHERE provider_id = :provider_id;

-- name: select_identity^
-- Who a provider's subject is; rides on user_identity_provider_id_subject_key.
SELECT identity_id, provider_id, subject, own_id, user_id, email, groups, refresh_token, linked_at, seen_at
FROM user_identity
WHERE provider_id = :provider_id AND subject = :subject;

-- name: lock_identity^
-- One identity by its id, until the transaction ends; rides on user_identity_pkey.
SELECT identity_id, provider_id, subject, own_id, user_id, email, groups, refresh_token, linked_at, seen_at
FROM user_identity
WHERE identity_id = :identity_id
FOR UPDATE;

-- name: select_identities_of
-- A person's identities; rides on user_identity_user.
SELECT identity_id, provider_id, subject, own_id, user_id, email, groups, refresh_token, linked_at, seen_at
FROM user_identity
WHERE user_id = :user_id
ORDER BY identity_id
LIMIT :limit;

-- name: select_identities_at
-- A page of the people of a provider, newest first; rides on user_identity_pkey.
SELECT identity_id, provider_id, subject, own_id, user_id, email, groups, refresh_token, linked_at, seen_at
FROM user_identity
WHERE provider_id = :provider_id AND (:before::uuid IS NULL OR identity_id < :before::uuid)
ORDER BY identity_id DESC
LIMIT :limit;

-- name: select_identity_in_directory
-- Who somebody of the provider's directory is: by the id that both know, else by the address that it verified. Rides on
-- user_identity_own, and on the unique key for the rest.
SELECT identity_id, provider_id, subject, own_id, user_id, email, groups, refresh_token, linked_at, seen_at
FROM user_identity
WHERE provider_id = :provider_id
  AND ((:external_id <> '' AND own_id = :external_id) OR (email <> '' AND email = ANY (:emails::text[])))
ORDER BY (own_id = :external_id) DESC, identity_id
LIMIT 1;

-- name: insert_identity$
-- Link a person and a subject, unless either is linked at this provider; answers the id when linked.
INSERT INTO user_identity (identity_id, provider_id, subject, own_id, user_id, email, groups, linked_at)
VALUES (:identity_id, :provider_id, :subject, :own_id, :user_id, :email, :groups, :linked_at)
ON CONFLICT DO NOTHING
RETURNING identity_id;

-- name: update_identity!
-- What the provider says of it now.
UPDATE user_identity SET email = :email, groups = :groups, refresh_token = :refresh_token, seen_at = :seen_at
WHERE identity_id = :identity_id;

-- name: forget_refresh_token!
-- Nothing is looked at any more between sign-ins.
UPDATE user_identity SET refresh_token = NULL WHERE identity_id = :identity_id;

-- name: delete_identity!
-- Unlink.
DELETE FROM user_identity WHERE identity_id = :identity_id;

-- name: delete_identities_of
-- Unlink a person everywhere; answers what was unlinked.
DELETE FROM user_identity WHERE user_id = :user_id RETURNING identity_id;

-- name: insert_session!
-- A provider opened a session.
INSERT INTO identity_session (session_id, identity_id, sid) VALUES (:session_id, :identity_id, :sid);

-- name: select_sessions
-- Sessions that a provider opened for one subject, or under one name of its own; rides on identity_session_identity and
-- the unique key of subjects.
SELECT s.session_id, i.user_id
FROM identity_session s JOIN user_identity i ON i.identity_id = s.identity_id
WHERE i.provider_id = :provider_id
  AND (:subject::text IS NULL OR i.subject = :subject::text)
  AND (:sid::text IS NULL OR s.sid = :sid::text)
ORDER BY s.session_id
LIMIT :limit;

-- name: use_once$
-- Use something that works once; answers its hash for the first to use it.
INSERT INTO identity_used (hash, until) VALUES (:hash, :until)
ON CONFLICT (hash) DO NOTHING
RETURNING hash;

-- name: forget_used!
-- Take away what would not be good any more anyway; rides on identity_used_until.
DELETE FROM identity_used
WHERE hash IN (SELECT hash FROM identity_used WHERE until < :now ORDER BY until LIMIT 100 FOR UPDATE SKIP LOCKED);

-- name: forbids_passwords$
-- Whether a provider that is on and has this person linked forbids local passwords; rides on user_identity_user.
SELECT true
FROM user_identity i JOIN identity_provider p ON p.provider_id = i.provider_id
WHERE i.user_id = :user_id AND p.removed_at IS NULL AND p.is_on
  AND NOT coalesce((p.settings ->> 'local_passwords')::boolean, true)
LIMIT 1;

-- name: select_break_glass$
-- The person whose password always works.
SELECT b.user_id FROM break_glass b JOIN app_user u ON u.user_id = b.user_id AND u.removed_at IS NULL;

-- name: set_break_glass!
-- Name that person.
INSERT INTO break_glass (user_id) VALUES (:user_id)
ON CONFLICT (only_one) DO UPDATE SET user_id = EXCLUDED.user_id;

-- name: delete_break_glass!
-- There is no such person any more.
DELETE FROM break_glass;
