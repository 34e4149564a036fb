-- Units leave the MSP's quarantine and its books: they are counted where they go, in this same transaction. The delivery
-- that brought them stays. Rides on the primary keys.
WITH unit AS (
    UPDATE quarantine SET state = 'rerun', settled_at = $3, settled_by = $4
    WHERE company_id = $1 AND id = ANY ($2::uuid[]) AND state = 'waiting'
    RETURNING id, delivery_id
), gone AS (
    DELETE FROM occurrence o USING unit WHERE o.company_id = $1 AND o.id = unit.id
), per AS (
    SELECT delivery_id, count(*)::int AS units FROM unit GROUP BY delivery_id
), delivery AS (
    UPDATE delivery d SET received = d.received - per.units FROM per WHERE d.company_id = $1 AND d.id = per.delivery_id
), counted AS (
    INSERT INTO ledger_count (company_id, id, at, received, quarantined)
    SELECT $1, $5, $3, -count(*), -count(*) FROM unit HAVING count(*) > 0
)
SELECT id FROM unit
