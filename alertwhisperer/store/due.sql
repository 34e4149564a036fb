-- name: add!
-- Something is to be done at a moment; a later call moves it.
INSERT INTO due_work (company_id, kind, subject, due_at) VALUES (:company_id, :kind, :subject, :due_at)
ON CONFLICT (company_id, kind, subject) DO UPDATE SET due_at = EXCLUDED.due_at, attempts = 0;

-- name: take^
-- One piece of due work, locked; others pass it by (rides on due_work_due; ids only, so no company is needed).
SELECT company_id, kind, subject, attempts
FROM due_work
WHERE due_at <= :now AND kind = :kind
ORDER BY due_at
LIMIT 1
FOR UPDATE SKIP LOCKED;

-- name: times
-- When some pieces of work are due.
SELECT subject, due_at FROM due_work
WHERE company_id = :company_id AND kind = :kind AND subject = ANY (:subjects::uuid[])
ORDER BY subject LIMIT 1000;

-- name: done!
-- It is done.
DELETE FROM due_work WHERE company_id = :company_id AND kind = :kind AND subject = :subject;

-- name: done_by_lease!
-- It is done, unless somebody asked for it again after the lease was taken.
DELETE FROM due_work WHERE company_id = :company_id AND kind = :kind AND subject = :subject AND due_at = :due_at;

-- name: postpone!
-- It is to be looked at again.
UPDATE due_work SET due_at = :due_at, attempts = attempts + 1
WHERE company_id = :company_id AND kind = :kind AND subject = :subject;

-- name: put_off!
-- It is to be looked at later, unless it was asked for since it was taken: its time is past then.
UPDATE due_work SET due_at = :due_at
WHERE company_id = :company_id AND kind = :kind AND subject = :subject AND due_at > :now;

-- name: ahead
-- Of some pieces of work those that are due later; what a worker has in hand is passed by (rides on the primary key).
SELECT subject FROM due_work
WHERE company_id = :company_id AND kind = :kind AND subject = ANY (:subjects::uuid[]) AND due_at > :now
ORDER BY subject LIMIT 100000
FOR UPDATE SKIP LOCKED;

-- name: hasten!
-- They are due now.
UPDATE due_work SET due_at = :now, attempts = 0
WHERE company_id = :company_id AND kind = :kind AND subject = ANY (:subjects::uuid[]);

-- name: enter$
-- The rest of this transaction sees the work's company.
SELECT set_config('alertwhisperer.companies', '{' || (:company_id::uuid)::text || '}', true);
