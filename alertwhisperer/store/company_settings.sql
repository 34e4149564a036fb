-- name: lock_levels$
-- One at a time changes what is inherited, until its transaction ends.
SELECT pg_advisory_xact_lock(:lock);

-- name: select_inherited
-- All that the MSP set for all and for its groups, few rows for each; rides on inherited_setting_pkey.
SELECT owner_id, name, value, set_by, set_at
FROM inherited_setting
WHERE company_id = :company_id
ORDER BY owner_id, name
LIMIT 100000;

-- name: put_inherited!
-- Set one value for all or for a group.
INSERT INTO inherited_setting (company_id, owner_id, name, value, set_by, set_at)
VALUES (:company_id, :owner_id, :name, :value, :set_by, :set_at)
ON CONFLICT (company_id, owner_id, name) DO UPDATE
SET value = excluded.value, set_by = excluded.set_by, set_at = excluded.set_at;

-- name: drop_inherited!
-- Forget one value.
DELETE FROM inherited_setting WHERE company_id = :company_id AND owner_id = :owner_id AND name = :name;

-- name: drop_owner!
-- Forget all that was set for a group.
DELETE FROM inherited_setting WHERE company_id = :company_id AND owner_id = :owner_id;

-- name: select_of
-- What differs from the defaults in several companies; the caller's transaction sees these. Rides on company_setting_pkey.
SELECT company_id, name, value, origin, group_name, set_by, set_at
FROM company_setting
WHERE company_id = ANY(:companies::uuid[])
ORDER BY company_id, name
LIMIT :limit;

-- name: put_of!
-- Write values of several companies; `values` are JSON.
INSERT INTO company_setting (company_id, name, value, origin, group_name, set_by, set_at)
SELECT u.company_id, u.name, u.value::jsonb, u.origin, u.group_name, u.set_by, u.set_at
FROM unnest(:companies::uuid[], :names::text[], :values::text[], :origins::text[], :group_names::text[], :set_by::text[],
    :set_at::timestamptz[]) u (company_id, name, value, origin, group_name, set_by, set_at)
ON CONFLICT (company_id, name) DO UPDATE
SET value = excluded.value, origin = excluded.origin, group_name = excluded.group_name, set_by = excluded.set_by,
    set_at = excluded.set_at;

-- name: drop_of!
-- Forget values of several companies.
DELETE FROM company_setting s
USING unnest(:companies::uuid[], :names::text[]) u (company_id, name)
WHERE s.company_id = u.company_id AND s.name = u.name;
