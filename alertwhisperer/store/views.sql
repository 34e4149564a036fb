-- name: insert!
-- Keep a view.
INSERT INTO saved_view (company_id, view_id, owner_id, name, address, shared, about_id, position, made_at)
VALUES (:company_id, :view_id, :owner_id, :name, :address, :shared, :about_id, :position, :made_at);

-- name: visible
-- A person's own views, and those shared with them. The guard bounds how many each person and each company has.
SELECT v.view_id AS id, v.owner_id, u.email AS owner, v.name, v.address, v.shared, v.about_id, v.position, v.made_at
FROM saved_view v
JOIN app_user u ON u.user_id = v.owner_id
WHERE v.company_id = :company_id
  AND (v.owner_id = :owner_id
       OR (v.shared AND (v.about_id = ANY (:served::uuid[]) OR (v.about_id IS NULL AND :is_of_msp::boolean))))
ORDER BY v.position, lower(v.name), v.view_id
LIMIT :limit;

-- name: lock^
-- One view, kept from other writers until the transaction ends.
SELECT v.view_id AS id, v.owner_id, u.email AS owner, v.name, v.address, v.shared, v.about_id, v.position, v.made_at
FROM saved_view v
JOIN app_user u ON u.user_id = v.owner_id
WHERE v.company_id = :company_id AND v.view_id = :view_id
FOR NO KEY UPDATE OF v;

-- name: count_own$
-- How many a person has that are not shared.
SELECT count(*) FROM saved_view v WHERE v.company_id = :company_id AND v.owner_id = :owner_id AND NOT v.shared;

-- name: count_shared$
-- How many are shared with the people of a company, or with the MSP's own where it is null.
SELECT count(*)
FROM saved_view v
WHERE v.company_id = :company_id AND v.shared AND v.about_id IS NOT DISTINCT FROM :about_id::uuid;

-- name: update!
-- Change a view.
UPDATE saved_view
SET name = :name, address = :address, shared = :shared, about_id = :about_id, position = :position
WHERE company_id = :company_id AND view_id = :view_id;

-- name: delete!
-- Forget a view.
DELETE FROM saved_view WHERE company_id = :company_id AND view_id = :view_id;
