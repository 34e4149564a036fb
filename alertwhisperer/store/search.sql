-- name: companies
-- Companies by a part of their name or of the MSP's own name for them, or by the beginning of their id. They are few
-- enough to be looked at all.
SELECT c.company_id, c.name, c.ref,
       CASE WHEN c.company_id BETWEEN :low::uuid AND :high::uuid OR lower(c.name) = :text OR lower(c.ref) = :text THEN 0
            WHEN lower(c.name) LIKE :beginning THEN 1 ELSE 2 END AS rank
FROM company c
WHERE c.company_id = ANY (:companies::uuid[])
  AND (c.company_id BETWEEN :low::uuid AND :high::uuid OR lower(c.name) LIKE ALL (:parts::text[])
       OR lower(c.ref) LIKE :beginning)
ORDER BY rank, lower(c.name), c.company_id
LIMIT :limit;

-- name: incidents
-- Incidents by their number, by the beginning of their id (both rank 0), or by words of their title among the newest of
-- the installation: text cannot be looked up in an index that a policy stands before. Rides on incident_number_given and
-- on the primary key.
SELECT i.company_id, i.id, i.number, i.title, i.opened_at, i.acknowledged_at IS NOT NULL AS acknowledged, s.status,
       s.severity, s.firing, f.rank
FROM (
    SELECT n.company_id, n.id, 0 AS rank
    FROM incident n
    WHERE n.number = :number::bigint AND n.company_id = ANY (:companies::uuid[])
    UNION ALL
    SELECT c.id, k.id, 0
    FROM unnest(:companies::uuid[]) AS c (id)
    CROSS JOIN LATERAL (
        SELECT x.id FROM incident x
        WHERE x.company_id = c.id AND x.id >= :low::uuid AND x.id <= :high::uuid
        ORDER BY x.id LIMIT :limit
    ) AS k
    UNION ALL
    SELECT t.company_id, t.id, 2
    FROM (
        SELECT y.company_id, y.id
        FROM incident y
        WHERE y.number > :beyond::bigint AND y.company_id = ANY (:companies::uuid[])
          AND lower(y.title) LIKE ALL (:parts::text[])
        ORDER BY y.number DESC
        LIMIT :limit
    ) AS t
) AS f
JOIN incident i ON i.company_id = f.company_id AND i.id = f.id
JOIN incident_state s ON s.company_id = f.company_id AND s.incident_id = f.id AND s.status >= 2
ORDER BY f.rank, s.status = 2 DESC, i.id DESC, i.company_id
LIMIT :limit;

-- name: newest_incident$
-- The highest number of an incident of these companies. Rides on incident_number_given, highest first.
SELECT i.number
FROM incident i
WHERE i.company_id = ANY (:companies::uuid[])
ORDER BY i.number DESC
LIMIT 1;

-- name: assets
-- Assets by the beginning of their id, and by their names: a whole one (rank 0), the beginning of one, a part of one.
-- Beginnings ride on asset_name_pkey; parts are looked for among all names of the companies.
SELECT a.company_id, a.asset_id, a.name, a.kind, a.platform, f.rank, f.shown
FROM (
    SELECT c.id AS company_id, k.asset_id, 0 AS rank, '' AS shown
    FROM unnest(:companies::uuid[]) AS c (id)
    CROSS JOIN LATERAL (
        SELECT x.asset_id FROM asset x
        WHERE x.company_id = c.id AND x.asset_id >= :low::uuid AND x.asset_id <= :high::uuid
        ORDER BY x.asset_id LIMIT :limit
    ) AS k
    UNION ALL
    SELECT c.id, b.asset_id, CASE WHEN b.name = :canonical THEN 0 ELSE 1 END, b.shown
    FROM unnest(:companies::uuid[]) AS c (id)
    CROSS JOIN LATERAL (
        SELECT y.asset_id, y.name, y.shown FROM asset_name y
        WHERE y.company_id = c.id AND y.name >= :canonical AND y.name < :canonical_end AND y.asset_id IS NOT NULL
        ORDER BY y.name LIMIT :limit
    ) AS b
    UNION ALL
    SELECT p.company_id, p.asset_id, 2, p.shown
    FROM (
        SELECT z.company_id, z.asset_id, z.shown FROM asset_name z
        WHERE z.company_id = ANY (:companies::uuid[]) AND z.asset_id IS NOT NULL AND z.name LIKE ALL (:parts::text[])
        LIMIT :limit
    ) AS p
) AS f
JOIN asset a ON a.company_id = f.company_id AND a.asset_id = f.asset_id AND a.merged_into IS NULL
ORDER BY f.rank, lower(a.name), a.company_id, a.asset_id
LIMIT :limit;

-- name: contacts
-- Contacts by a part of their name, e-mail or telephone number, or by the beginning of their id. They are few enough to
-- be looked at all.
SELECT k.company_id, k.contact_id, k.name, k.role, k.email, k.phone,
       CASE WHEN k.contact_id BETWEEN :low::uuid AND :high::uuid OR lower(k.name) = :text OR lower(k.email) = :text THEN 0
            WHEN lower(k.name) LIKE :beginning THEN 1 ELSE 2 END AS rank
FROM contact k
WHERE k.company_id = ANY (:companies::uuid[])
  AND (k.contact_id BETWEEN :low::uuid AND :high::uuid
       OR lower(k.name || ' ' || k.email || ' ' || k.phone) LIKE ALL (:parts::text[]))
ORDER BY rank, lower(k.name), k.company_id, k.contact_id
LIMIT :limit;

-- name: integrations
-- Integrations by a part of their name or by their tool, or by the beginning of their id. They are few enough to be
-- looked at all.
SELECT g.company_id, g.integration_id, g.name, g.source,
       CASE WHEN g.integration_id BETWEEN :low::uuid AND :high::uuid OR lower(g.name) = :text THEN 0
            WHEN lower(g.name) LIKE :beginning THEN 1 ELSE 2 END AS rank
FROM integration g
WHERE g.company_id = ANY (:companies::uuid[]) AND g.removed_at IS NULL
  AND (g.integration_id BETWEEN :low::uuid AND :high::uuid
       OR lower(g.name || ' ' || g.source) LIKE ALL (:parts::text[]))
ORDER BY rank, lower(g.name), g.company_id, g.integration_id
LIMIT :limit;

-- name: listening
-- The integrations whose tools may know a thing by its id; removed ones too, for their alerts are still there.
SELECT g.company_id, g.integration_id
FROM integration g
WHERE g.company_id = ANY (:companies::uuid[])
ORDER BY g.integration_id, g.company_id
LIMIT :limit;

-- name: alerts
-- Alerts by the beginning of their id, by the id that their tool gives to what fires (both rank 0), or the newest of an
-- asset by its whole name. Rides on the primary keys, and for the asset on alert_asset_name.
SELECT a.company_id, a.id, a.asset, a.signature, a.message, a.source, coalesce(s.status, a.status) AS status,
       coalesce(s.last_seen_at, a.last_seen_at) AS last_seen_at, f.rank
FROM (
    SELECT c.id AS company_id, k.id, 0 AS rank
    FROM unnest(:companies::uuid[]) AS c (id)
    CROSS JOIN LATERAL (
        SELECT x.id FROM alert x
        WHERE x.company_id = c.id AND x.id >= :low::uuid AND x.id <= :high::uuid
        ORDER BY x.id LIMIT :limit
    ) AS k
    UNION ALL
    SELECT e.company_id, e.alert_id, 0
    FROM unnest(:owners::uuid[], :problems::uuid[]) AS p (company_id, problem)
    JOIN alert_state e ON e.company_id = p.company_id AND e.problem = p.problem
    WHERE e.alert_id IS NOT NULL
    UNION ALL
    SELECT n.company_id, n.id, 2
    FROM (
        SELECT y.company_id, y.id FROM alert y
        WHERE y.asset_name = :canonical AND y.company_id = ANY (:companies::uuid[])
        ORDER BY y.id DESC LIMIT :newest
    ) AS n
) AS f
JOIN alert a ON a.company_id = f.company_id AND a.id = f.id
LEFT JOIN alert_state s ON s.company_id = f.company_id AND s.problem = a.problem AND s.alert_id = a.id
ORDER BY f.rank, a.id DESC, a.company_id
LIMIT :limit;
