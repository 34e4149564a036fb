-- name: insert!
-- An offer of one person to another.
INSERT INTO handover (company_id, handover_id, from_id, to_id, note, amount, companies, state, offered_at)
VALUES (:company_id, :handover_id, :from_id, :to_id, :note, :amount, :whose, 'offered', :now);

-- name: insert_incidents!
-- What is offered, each in its own company; the caller's transaction sees these.
INSERT INTO handover_incident (company_id, handover_id, incident_id, assignee, outcome)
SELECT u.company_id, :handover_id::uuid, u.incident_id, u.assignee, 'offered'
FROM unnest(:whose::uuid[], :incidents::uuid[], :assignees::text[]) AS u (company_id, incident_id, assignee);

-- name: lock^
-- One hand-over, kept from everybody else until the transaction ends: so it is accepted or withdrawn once.
SELECT h.handover_id AS id, h.from_id, h.to_id, h.note, h.amount, h.companies, h.state, h.offered_at, h.settled_at,
       coalesce(g.former_email, g.email, '') AS giver, coalesce(r.former_email, r.email, '') AS receiver
FROM handover h
LEFT JOIN app_user g ON g.user_id = h.from_id
LEFT JOIN app_user r ON r.user_id = h.to_id
WHERE h.company_id = :company_id AND h.handover_id = :handover_id
FOR NO KEY UPDATE OF h;

-- name: page
-- Hand-overs that a person gave or is to receive, newest first; rides on handover_from and handover_to.
SELECT h.handover_id AS id, h.from_id, h.to_id, h.note, h.amount, h.companies, h.state, h.offered_at, h.settled_at,
       coalesce(g.former_email, g.email, '') AS giver, coalesce(r.former_email, r.email, '') AS receiver
FROM handover h
LEFT JOIN app_user g ON g.user_id = h.from_id
LEFT JOIN app_user r ON r.user_id = h.to_id
WHERE h.company_id = :company_id
  AND ((:given::boolean AND h.from_id = :user_id) OR (:received::boolean AND h.to_id = :user_id))
  AND (:ids::uuid[] IS NULL OR h.handover_id = ANY (:ids::uuid[]))
  AND (:state::text IS NULL OR h.state = :state::text)
  AND (:before::uuid IS NULL OR h.handover_id < :before::uuid)
ORDER BY h.handover_id DESC
LIMIT :limit;

-- name: settle!
-- It was accepted, or withdrawn.
UPDATE handover SET state = :state, settled_at = :now WHERE company_id = :company_id AND handover_id = :handover_id;

-- name: withdraw_of
-- Offers of a person, and to them, that wait are taken back; rides on handover_from and handover_to.
UPDATE handover h SET state = 'withdrawn', settled_at = :now
WHERE h.company_id = :company_id AND h.state = 'offered' AND (h.from_id = :user_id OR h.to_id = :user_id)
RETURNING h.handover_id;

-- name: count_waiting$
-- How many offers of a person, and to them, wait; rides on handover_from and handover_to.
SELECT count(*) FROM handover h
WHERE h.company_id = :company_id AND h.state = 'offered' AND (h.from_id = :user_id OR h.to_id = :user_id);

-- name: incidents
-- What is in hand-overs, of companies that the caller's transaction sees; rides on handover_incident_pkey.
SELECT n.handover_id, n.company_id, n.incident_id, n.assignee, n.outcome
FROM handover_incident n
WHERE n.company_id = ANY (:companies::uuid[]) AND n.handover_id = ANY (:handovers::uuid[])
ORDER BY n.company_id, n.handover_id, n.incident_id
LIMIT 100000;

-- name: outcomes
-- How many incidents of hand-overs became what, of companies that the caller's transaction sees; rides on
-- handover_incident_pkey.
SELECT n.handover_id, n.outcome, count(*) AS amount
FROM handover_incident n
WHERE n.company_id = ANY (:companies::uuid[]) AND n.handover_id = ANY (:handovers::uuid[])
GROUP BY n.handover_id, n.outcome
ORDER BY n.handover_id, n.outcome
LIMIT 100000;

-- name: settle_incidents!
-- What became of incidents of one company.
UPDATE handover_incident n SET outcome = u.outcome
FROM unnest(:incidents::uuid[], :outcomes::text[]) AS u (incident_id, outcome)
WHERE n.company_id = :company_id AND n.handover_id = :handover_id AND n.incident_id = u.incident_id;
