-- name: insert!
-- Add assets.
INSERT INTO asset (company_id, asset_id, name, kind, weight, owner, platform, tags, links, notes, site_id, confirmed,
    created_at)
SELECT :company_id::uuid, u.asset_id, u.name, u.kind, u.weight, u.owner, u.platform, u.tags, u.links, u.notes, u.site_id,
    u.confirmed, u.created_at
FROM jsonb_to_recordset(:rows::jsonb)
     AS u (asset_id uuid, name text, kind text, weight smallint, owner text, platform text, tags text[], links jsonb,
           notes text, site_id uuid, confirmed boolean, created_at timestamptz);

-- name: update!
-- Change assets.
UPDATE asset a
SET name = u.name, kind = u.kind, weight = u.weight, owner = u.owner, platform = u.platform, tags = u.tags,
    links = u.links, notes = u.notes, site_id = u.site_id, confirmed = u.confirmed, merged_into = u.merged_into
FROM jsonb_to_recordset(:rows::jsonb)
     AS u (asset_id uuid, name text, kind text, weight smallint, owner text, platform text, tags text[], links jsonb,
           notes text, site_id uuid, confirmed boolean, merged_into uuid)
WHERE a.company_id = :company_id AND a.asset_id = u.asset_id;

-- name: among
-- Assets by their ids.
SELECT a.asset_id AS id, a.name, a.kind, a.weight, a.owner, a.platform, a.tags, a.links, a.notes, a.site_id, a.confirmed,
    a.merged_into, a.created_at
FROM asset a
WHERE a.company_id = :company_id AND a.asset_id = ANY (:asset_ids::uuid[])
ORDER BY a.asset_id
LIMIT :limit;

-- name: lock
-- Assets by their ids, kept from other writers until the transaction ends.
SELECT a.asset_id AS id, a.name, a.kind, a.weight, a.owner, a.platform, a.tags, a.links, a.notes, a.site_id, a.confirmed,
    a.merged_into, a.created_at
FROM asset a
WHERE a.company_id = :company_id AND a.asset_id = ANY (:asset_ids::uuid[])
ORDER BY a.asset_id
LIMIT :limit
FOR NO KEY UPDATE;

-- name: page
-- A page of the assets, newest first, without those merged into another; rides on asset_pkey. `q` is compared with the
-- names that find it as well.
SELECT a.asset_id AS id, a.name, a.kind, a.weight, a.owner, a.platform, a.tags, a.links, a.notes, a.site_id, a.confirmed,
    a.merged_into, a.created_at
FROM asset a
WHERE a.company_id = :company_id AND a.merged_into IS NULL AND (:before::uuid IS NULL OR a.asset_id < :before::uuid)
    AND (:site_id::uuid IS NULL OR a.site_id = :site_id::uuid)
    AND (:tag::text IS NULL OR :tag::text = ANY (a.tags))
    AND (:kind::text IS NULL OR a.kind = :kind::text)
    AND (:confirmed::boolean IS NULL OR a.confirmed = :confirmed::boolean)
    AND (:q::text IS NULL OR position(lower(:q::text) IN lower(a.name)) > 0 OR EXISTS (
        SELECT FROM asset_name n
        WHERE n.company_id = :company_id AND n.asset_id = a.asset_id AND position(:q::text IN n.name) > 0
    ))
ORDER BY a.asset_id DESC
LIMIT :limit;

-- name: redirect!
-- What was merged into one asset is of the other now.
UPDATE asset SET merged_into = :into_id WHERE company_id = :company_id AND merged_into = :asset_id;

-- name: remove!
-- Remove an asset, and what was merged into it.
DELETE FROM asset WHERE company_id = :company_id AND (asset_id = :asset_id OR merged_into = :asset_id);

-- name: open_alerts$
-- How many alerts of an asset fire now, under any of its names; walks what fires (alert_state_firing).
SELECT count(*)
FROM alert_state s
JOIN alert a ON a.company_id = :company_id AND a.id = s.alert_id
JOIN asset_name n ON n.company_id = :company_id AND n.name = a.asset_name
WHERE s.company_id = :company_id AND s.status = 1 AND n.asset_id = :asset_id;
