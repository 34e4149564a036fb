-- name: people
-- How many people there are in each role, and how many of them have a second factor; people belong to the installation.
SELECT u.role, count(*) AS people, count(f.user_id) AS with_second_factor
FROM app_user u
LEFT JOIN second_factor f ON f.user_id = u.user_id AND f.confirmed_at IS NOT NULL
WHERE u.removed_at IS NULL
GROUP BY u.role
ORDER BY u.role
LIMIT 100;

-- name: tokens^
-- Live personal tokens: how many, the oldest, the one that lives longest; tokens belong to the installation.
SELECT count(*) AS live, min(t.created_at) AS oldest, max(t.expires_at) AS last_expiry,
       count(*) FILTER (WHERE '*' = ANY (t.scopes)) AS unlimited
FROM api_token t
JOIN app_user u ON u.user_id = t.user_id AND u.removed_at IS NULL
WHERE t.revoked_at IS NULL AND t.expires_at > :now;

-- name: integrations^
-- A company's integrations: how many, how many demand a signature, live keys and the oldest; rides on the primary keys.
SELECT count(*) AS integrations, count(*) FILTER (WHERE i.require_signature) AS signed,
       coalesce(sum(k.live), 0)::bigint AS keys, min(k.oldest) AS oldest_key
FROM integration i
LEFT JOIN LATERAL (
    SELECT count(*) AS live, min(created_at) AS oldest FROM integration_key
    WHERE company_id = :company_id AND integration_id = i.integration_id AND revoked_at IS NULL
) k ON true
WHERE i.company_id = :company_id AND i.removed_at IS NULL;
