-- name: insert_credential!
-- Add a credential.
INSERT INTO credential (company_id, credential_id, name, executor, sealed, fields, added_by, added_at)
VALUES (:company_id, :credential_id, :name, :executor, :sealed, :fields, :added_by, :added_at);

-- name: select_credential^
-- One credential; rides on credential_pkey.
SELECT c.credential_id AS id, c.name, c.executor, c.fields, c.added_by, c.added_at, c.rotated_at, c.proven_at,
    (SELECT count(*) FROM asset_binding b
     WHERE b.company_id = :company_id AND b.credential_id = c.credential_id) AS bound
FROM credential c
WHERE c.company_id = :company_id AND c.credential_id = :credential_id;

-- name: lock_credential^
-- One credential, kept from other writers until the transaction ends.
SELECT c.credential_id AS id, c.name, c.executor, c.fields, c.added_by, c.added_at, c.rotated_at, c.proven_at,
    (SELECT count(*) FROM asset_binding b
     WHERE b.company_id = :company_id AND b.credential_id = c.credential_id) AS bound
FROM credential c
WHERE c.company_id = :company_id AND c.credential_id = :credential_id
FOR NO KEY UPDATE;

-- name: named_credential^
-- One credential by its name, whatever its case; rides on credential_name.
SELECT c.credential_id AS id, c.name, c.executor, c.fields, c.added_by, c.added_at, c.rotated_at, c.proven_at,
    (SELECT count(*) FROM asset_binding b
     WHERE b.company_id = :company_id AND b.credential_id = c.credential_id) AS bound
FROM credential c
WHERE c.company_id = :company_id AND lower(c.name) = lower(:name);

-- name: page_of_credentials
-- Credentials, newest first; rides on credential_pkey.
SELECT c.credential_id AS id, c.name, c.executor, c.fields, c.added_by, c.added_at, c.rotated_at, c.proven_at,
    (SELECT count(*) FROM asset_binding b
     WHERE b.company_id = :company_id AND b.credential_id = c.credential_id) AS bound
FROM credential c
WHERE c.company_id = :company_id AND (:before::uuid IS NULL OR c.credential_id < :before::uuid)
ORDER BY c.credential_id DESC
LIMIT :limit;

-- name: sealed_of$
-- What the vault sealed of a credential.
SELECT c.sealed FROM credential c WHERE c.company_id = :company_id AND c.credential_id = :credential_id;

-- name: replace_sealed!
-- Other values in the place of a credential's; what was proven of the old ones is not of the new ones.
UPDATE credential c SET sealed = :sealed, fields = :fields, rotated_at = :rotated_at, proven_at = NULL
WHERE c.company_id = :company_id AND c.credential_id = :credential_id;

-- name: set_proven!
-- When the way was last seen to be closed to everybody else; null when it was seen to be open.
UPDATE credential c SET proven_at = :proven_at
WHERE c.company_id = :company_id AND c.credential_id = :credential_id;

-- name: remove_credential!
-- Remove a credential that nothing is bound with.
DELETE FROM credential WHERE company_id = :company_id AND credential_id = :credential_id;

-- name: bound_with
-- Assets that are bound with a credential; rides on asset_binding_credential.
SELECT b.asset_id FROM asset_binding b
WHERE b.company_id = :company_id AND b.credential_id = :credential_id
ORDER BY b.asset_id
LIMIT :limit;

-- name: put_binding!
-- Bind an asset, or bind it otherwise.
INSERT INTO asset_binding (company_id, asset_id, executor, settings, credential_id, bound_by, bound_at)
VALUES (:company_id, :asset_id, :executor, :settings, :credential_id, :bound_by, :bound_at)
ON CONFLICT (company_id, asset_id) DO UPDATE
SET executor = EXCLUDED.executor, settings = EXCLUDED.settings, credential_id = EXCLUDED.credential_id,
    bound_by = EXCLUDED.bound_by, bound_at = EXCLUDED.bound_at;

-- name: select_binding^
-- How an asset is reached; rides on asset_binding_pkey.
SELECT b.asset_id, b.executor, b.settings, b.credential_id, b.bound_by, b.bound_at
FROM asset_binding b
WHERE b.company_id = :company_id AND b.asset_id = :asset_id;

-- name: page_of_bound
-- Bindings with the names of what they are of and how they were last found, by asset; rides on asset_binding_pkey. What
-- was seen of a binding before, or with other values of the credential, is not shown.
SELECT b.asset_id, b.executor, b.settings, b.credential_id, b.bound_by, b.bound_at, a.name AS asset,
    c.name AS credential, k.checked_at, k.checked_by, k.wrong
FROM asset_binding b
JOIN asset a ON a.company_id = :company_id AND a.asset_id = b.asset_id
JOIN credential c ON c.company_id = :company_id AND c.credential_id = b.credential_id
LEFT JOIN binding_check k ON k.company_id = :company_id AND k.asset_id = b.asset_id AND k.bound_at = b.bound_at
    AND k.checked_at > coalesce(c.rotated_at, '-infinity')
WHERE b.company_id = :company_id AND (:asset_id::uuid IS NULL OR b.asset_id = :asset_id::uuid)
    AND (:before::uuid IS NULL OR b.asset_id < :before::uuid)
ORDER BY b.asset_id DESC
LIMIT :limit;

-- name: put_check!
-- What was seen on an asset; nothing when it was bound otherwise meanwhile.
INSERT INTO binding_check (company_id, asset_id, bound_at, checked_at, checked_by, wrong)
SELECT b.company_id, b.asset_id, b.bound_at, :checked_at::timestamptz, :checked_by::text, :wrong::text[]
FROM asset_binding b
WHERE b.company_id = :company_id AND b.asset_id = :asset_id AND b.bound_at = :bound_at
FOR NO KEY UPDATE OF b
ON CONFLICT (company_id, asset_id) DO UPDATE
SET bound_at = EXCLUDED.bound_at, checked_at = EXCLUDED.checked_at, checked_by = EXCLUDED.checked_by, wrong = EXCLUDED.wrong;

-- name: page_of_bindings
-- Bindings by asset; rides on asset_binding_pkey.
SELECT b.asset_id, b.executor, b.settings, b.credential_id, b.bound_by, b.bound_at
FROM asset_binding b
WHERE b.company_id = :company_id AND (:executor::text IS NULL OR b.executor = :executor::text)
    AND (:before::uuid IS NULL OR b.asset_id < :before::uuid)
ORDER BY b.asset_id DESC
LIMIT :limit;

-- name: remove_binding!
-- An asset is no target any more.
DELETE FROM asset_binding WHERE company_id = :company_id AND asset_id = :asset_id;

-- name: insert_external_id!
-- Give a company its external ID; one that is there stays.
INSERT INTO external_id (company_id, value, made_at) VALUES (:company_id, :value, :made_at)
ON CONFLICT (company_id) DO NOTHING;

-- name: select_external_id$
-- A company's external ID.
SELECT e.value FROM external_id e WHERE e.company_id = :company_id;

-- name: put_patch_states!
-- What was said of machines' patches now.
INSERT INTO patch_state (company_id, asset_id, instance, installed, missing, failed, critical, scanned_at, asked_at)
SELECT :company_id::uuid, u.asset_id, u.instance, u.installed, u.missing, u.failed, u.critical, u.scanned_at, u.asked_at
FROM jsonb_to_recordset(:rows::jsonb)
     AS u (asset_id uuid, instance text, installed integer, missing integer, failed integer, critical integer,
           scanned_at timestamptz, asked_at timestamptz)
ON CONFLICT (company_id, asset_id) DO UPDATE
SET instance = EXCLUDED.instance, installed = EXCLUDED.installed, missing = EXCLUDED.missing, failed = EXCLUDED.failed,
    critical = EXCLUDED.critical, scanned_at = EXCLUDED.scanned_at, asked_at = EXCLUDED.asked_at;

-- name: page_of_patch_states
-- Patch states by asset; rides on patch_state_pkey.
SELECT p.asset_id, p.instance, p.installed, p.missing, p.failed, p.critical, p.scanned_at, p.asked_at
FROM patch_state p
WHERE p.company_id = :company_id AND (:before::uuid IS NULL OR p.asset_id < :before::uuid)
ORDER BY p.asset_id DESC
LIMIT :limit;

-- name: drop_patch_states!
-- Forget what was said of machines that were not asked about since a moment: they are bound no more.
DELETE FROM patch_state WHERE company_id = :company_id AND asked_at < :since;
