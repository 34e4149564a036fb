-- name: insert_integration!
-- Add an integration.
INSERT INTO integration (company_id, integration_id, source, name, scheme, require_signature, secret, settings, version,
    created_at, route_by, shared_id)
VALUES (:company_id, :integration_id, :source, :name, :scheme, :require_signature, :secret, :settings, :version,
    :created_at, :route_by, :shared_id)
ON CONFLICT (company_id, integration_id) DO NOTHING;

-- name: insert_version!
-- Keep a version of an integration's settings.
INSERT INTO integration_version (company_id, integration_id, version, settings, created_at)
VALUES (:company_id, :integration_id, :version, :settings, :created_at)
ON CONFLICT (company_id, integration_id, version) DO NOTHING;

-- name: select_version$
-- The settings of one version.
SELECT settings
FROM integration_version
WHERE company_id = :company_id AND integration_id = :integration_id AND version = :version;

-- name: select_versions
-- A page of the versions of an integration's settings, newest first; rides on integration_version_pkey.
SELECT version, settings, created_at
FROM integration_version
WHERE company_id = :company_id AND integration_id = :integration_id AND (:before::integer IS NULL OR version < :before)
ORDER BY version DESC
LIMIT :limit;

-- name: select_integration^
-- One integration.
SELECT company_id, integration_id, source, name, scheme, require_signature, settings, version, created_at, removed_at,
    route_by, shared_id
FROM integration
WHERE company_id = :company_id AND integration_id = :integration_id;

-- name: lock_integration^
-- One integration, kept from other writers until the transaction ends.
SELECT company_id, integration_id, source, name, scheme, require_signature, settings, version, created_at, removed_at,
    route_by, shared_id
FROM integration
WHERE company_id = :company_id AND integration_id = :integration_id
FOR UPDATE;

-- name: select_integrations
-- A page of the integrations in use, newest first; rides on integration_pkey.
SELECT company_id, integration_id, source, name, scheme, require_signature, settings, version, created_at, removed_at,
    route_by, shared_id
FROM integration
WHERE company_id = :company_id AND removed_at IS NULL AND (:before::uuid IS NULL OR integration_id < :before)
ORDER BY integration_id DESC
LIMIT :limit;

-- name: select_shared
-- The company's integrations that serve many companies (the MSP's alone are such), removed ones too.
SELECT integration_id FROM integration
WHERE company_id = :company_id AND route_by IS NOT NULL
ORDER BY integration_id LIMIT 10000;

-- name: update_integration!
-- Change an integration.
UPDATE integration
SET name = :name, require_signature = :require_signature, settings = :settings, version = :version
WHERE company_id = :company_id AND integration_id = :integration_id;

-- name: remove_integration!
-- Take an integration out of use.
UPDATE integration SET removed_at = :removed_at
WHERE company_id = :company_id AND integration_id = :integration_id AND removed_at IS NULL;

-- name: select_secret$
-- The sealed HMAC secret of an integration in use.
SELECT secret FROM integration
WHERE company_id = :company_id AND integration_id = :integration_id AND removed_at IS NULL;

-- name: update_secret!
-- Replace the sealed HMAC secret.
UPDATE integration SET secret = :secret
WHERE company_id = :company_id AND integration_id = :integration_id;

-- name: select_keys
-- The keys of several integrations, oldest first within each; an integration gathers few, and 1000 bounds the answer.
SELECT key_id, integration_id, hint, created_at, revoked_at
FROM integration_key
WHERE company_id = :company_id AND integration_id = ANY(:integrations::uuid[])
ORDER BY revoked_at DESC NULLS FIRST, key_id
LIMIT 1000;

-- name: insert_key!
-- Add a key.
INSERT INTO integration_key (company_id, key_id, integration_id, hash, hint, created_at)
VALUES (:company_id, :key_id, :integration_id, :hash, :hint, :created_at);

-- name: enter_key$
-- Enter a key where requests look it up.
SELECT enter_key(:hash, :company_id, :integration_id, :key_id);

-- name: revoke_key^
-- End a live key.
UPDATE integration_key SET revoked_at = :revoked_at
WHERE company_id = :company_id AND key_id = :key_id AND revoked_at IS NULL
RETURNING key_id, integration_id, hint, created_at, revoked_at;

-- name: forget_key$
-- Take a key out of where requests look it up.
SELECT forget_key(:company_id, :key_id);

-- name: select_holder^
-- Whose key this is; rides on key_index_pkey.
SELECT company_id, integration_id, key_id FROM integration_of_key(:hash);

-- name: select_actions
-- A page of the effects that sources asked for, newest first; rides on source_action_pkey.
SELECT id, integration_id, kind, subject, state, at, settled_at, answer
FROM source_action
WHERE company_id = :company_id AND (:state::text IS NULL OR state = :state) AND (:before::uuid IS NULL OR id < :before)
ORDER BY id DESC
LIMIT :limit;

-- name: select_action^
-- One effect.
SELECT id, integration_id, kind, subject, state, at, settled_at, answer
FROM source_action
WHERE company_id = :company_id AND id = :id;

-- name: release_actions
-- Make due what waited for the approval of one subject, and let a worker find it.
WITH released AS (
    UPDATE source_action SET state = 'due'
    WHERE company_id = :company_id AND integration_id = :integration_id AND kind = :kind AND subject = :subject
        AND state = 'awaiting_approval'
    RETURNING company_id, id
)
INSERT INTO due_work (company_id, kind, subject, due_at)
SELECT company_id, 'source_action', id, :due_at FROM released
ON CONFLICT (company_id, kind, subject) DO UPDATE SET due_at = excluded.due_at, attempts = 0
RETURNING subject;
