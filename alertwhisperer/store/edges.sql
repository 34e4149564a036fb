-- name: insert!
-- Add edges; one that is there already stays. Rides on asset_edge_pair.
INSERT INTO asset_edge (company_id, edge_id, from_asset, to_asset, kind, added_by, added_at)
SELECT :company_id::uuid, u.edge_id, u.from_asset, u.to_asset, u.kind, u.added_by, u.added_at
FROM jsonb_to_recordset(:rows::jsonb)
     AS u (edge_id uuid, from_asset uuid, to_asset uuid, kind text, added_by text, added_at timestamptz)
ON CONFLICT DO NOTHING;

-- name: find^
-- The edge of one kind between two assets; rides on asset_edge_pair.
SELECT e.edge_id AS id, e.from_asset, e.to_asset, e.kind, e.added_by, e.added_at, f.name AS from_name, t.name AS to_name
FROM asset_edge e
JOIN asset f ON f.company_id = :company_id AND f.asset_id = e.from_asset
JOIN asset t ON t.company_id = :company_id AND t.asset_id = e.to_asset
WHERE e.company_id = :company_id AND e.from_asset = :from_asset AND e.to_asset = :to_asset AND e.kind = :kind;

-- name: read^
-- One edge.
SELECT e.edge_id AS id, e.from_asset, e.to_asset, e.kind, e.added_by, e.added_at, f.name AS from_name, t.name AS to_name
FROM asset_edge e
JOIN asset f ON f.company_id = :company_id AND f.asset_id = e.from_asset
JOIN asset t ON t.company_id = :company_id AND t.asset_id = e.to_asset
WHERE e.company_id = :company_id AND e.edge_id = :edge_id;

-- name: page
-- A page of the edges, newest first; rides on asset_edge_pkey, and of one asset on asset_edge_pair and asset_edge_to.
SELECT e.edge_id AS id, e.from_asset, e.to_asset, e.kind, e.added_by, e.added_at, f.name AS from_name, t.name AS to_name
FROM asset_edge e
JOIN asset f ON f.company_id = :company_id AND f.asset_id = e.from_asset
JOIN asset t ON t.company_id = :company_id AND t.asset_id = e.to_asset
WHERE e.company_id = :company_id AND (:before::uuid IS NULL OR e.edge_id < :before::uuid)
    AND (:asset_id::uuid IS NULL OR e.from_asset = :asset_id::uuid OR e.to_asset = :asset_id::uuid)
    AND (:kind::text IS NULL OR e.kind = :kind::text)
ORDER BY e.edge_id DESC
LIMIT :limit;

-- name: remove!
-- Remove an edge.
DELETE FROM asset_edge WHERE company_id = :company_id AND edge_id = :edge_id;

-- name: remove_of!
-- Remove all edges of an asset.
DELETE FROM asset_edge WHERE company_id = :company_id AND (from_asset = :asset_id OR to_asset = :asset_id);
