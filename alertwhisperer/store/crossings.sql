-- name: insert_crossing$
-- Somebody looks across companies; answers true once an hour for each kind of look. Rides on crossing_pkey.
INSERT INTO crossing (company_id, who, action, hour) VALUES (:company_id, :who, :action, :hour)
ON CONFLICT (company_id, who, action, hour) DO NOTHING
RETURNING true;

-- name: forget_crossings!
-- Hours that are over; the audit log has them. Rides on crossing_pkey.
DELETE FROM crossing WHERE company_id = :company_id AND who = :who AND action = :action AND hour < :hour;
