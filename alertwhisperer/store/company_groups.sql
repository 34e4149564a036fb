-- name: insert_group!
-- Add a group.
INSERT INTO company_group (company_id, group_id, name, created_at)
VALUES (:company_id, :group_id, :name, :created_at);

-- name: select_groups
-- All groups by name; the guard bounds how many there are.
SELECT group_id, name, created_at
FROM company_group
WHERE company_id = :company_id
ORDER BY lower(name), group_id
LIMIT 1000;

-- name: update_group!
-- Rename a group.
UPDATE company_group SET name = :name WHERE company_id = :company_id AND group_id = :group_id;

-- name: delete_group!
-- Remove a group.
DELETE FROM company_group WHERE company_id = :company_id AND group_id = :group_id;
