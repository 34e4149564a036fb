-- name: enter$
-- One writer of names a company at a time, until the transaction ends: the rules' aliases are made of all of them.
SELECT pg_advisory_xact_lock(hashtextextended('asset_name ' || (:company_id::uuid)::text, 0));

-- name: among
-- Names with their assets, as they are; rides on asset_name_pkey.
SELECT n.name, n.asset_id, n.shown, n.origin, n.source, n.added_at
FROM asset_name n
WHERE n.company_id = :company_id AND n.name = ANY (:names::text[])
ORDER BY n.name
LIMIT :limit;

-- name: of_asset
-- The names of one asset; rides on asset_name_asset.
SELECT n.name, n.asset_id, n.shown, n.origin, n.source, n.added_at
FROM asset_name n
WHERE n.company_id = :company_id AND n.asset_id = :asset_id
ORDER BY n.name
LIMIT :limit;

-- name: of_same_asset
-- All names of the asset that has this name.
SELECT o.name
FROM asset_name n
JOIN asset_name o ON o.company_id = :company_id AND o.asset_id = n.asset_id
WHERE n.company_id = :company_id AND n.name = :name
ORDER BY o.name
LIMIT :limit;

-- name: unknown
-- Names that no asset has yet.
SELECT n.name, n.asset_id, n.shown, n.origin, n.source, n.added_at
FROM asset_name n
WHERE n.company_id = :company_id AND n.asset_id IS NULL
ORDER BY n.name
LIMIT :limit;

-- name: companies_with_unknown
-- Companies that have such names; ids only.
SELECT company_id FROM companies_with_unknown_assets() AS company_id ORDER BY company_id;

-- name: aliases
-- Every name that is not its asset's own, with the own one.
SELECT n.name, o.name AS own
FROM asset_name n
JOIN asset_name o ON o.company_id = :company_id AND o.asset_id = n.asset_id AND o.origin = 'own'
WHERE n.company_id = :company_id AND n.asset_id IS NOT NULL AND n.origin <> 'own'
ORDER BY n.name
LIMIT :limit;

-- name: put!
-- Give names to assets; sorted, since alerts may be bringing the same ones.
INSERT INTO asset_name (company_id, name, asset_id, shown, origin, source, added_at)
SELECT :company_id::uuid, u.name, u.asset_id, u.shown, u.origin, u.source, u.added_at
FROM jsonb_to_recordset(:rows::jsonb)
     AS u (name text, asset_id uuid, shown text, origin text, source text, added_at timestamptz)
ORDER BY u.name COLLATE "C"
ON CONFLICT (company_id, name) DO UPDATE
SET asset_id = EXCLUDED.asset_id, shown = EXCLUDED.shown, origin = EXCLUDED.origin;

-- name: move!
-- The names of one asset are the other's now.
UPDATE asset_name SET asset_id = :into_id, origin = 'merged' WHERE company_id = :company_id AND asset_id = :asset_id;

-- name: remove!
-- Forget a name.
DELETE FROM asset_name WHERE company_id = :company_id AND name = :name;

-- name: remove_of!
-- Forget the names of an asset.
DELETE FROM asset_name WHERE company_id = :company_id AND asset_id = :asset_id;
