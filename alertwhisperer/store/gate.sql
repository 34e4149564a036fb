-- name: pass_of^
-- What the gateway must know to admit and parse for one integration (rides on the primary keys).
SELECT i.source, i.name, i.scheme, i.require_signature, i.secret, i.settings, i.version, i.route_by,
       c.requests_per_minute, c.occurrences_per_minute, c.bytes_per_minute
FROM integration i
JOIN company c ON c.company_id = i.company_id AND c.company_id = :company_id
WHERE i.company_id = :company_id AND i.integration_id = :integration_id AND i.removed_at IS NULL;

-- name: routes_of
-- The routing table of an MSP-wide integration; rides on its primary key. All of it: it is looked up in memory.
SELECT value, target FROM route WHERE company_id = :company_id AND integration_id = :integration_id
ORDER BY value LIMIT 100000;

-- name: targets_of
-- The companies that an MSP-wide integration serves, with what stands for it there and their limits; the caller's
-- transaction sees these companies. Rides on integration_shared.
SELECT i.company_id, i.integration_id, c.requests_per_minute, c.occurrences_per_minute, c.bytes_per_minute
FROM integration i
JOIN company c ON c.company_id = i.company_id
WHERE i.shared_id = :shared_id AND i.removed_at IS NULL AND i.company_id = ANY (:companies::uuid[])
ORDER BY i.company_id LIMIT 100000;

-- name: fill_bucket!
-- A company's buckets, full, when it has none yet.
INSERT INTO rate_bucket (company_id, requests, occurrences, bytes, filled_at)
VALUES (:company_id, :requests, :occurrences, :bytes, clock_timestamp())
ON CONFLICT DO NOTHING;

-- name: lease^
-- Takes a share of each bucket, as much as there is; leases run on the database's clock, which all processes share.
WITH level AS (
    SELECT least(:requests::float8, b.requests + :requests::float8 * e.passed) AS requests,
           least(:occurrences::float8, b.occurrences + :occurrences::float8 * e.passed) AS occurrences,
           least(:bytes::float8, b.bytes + :bytes::float8 * e.passed) AS bytes,
           e.at
    FROM rate_bucket b,
         LATERAL (SELECT t.at, greatest(extract(epoch FROM t.at - b.filled_at)::float8, 0) / 60 AS passed
                  FROM (SELECT clock_timestamp() AS at) t) e
    WHERE b.company_id = :company_id
    FOR UPDATE OF b
), share AS (
    SELECT level.*, floor(greatest(least(level.requests, :want_requests::float8), 0)) AS got_requests,
           greatest(least(level.occurrences, :want_occurrences::float8), 0) AS got_occurrences,
           greatest(least(level.bytes, :want_bytes::float8), 0) AS got_bytes
    FROM level
)
UPDATE rate_bucket b
SET requests = share.requests - share.got_requests, occurrences = share.occurrences - share.got_occurrences,
    bytes = share.bytes - share.got_bytes, filled_at = share.at
FROM share
WHERE b.company_id = :company_id
RETURNING share.got_requests AS requests, share.got_occurrences AS occurrences, share.got_bytes AS bytes,
          b.requests AS left_requests, b.occurrences AS left_occurrences, b.bytes AS left_bytes;
