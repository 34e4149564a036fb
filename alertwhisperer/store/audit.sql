-- name: insert_entry!
-- Record an act.
INSERT INTO audit_log (company_id, id, at, actor, action, subject, detail)
VALUES (:company_id, :id, :at, :actor, :action, :subject, :detail);

-- name: select_entries
-- A page of one company's log, newest first; rides on audit_log_pkey.
SELECT company_id, id, at, actor, action, subject, detail
FROM audit_log
WHERE company_id = :company_id AND (:before::uuid IS NULL OR id < :before)
ORDER BY id DESC
LIMIT :limit;
