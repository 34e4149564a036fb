-- name: insert_refusals!
-- What was refused since the last time, by reason.
INSERT INTO refusal_count (company_id, id, at, reason, requests)
SELECT :company_id, u.id, :now, u.reason, u.requests
FROM unnest(:ids::uuid[], :reasons::text[], :requests::bigint[]) u (id, reason, requests);
