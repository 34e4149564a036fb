-- name: own
-- The company's own runbooks. Rides on company_runbook_pkey.
SELECT r.slug, r.version, r.body, r.set_by, r.set_at FROM company_runbook r
WHERE r.company_id = :company_id
ORDER BY r.slug
LIMIT :limit;

-- name: put_own!
-- Keep a runbook of the company's, in place of the one of its name.
INSERT INTO company_runbook (company_id, slug, version, body, set_by, set_at)
VALUES (:company_id, :slug, :version, :body, :set_by, :now)
ON CONFLICT (company_id, slug) DO UPDATE
SET version = EXCLUDED.version, body = EXCLUDED.body, set_by = EXCLUDED.set_by, set_at = EXCLUDED.set_at;

-- name: remove_own$
-- Forget a runbook of the company's.
DELETE FROM company_runbook r WHERE r.company_id = :company_id AND r.slug = :slug RETURNING r.version;

-- name: overrides
-- What the company wants otherwise. Rides on runbook_override_pkey.
SELECT o.slug, o.risk, o.disabled, o.parameters, o.allowed, o.note, o.set_by, o.set_at FROM runbook_override o
WHERE o.company_id = :company_id
ORDER BY o.slug
LIMIT :limit;

-- name: put_override!
-- Want something otherwise, in place of what was wanted before.
INSERT INTO runbook_override (company_id, slug, risk, disabled, parameters, allowed, note, set_by, set_at)
VALUES (:company_id, :slug, :risk, :disabled, :parameters::jsonb, :allowed::jsonb, :note, :set_by, :now)
ON CONFLICT (company_id, slug) DO UPDATE
SET risk = EXCLUDED.risk, disabled = EXCLUDED.disabled, parameters = EXCLUDED.parameters, allowed = EXCLUDED.allowed,
    note = EXCLUDED.note, set_by = EXCLUDED.set_by, set_at = EXCLUDED.set_at;

-- name: remove_override$
-- Want nothing otherwise any more.
DELETE FROM runbook_override o WHERE o.company_id = :company_id AND o.slug = :slug RETURNING o.disabled;
