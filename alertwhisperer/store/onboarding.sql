-- name: own_integrations
-- The integrations in use of several companies that have keys of their own, oldest first; the caller's transaction sees
-- these companies. Rides on integration_pkey.
SELECT company_id, source, name
FROM integration
WHERE company_id = ANY(:companies::uuid[]) AND removed_at IS NULL AND shared_id IS NULL AND source <> :not_source
ORDER BY company_id, integration_id
LIMIT 1000000;
