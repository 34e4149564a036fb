-- name: insert_refusals!
-- What was refused since the last time, by integration and reason.
INSERT INTO refusal_count (company_id, id, at, integration_id, reason, requests)
SELECT :company_id, u.id, :now, u.integration_id, u.reason, u.requests
FROM unnest(:ids::uuid[], :integrations::uuid[], :reasons::text[], :requests::bigint[])
    u (id, integration_id, reason, requests);
