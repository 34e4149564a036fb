-- name: companies
-- What companies are called, in the order in which people look for them. Rides on the primary key.
SELECT c.company_id, c.name
FROM company c
WHERE c.company_id = ANY (:companies::uuid[])
ORDER BY lower(c.name), c.company_id
LIMIT :limit;

-- name: open
-- How many incidents are open, by company and severity, and how many of these burn: nobody took or snoozed them. Rides on
-- incident_state_attention.
SELECT s.company_id, s.severity, count(*) AS amount,
       count(*) FILTER (WHERE s.severity = 5 AND s.firing > 0 AND s.attention = 1) AS untaken
FROM incident_state s
WHERE s.company_id = ANY (:companies::uuid[]) AND s.status = 2
GROUP BY s.company_id, s.severity
ORDER BY s.company_id, s.severity
LIMIT 100000;

-- name: untaken_criticals
-- Critical incidents that fire and that nobody took or snoozed, the oldest first. Rides on incident_state_attention.
SELECT i.company_id, i.id, i.number
FROM incident_state s
JOIN incident i ON i.company_id = s.company_id AND i.id = s.incident_id
WHERE s.company_id = ANY (:companies::uuid[]) AND s.status = 2 AND s.severity = 5 AND s.firing > 0
  AND s.attention = 1
ORDER BY i.id, i.company_id
LIMIT :limit;

-- name: worst
-- The worst open incidents of each company that are not snoozed, of equal ones the oldest, with the asset of the first
-- alert among a few hundred. Rides on incident_state_attention, and for the assets on alert_incident.
SELECT w.company_id, w.id, w.number, w.title, w.severity, w.acknowledged, w.firing, w.assignee, w.opened_at, m.asset
FROM unnest(:companies::uuid[]) AS c (id)
CROSS JOIN LATERAL (
    SELECT i.company_id, i.id, i.number, i.title, s.severity, i.acknowledged_at IS NOT NULL AS acknowledged, s.firing,
           i.assignee, i.opened_at
    FROM (
        SELECT x.incident_id, x.severity, x.firing
        FROM incident_state x
        WHERE x.company_id = c.id AND x.status = 2 AND x.attention IN (1, 2)
        ORDER BY x.severity DESC, x.incident_id
        LIMIT :each
    ) AS s
    JOIN incident i ON i.company_id = c.id AND i.id = s.incident_id
) AS w
LEFT JOIN LATERAL (
    SELECT few.asset
    FROM (
        SELECT a.id, a.asset FROM alert a WHERE a.company_id = w.company_id AND a.incident_id = w.id LIMIT :depth
    ) AS few
    ORDER BY few.id
    LIMIT 1
) AS m ON true
ORDER BY w.company_id, w.severity DESC, w.id
LIMIT 100000;

-- name: bars
-- Firing occurrences of the last while in steps of three minutes, and when the last of them came: to the minute where
-- they are folded. Rides on ledger_count_at and on the primary key of ledger_minute.
SELECT x.company_id, floor(extract(epoch FROM x.at - :start::timestamptz) / 180)::integer AS place,
       sum(x.firing)::bigint AS firing, max(x.at) FILTER (WHERE x.firing > 0) AS last_at
FROM (
    SELECT l.company_id, l.at, l.firing
    FROM ledger_count l
    WHERE l.company_id = ANY (:companies::uuid[]) AND l.at >= :start::timestamptz AND l.at < :finish::timestamptz
    UNION ALL
    SELECT m.company_id, m.at, m.firing
    FROM ledger_minute m
    WHERE m.company_id = ANY (:companies::uuid[]) AND m.at >= :start::timestamptz AND m.at < :finish::timestamptz
) AS x
GROUP BY 1, 2
ORDER BY 1, 2
LIMIT 100000;

-- name: newest_alerts
-- When the newest alert of each company was last seen firing. Rides on the primary key, newest id first.
SELECT c.id AS company_id, n.last_seen_at
FROM unnest(:companies::uuid[]) AS c (id)
CROSS JOIN LATERAL (
    SELECT coalesce(s.last_seen_at, a.last_seen_at) AS last_seen_at
    FROM alert a
    LEFT JOIN alert_state s ON s.company_id = c.id AND s.problem = a.problem AND s.alert_id = a.id
    WHERE a.company_id = c.id
    ORDER BY a.id DESC
    LIMIT 1
) AS n
ORDER BY c.id
LIMIT 100000;

-- name: same_hours
-- Firing occurrences of each given period, by company: of the quarters of an hour that begin in it, and of what is not
-- folded. Rides on the primary key of alert_quarter and on ledger_count_at; ends are given, for what is computed here
-- counts as leaky under row-level security and would keep off the index.
SELECT c.id AS company_id, p.place, h.firing
FROM unnest(:companies::uuid[]) AS c (id)
CROSS JOIN unnest(:starts::timestamptz[], :finishes::timestamptz[]) WITH ORDINALITY AS p (start, finish, place)
CROSS JOIN LATERAL (
    SELECT sum(x.firing)::bigint AS firing
    FROM (
        SELECT q.total_alerts AS firing
        FROM alert_quarter q
        WHERE q.company_id = c.id AND q.start >= p.start AND q.start < p.finish
        UNION ALL
        SELECT l.firing
        FROM ledger_count l
        WHERE l.company_id = c.id AND l.at >= p.start AND l.at < p.finish
    ) AS x
) AS h
WHERE h.firing > 0
ORDER BY c.id, p.place
LIMIT 100000;

-- name: first_counted
-- When anything was counted first, by company: to the quarter of an hour where it is folded. Rides on the primary key of
-- alert_quarter and on ledger_count_at.
SELECT c.id AS company_id, min(f.at) AS at
FROM unnest(:companies::uuid[]) AS c (id)
CROSS JOIN LATERAL (
    (SELECT q.start AS at FROM alert_quarter q WHERE q.company_id = c.id ORDER BY q.start LIMIT 1)
    UNION ALL
    (SELECT l.at FROM ledger_count l WHERE l.company_id = c.id ORDER BY l.at LIMIT 1)
) AS f
GROUP BY c.id
ORDER BY c.id
LIMIT 100000;

-- name: approvals^
-- How many questions wait for an answer, and when the first of them lapses. Rides on approval_state.
SELECT count(*) AS amount, min(a.expires_at) AS first_expires_at
FROM approval a
WHERE a.company_id = ANY (:companies::uuid[]) AND a.state = 'asked' AND a.expires_at > :now::timestamptz;
