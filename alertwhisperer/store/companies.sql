-- name: insert_tenant$
-- Enter a company's id into the list of all.
SELECT add_tenant(:company_id);

-- name: insert_company^
-- Make a company with the default limits.
INSERT INTO company (company_id, name, time_zone, created_at)
VALUES (:company_id, :name, :time_zone, :created_at)
RETURNING company_id, name, time_zone, requests_per_minute, occurrences_per_minute, bytes_per_minute, created_at;

-- name: select_company^
-- One company.
SELECT company_id, name, time_zone, requests_per_minute, occurrences_per_minute, bytes_per_minute, created_at
FROM company
WHERE company_id = :company_id;

-- name: lock_company^
-- One company, kept from other writers until the transaction ends.
SELECT company_id, name, time_zone, requests_per_minute, occurrences_per_minute, bytes_per_minute, created_at
FROM company
WHERE company_id = :company_id
FOR UPDATE;

-- name: update_company!
-- Change a company.
UPDATE company
SET name = :name, time_zone = :time_zone, requests_per_minute = :requests_per_minute,
    occurrences_per_minute = :occurrences_per_minute, bytes_per_minute = :bytes_per_minute
WHERE company_id = :company_id;

-- name: select_all_ids
-- The ids of all companies; no limit, since the scheduler must serve each of them.
SELECT company_id FROM all_companies() AS company_id ORDER BY company_id;

-- name: select_among
-- Several companies, newest first; the caller's transaction was given exactly these.
SELECT company_id, name, time_zone, requests_per_minute, occurrences_per_minute, bytes_per_minute, created_at
FROM company
WHERE company_id = ANY(:companies::uuid[])
ORDER BY company_id DESC
LIMIT :limit;
