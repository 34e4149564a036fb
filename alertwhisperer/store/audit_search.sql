-- name: select_across
-- A page over the logs of several companies, newest first; a null filter takes all. Rides on audit_entry_id, or on the
-- index of the filter that is given.
SELECT company_id, id, at, action, resource_kind, resource_id, actor_kind, actor_id, incident_id, trace_id, subject, who,
       what, who_commitment, what_commitment, who_mark, what_mark
FROM audit_entry
WHERE company_id = ANY (:companies::uuid[])
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

-- name: select_onward
-- Entries of one company from a moment on, oldest first, after an entry; for exports. Rides on audit_entry_pkey.
SELECT company_id, id, at, action, resource_kind, resource_id, actor_kind, actor_id, incident_id, trace_id, subject, who,
       what, who_commitment, what_commitment, who_mark, what_mark
FROM audit_entry
WHERE company_id = :company_id
  AND id > :after AND id < :past
  AND at >= :since AND at < :until
ORDER BY id
LIMIT :limit;

-- name: count_actions
-- How often each act was done in a company in a time; rides on audit_entry_pkey.
SELECT action, count(*) AS count FROM audit_entry
WHERE company_id = :company_id AND id >= :from_id AND id < :past AND at >= :since AND at < :until
GROUP BY action
ORDER BY action
LIMIT 1000;

-- name: ids_of_email
-- Everybody who has or had an e-mail, those who were removed as well; rides on the indexes of e-mails and of former ones.
SELECT user_id FROM app_user WHERE email = :email OR former_email = :email ORDER BY user_id LIMIT 100;
