-- name: insert_tenant$
-- Enter a company's id into the list of all.
SELECT add_tenant(:company_id);

-- name: insert_company^
-- Make a company with the default limits.
INSERT INTO company (company_id, name, ref, group_id, created_at)
VALUES (:company_id, :name, :ref, :group_id, :created_at)
RETURNING company_id, name, time_zone, requests_per_minute, occurrences_per_minute, bytes_per_minute, created_at, ref,
    group_id;

-- name: select_company^
-- One company.
SELECT company_id, name, time_zone, requests_per_minute, occurrences_per_minute, bytes_per_minute, created_at, ref,
    group_id
FROM company
WHERE company_id = :company_id;

-- name: lock_company^
-- One company, kept from other writers until the transaction ends.
SELECT company_id, name, time_zone, requests_per_minute, occurrences_per_minute, bytes_per_minute, created_at, ref,
    group_id
FROM company
WHERE company_id = :company_id
FOR UPDATE;

-- name: update_company!
-- Change a company.
UPDATE company
SET name = :name, time_zone = :time_zone, requests_per_minute = :requests_per_minute,
    occurrences_per_minute = :occurrences_per_minute, bytes_per_minute = :bytes_per_minute, ref = :ref,
    group_id = :group_id
WHERE company_id = :company_id;

-- name: select_all_ids
-- The ids of all companies; no limit, since the scheduler must serve each of them.
SELECT company_id FROM all_companies() AS company_id ORDER BY company_id;

-- name: select_among
-- Several companies, newest first; the caller's transaction was given exactly these.
SELECT company_id, name, time_zone, requests_per_minute, occurrences_per_minute, bytes_per_minute, created_at, ref,
    group_id
FROM company
WHERE company_id = ANY(:companies::uuid[])
ORDER BY company_id DESC
LIMIT :limit;

-- name: mirror!
-- Repeat the zone and the limits that hold in several companies where the gateway reads them.
UPDATE company c
SET time_zone = u.time_zone, requests_per_minute = u.requests_per_minute,
    occurrences_per_minute = u.occurrences_per_minute, bytes_per_minute = u.bytes_per_minute
FROM unnest(:companies::uuid[], :zones::text[], :requests::int[], :occurrences::int[], :bytes::bigint[])
    u (company_id, time_zone, requests_per_minute, occurrences_per_minute, bytes_per_minute)
WHERE c.company_id = u.company_id;

-- name: with_ref$
-- The company that has this ref, among several; the caller's transaction sees these.
SELECT company_id FROM company WHERE company_id = ANY(:companies::uuid[]) AND ref = :ref LIMIT 1;

-- name: count_in_groups
-- How many of several companies are in each group.
SELECT group_id, count(*) AS companies
FROM company
WHERE company_id = ANY(:companies::uuid[]) AND group_id IS NOT NULL
GROUP BY group_id
ORDER BY group_id
LIMIT 1000;
