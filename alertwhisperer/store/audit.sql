-- name: insert_entry$
-- Record an act, unless one of the keys that it was sealed with is gone (an erasure in between); answers its id. Rides on
-- audit_key_pkey.
WITH entered AS (
    INSERT INTO audit_entry (company_id, id, at, action, resource_kind, resource_id, actor_kind, actor_id, incident_id,
                             trace_id, subject, who, what, who_commitment, what_commitment, who_mark, what_mark)
    SELECT :company_id, :id, :at, :action, :resource_kind, :resource_id, :actor_kind, :actor_id, :incident_id, :trace_id,
           :subject, :who, :what, :who_commitment, :what_commitment, :who_mark, :what_mark
    WHERE EXISTS (SELECT FROM audit_key WHERE company_id = :company_id AND subject = :who_subject AND mark = :who_mark)
      AND EXISTS (SELECT FROM audit_key WHERE company_id = :company_id AND subject = :subject AND mark = :what_mark)
    RETURNING company_id, id
)
INSERT INTO audit_pending (company_id, entry_id, at) SELECT company_id, id, :at FROM entered
RETURNING entry_id;

-- name: select_keys
-- The sealed keys of some subjects of a company; rides on audit_key_pkey.
SELECT subject, mark, sealed FROM audit_key
WHERE company_id = :company_id AND subject = ANY (:subjects::uuid[])
ORDER BY subject
LIMIT 10000;

-- name: select_two_keys
-- The same for the two that one entry needs; without an array, which hot connections encode in their own way.
SELECT subject, mark, sealed FROM audit_key
WHERE company_id = :company_id AND subject IN (:person, :subject)
ORDER BY subject
LIMIT 2;

-- name: insert_key!
-- A subject's key, unless another process made one meanwhile.
INSERT INTO audit_key (company_id, subject, mark, sealed, made_at)
VALUES (:company_id, :subject, :mark, :sealed, :made_at)
ON CONFLICT (company_id, subject) DO NOTHING;

-- name: delete_key$
-- Destroy a subject's key; answers its mark.
DELETE FROM audit_key WHERE company_id = :company_id AND subject = :subject RETURNING mark;

-- name: delete_keys!
-- Destroy every key of a company.
DELETE FROM audit_key WHERE company_id = :company_id;

-- name: select_entries
-- A page of one company's log, newest first; a null filter takes all. Rides on the primary key, or on the index of the
-- filter that is given.
SELECT company_id, id, at, action, resource_kind, resource_id, actor_kind, actor_id, incident_id, trace_id, subject, who,
       what, who_commitment, what_commitment, who_mark, what_mark
FROM audit_entry
WHERE company_id = :company_id
  AND (:before::uuid IS NULL OR id < :before::uuid)
  AND (:first::uuid IS NULL OR id >= :first::uuid)
  AND (:past::uuid IS NULL OR id < :past::uuid)
  AND (:actor_ids::uuid[] IS NULL OR actor_id = ANY (:actor_ids::uuid[]))
  AND (:actor_kind::text IS NULL OR actor_kind = :actor_kind::text)
  AND (:action::text IS NULL OR action = :action::text)
  AND (:resource_kind::text IS NULL OR resource_kind = :resource_kind::text)
  AND (:resource_id::text IS NULL OR resource_id = :resource_id::text)
  AND (:incident_id::uuid IS NULL OR incident_id = :incident_id::uuid)
  AND (:since::timestamptz IS NULL OR at >= :since::timestamptz)
  AND (:until::timestamptz IS NULL OR at < :until::timestamptz)
ORDER BY id DESC
LIMIT :limit;

-- name: count_entries$
-- How many entries a company's log has; rides on the primary key.
SELECT count(*) FROM audit_entry WHERE company_id = :company_id;

-- name: count_sealed_for$
-- How many entries of a company are sealed for a person, while there is a key; rides on audit_entry_actor.
SELECT count(*) FROM audit_entry e
WHERE e.company_id = :company_id AND (e.actor_id = :subject OR e.subject = :subject)
  AND EXISTS (SELECT FROM audit_key k WHERE k.company_id = :company_id AND k.subject = :subject);
