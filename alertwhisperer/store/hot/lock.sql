-- Reads and locks everything that one batch can touch, and notes the sender's ids, in one round trip.
-- Arrays arrive sorted, so that two processes take rows in one order. Rides on the primary keys.
WITH pair AS (
    SELECT i.integration_id, i.company_id,
           (SELECT coalesce(max(r.version), 0) FROM rule_set r WHERE r.company_id = i.company_id) AS rules
    FROM unnest($1::uuid[], $2::uuid[]) u (c, i)
    JOIN integration i ON i.company_id = u.c AND i.integration_id = u.i AND i.removed_at IS NULL
), seen AS (
    INSERT INTO delivery_key (company_id, integration_id, sender, body, delivery_id, received_at)
    SELECT i.company_id, u.i, u.s, u.b, u.d, u.t
    FROM unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $7::uuid[], $8::timestamptz[]) u (c, i, s, b, d, t)
    JOIN integration i ON i.company_id = u.c AND i.integration_id = u.i
    ON CONFLICT DO NOTHING
    RETURNING delivery_id
), problem AS (
    SELECT s.*
    FROM unnest($9::uuid[], $10::uuid[]) WITH ORDINALITY u (c, p, o)
    JOIN alert_state s ON s.company_id = u.c AND s.problem = u.p
    ORDER BY u.o
    FOR NO KEY UPDATE OF s
), key AS (
    SELECT k.company_id, k.key, k.incident_id
    FROM unnest($11::uuid[], $12::uuid[]) u (c, k)
    JOIN correlation_key k ON k.company_id = u.c AND k.key = u.k
), wanted AS (
    SELECT company_id, incident_id FROM problem WHERE incident_id IS NOT NULL
    UNION
    SELECT company_id, incident_id FROM key
    ORDER BY 1, 2
), incident AS (
    SELECT n.*
    FROM wanted w
    JOIN incident_state n ON n.company_id = w.company_id AND n.incident_id = w.incident_id
    ORDER BY n.company_id, n.incident_id
    FOR NO KEY UPDATE OF n
)
SELECT 0 AS tag, integration_id AS id, company_id AS u1, NULL::uuid AS u2, NULL::uuid AS u3, NULL::uuid AS u4,
       rules AS i1, NULL::int AS i2, NULL::int AS i3, NULL::int AS i4, NULL::int AS i5, NULL::int AS i6,
       NULL::int AS i7, NULL::int AS i8, NULL::int AS i9, NULL::int AS i10,
       NULL::boolean AS b1, NULL::boolean AS b2, NULL::boolean AS b3,
       NULL::timestamptz AS t1, NULL::timestamptz AS t2, NULL::timestamptz AS t3, NULL::timestamptz AS t4
FROM pair
UNION ALL
SELECT 1, delivery_id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
       NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM seen
UNION ALL
SELECT 2, problem, alert_id, incident_id, cycle, content, status, severity, count, NULL, NULL, NULL, NULL, NULL, NULL,
       NULL, pinned, NULL, NULL, started_at, ended_at, last_seen_at, NULL FROM problem
UNION ALL
SELECT 3, key, incident_id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
       NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM key
UNION ALL
SELECT 4, incident_id, NULL, NULL, NULL, NULL, status, severity, window_s, hold_s, reopen_s, life_s, least_count, firing,
       alerts, occurrences, is_current, by_person, fixed_window, began_at, opened_at, activity_at, resolved_at
FROM incident
