-- name: insert!
-- Add contacts.
INSERT INTO contact (company_id, contact_id, name, role, email, phone, hours, preferred_channel, notes, site_id, created_at)
SELECT :company_id::uuid, u.contact_id, u.name, u.role, u.email, u.phone, u.hours, u.preferred_channel, u.notes, u.site_id,
    u.created_at
FROM jsonb_to_recordset(:rows::jsonb)
     AS u (contact_id uuid, name text, role text, email text, phone text, hours text, preferred_channel text, notes text,
           site_id uuid, created_at timestamptz);

-- name: update!
-- Change contacts.
UPDATE contact c
SET name = u.name, role = u.role, email = u.email, phone = u.phone, hours = u.hours,
    preferred_channel = u.preferred_channel, notes = u.notes, site_id = u.site_id
FROM jsonb_to_recordset(:rows::jsonb)
     AS u (contact_id uuid, name text, role text, email text, phone text, hours text, preferred_channel text, notes text,
           site_id uuid)
WHERE c.company_id = :company_id AND c.contact_id = u.contact_id;

-- name: read^
-- One contact.
SELECT c.contact_id AS id, c.name, c.role, c.email, c.phone, c.hours, c.preferred_channel, c.notes, c.site_id, c.created_at
FROM contact c
WHERE c.company_id = :company_id AND c.contact_id = :contact_id;

-- name: lock^
-- One contact, kept from other writers until the transaction ends.
SELECT c.contact_id AS id, c.name, c.role, c.email, c.phone, c.hours, c.preferred_channel, c.notes, c.site_id, c.created_at
FROM contact c
WHERE c.company_id = :company_id AND c.contact_id = :contact_id
FOR NO KEY UPDATE;

-- name: by_names
-- Contacts by their names in lower case; two may have one name, hence twice as many as are asked for.
SELECT c.contact_id AS id, c.name, c.role, c.email, c.phone, c.hours, c.preferred_channel, c.notes, c.site_id, c.created_at
FROM contact c
WHERE c.company_id = :company_id AND lower(c.name) = ANY (:names::text[])
ORDER BY lower(c.name), c.contact_id
LIMIT :limit;

-- name: page
-- A page of the contacts, newest first; rides on contact_pkey.
SELECT c.contact_id AS id, c.name, c.role, c.email, c.phone, c.hours, c.preferred_channel, c.notes, c.site_id, c.created_at
FROM contact c
WHERE c.company_id = :company_id AND (:before::uuid IS NULL OR c.contact_id < :before::uuid)
    AND (:site_id::uuid IS NULL OR c.site_id = :site_id::uuid)
    AND (:q::text IS NULL OR position(lower(:q::text) IN lower(c.name || ' ' || c.role || ' ' || c.email)) > 0)
ORDER BY c.contact_id DESC
LIMIT :limit;

-- name: to_call
-- Contacts of some sites, then those of no site, by name.
SELECT c.contact_id AS id, c.name, c.role, c.email, c.phone, c.hours, c.preferred_channel, c.notes, c.site_id, c.created_at
FROM contact c
WHERE c.company_id = :company_id AND (c.site_id IS NULL OR c.site_id = ANY (:site_ids::uuid[]))
ORDER BY c.site_id IS NULL, lower(c.name), c.contact_id
LIMIT :limit;

-- name: remove!
-- Remove a contact.
DELETE FROM contact WHERE company_id = :company_id AND contact_id = :contact_id;
