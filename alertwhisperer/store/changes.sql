-- name: announce$
-- Wake the processes that remember settings; sent at commit.
SELECT pg_notify(:channel, '');
