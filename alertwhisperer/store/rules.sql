-- name: current^
-- The newest version of the company's rules. Rides on the primary key, backwards.
SELECT r.version, r.rules, r.aliases, r.windows FROM rule_set r WHERE r.company_id = :company_id
ORDER BY r.version DESC LIMIT 1;

-- name: by_version^
-- One version of the company's rules.
SELECT r.version, r.rules, r.aliases, r.windows FROM rule_set r
WHERE r.company_id = :company_id AND r.version = :version;

-- name: add!
-- Keep the next version of the company's rules.
INSERT INTO rule_set (company_id, version, rules, aliases, windows, created_by, created_at)
VALUES (:company_id, :version, :rules, :aliases, :windows, :created_by, :now);

-- name: versions
-- Who changed the rules when, newest first.
SELECT r.version, r.created_by, r.created_at FROM rule_set r
WHERE r.company_id = :company_id AND (:before::integer IS NULL OR r.version < :before::integer)
ORDER BY r.version DESC
LIMIT :limit;
