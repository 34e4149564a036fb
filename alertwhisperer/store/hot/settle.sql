-- A quarantined delivery is read again: its unit leaves, its members come with the batch that follows in this
-- transaction. Nothing is returned when the unit does not wait any more. Rides on the primary keys.
WITH unit AS (
    UPDATE quarantine SET state = 'rerun', settled_at = $4, settled_by = $5
    WHERE company_id = $1 AND id = $2 AND state = 'waiting'
    RETURNING delivery_id
), gone AS (
    DELETE FROM occurrence o USING unit WHERE o.company_id = $1 AND o.id = $2
), delivery AS (
    UPDATE delivery d SET status = 1, received = $3, parser = $6, settings_version = $7
    FROM unit WHERE d.company_id = $1 AND d.id = unit.delivery_id
)
INSERT INTO ledger_count (company_id, id, at, received, quarantined) SELECT $1, $8, $4, -1, -1 FROM unit
RETURNING 1
