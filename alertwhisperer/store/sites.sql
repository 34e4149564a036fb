-- name: insert!
-- Add sites.
INSERT INTO site (company_id, site_id, name, time_zone, calendar, address, notes, created_at)
SELECT :company_id::uuid, u.site_id, u.name, u.time_zone, u.calendar, u.address, u.notes, u.created_at
FROM jsonb_to_recordset(:rows::jsonb)
     AS u (site_id uuid, name text, time_zone text, calendar jsonb, address text, notes text, created_at timestamptz);

-- name: update!
-- Change sites.
UPDATE site s
SET name = u.name, time_zone = u.time_zone, calendar = u.calendar, address = u.address, notes = u.notes
FROM jsonb_to_recordset(:rows::jsonb)
     AS u (site_id uuid, name text, time_zone text, calendar jsonb, address text, notes text)
WHERE s.company_id = :company_id AND s.site_id = u.site_id;

-- name: read^
-- One site.
SELECT s.site_id AS id, s.name, s.time_zone, s.calendar, s.address, s.notes, s.created_at
FROM site s
WHERE s.company_id = :company_id AND s.site_id = :site_id;

-- name: lock^
-- One site, kept from other writers until the transaction ends.
SELECT s.site_id AS id, s.name, s.time_zone, s.calendar, s.address, s.notes, s.created_at
FROM site s
WHERE s.company_id = :company_id AND s.site_id = :site_id
FOR NO KEY UPDATE;

-- name: among
-- Sites by their ids.
SELECT s.site_id AS id, s.name, s.time_zone, s.calendar, s.address, s.notes, s.created_at
FROM site s
WHERE s.company_id = :company_id AND s.site_id = ANY (:site_ids::uuid[])
ORDER BY s.site_id
LIMIT :limit;

-- name: by_names
-- Sites by their names in lower case; rides on site_name.
SELECT s.site_id AS id, s.name, s.time_zone, s.calendar, s.address, s.notes, s.created_at
FROM site s
WHERE s.company_id = :company_id AND lower(s.name) = ANY (:names::text[])
ORDER BY s.site_id
LIMIT :limit;

-- name: page
-- A page of the sites, newest first; rides on site_pkey.
SELECT s.site_id AS id, s.name, s.time_zone, s.calendar, s.address, s.notes, s.created_at
FROM site s
WHERE s.company_id = :company_id AND (:before::uuid IS NULL OR s.site_id < :before::uuid)
    AND (:q::text IS NULL OR position(lower(:q::text) IN lower(s.name)) > 0)
ORDER BY s.site_id DESC
LIMIT :limit;

-- name: vacate_assets!
-- The site is to go: nothing stands there any more. Rides on asset_site.
UPDATE asset SET site_id = NULL WHERE company_id = :company_id AND site_id = :site_id;

-- name: vacate_contacts!
-- Nobody is called there any more.
UPDATE contact SET site_id = NULL WHERE company_id = :company_id AND site_id = :site_id;

-- name: remove!
-- Remove a site.
DELETE FROM site WHERE company_id = :company_id AND site_id = :site_id;
