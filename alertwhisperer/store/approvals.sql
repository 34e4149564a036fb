-- name: insert!
-- A question is asked.
INSERT INTO approval (company_id, approval_id, kind, plan, hash, why, risk, risk_reason, requested_by, requester_id,
    incident_id, asked_at, expires_at, needed, state, state_reason, settled_at, settled_by)
VALUES (:company_id, :approval_id, :kind, :plan, :hash, :why, :risk, :risk_reason, :requested_by, :requester_id,
    :incident_id, :asked_at, :expires_at, :needed, :state, :state_reason, :settled_at, :settled_by);

-- name: insert_touches!
-- What its plan names.
INSERT INTO approval_touch (company_id, approval_id, kind, resource_id)
SELECT :company_id::uuid, :approval_id::uuid, u.kind, u.resource_id
FROM unnest(:kinds::text[], :resource_ids::text[]) AS u (kind, resource_id);

-- name: read^
-- One approval.
SELECT a.company_id, a.approval_id, a.kind, a.plan, a.hash, a.why, a.risk, a.risk_reason, a.requested_by,
    a.requester_id, a.incident_id, a.asked_at, a.expires_at, a.needed, a.state, a.state_reason, a.settled_at,
    a.settled_by
FROM approval a
WHERE a.company_id = :company_id AND a.approval_id = :approval_id;

-- name: lock^
-- One approval, kept from everybody else until the transaction ends: this is what lets it be decided and started once.
SELECT a.company_id, a.approval_id, a.kind, a.plan, a.hash, a.why, a.risk, a.risk_reason, a.requested_by,
    a.requester_id, a.incident_id, a.asked_at, a.expires_at, a.needed, a.state, a.state_reason, a.settled_at,
    a.settled_by
FROM approval a
WHERE a.company_id = :company_id AND a.approval_id = :approval_id
FOR NO KEY UPDATE;

-- name: settle!
-- Where it stands now.
UPDATE approval a
SET state = :state, state_reason = :state_reason, settled_at = :settled_at, settled_by = :settled_by
WHERE a.company_id = :company_id AND a.approval_id = :approval_id;

-- name: page
-- A page of approvals, newest first; rides on approval_pkey, and on approval_state where a state is asked for.
SELECT a.company_id, a.approval_id, a.kind, a.plan, a.hash, a.why, a.risk, a.risk_reason, a.requested_by,
    a.requester_id, a.incident_id, a.asked_at, a.expires_at, a.needed, a.state, a.state_reason, a.settled_at,
    a.settled_by
FROM approval a
WHERE a.company_id = ANY (:companies::uuid[]) AND (:before::uuid IS NULL OR a.approval_id < :before::uuid)
    AND (:state::text IS NULL OR a.state = :state::text)
    AND (:requester_id::uuid IS NULL OR a.requester_id = :requester_id::uuid)
    AND (:about::uuid IS NULL OR a.incident_id = :about::uuid)
    AND (:settled_since::timestamptz IS NULL OR a.settled_at >= :settled_since::timestamptz)
    AND (:from_id::uuid IS NULL OR a.approval_id >= :from_id::uuid)
ORDER BY a.approval_id DESC, a.company_id
LIMIT :limit;

-- name: company_of$
-- Which of some companies an approval is of.
SELECT a.company_id
FROM approval a
WHERE a.company_id = ANY (:companies::uuid[]) AND a.approval_id = :approval_id
ORDER BY a.company_id LIMIT 1;

-- name: open_naming
-- Open approvals whose plan names one of some things; rides on approval_touch_resource.
SELECT t.approval_id, t.resource_id
FROM approval_touch t
WHERE t.company_id = :company_id AND t.kind = :kind AND t.resource_id = ANY (:resource_ids::text[])
    AND EXISTS (
        SELECT 1 FROM approval a
        WHERE a.company_id = t.company_id AND a.approval_id = t.approval_id AND a.state IN ('asked', 'approved'))
ORDER BY t.approval_id, t.resource_id
LIMIT :limit;

-- name: open_of
-- What a person has asked for and what is still open, in some companies; rides on approval_open.
SELECT a.company_id, a.approval_id
FROM approval a
WHERE a.company_id = ANY (:companies::uuid[]) AND a.requester_id = :requester_id AND a.state IN ('asked', 'approved')
ORDER BY a.company_id, a.approval_id
LIMIT :limit;

-- name: insert_decision!
-- A person's answer.
INSERT INTO approval_decision (company_id, approval_id, user_id, actor, answer, hash, reason, at)
VALUES (:company_id, :approval_id, :user_id, :actor, :answer, :hash, :reason, :at);

-- name: decisions_of
-- Answers to some approvals, the earliest first; rides on approval_decision_pkey.
SELECT d.approval_id, d.user_id, d.actor, d.answer, d.hash, d.reason, d.at
FROM approval_decision d
WHERE d.company_id = ANY (:companies::uuid[]) AND d.approval_id = ANY (:approval_ids::uuid[])
ORDER BY d.at, d.user_id
LIMIT :limit;

-- name: insert_edit!
-- Somebody changed what a plan names; the first time counts.
INSERT INTO approval_edit (company_id, approval_id, actor, kind, resource_id, user_id, at)
VALUES (:company_id, :approval_id, :actor, :kind, :resource_id, :user_id, :at)
ON CONFLICT DO NOTHING;

-- name: edits_of
-- Changes of what some plans name, the earliest first; rides on approval_edit_pkey.
SELECT e.approval_id, e.user_id, e.actor, e.kind, e.resource_id, e.at
FROM approval_edit e
WHERE e.company_id = ANY (:companies::uuid[]) AND e.approval_id = ANY (:approval_ids::uuid[])
ORDER BY e.at, e.actor, e.kind, e.resource_id
LIMIT :limit;

-- name: wake_run!
-- The run that waits for an approval is looked at now; rides on run_company_id_approval_id_key.
INSERT INTO due_work (company_id, kind, subject, due_at)
SELECT r.company_id, 'run', r.run_id, :now
FROM run r
WHERE r.company_id = :company_id AND r.approval_id = :approval_id AND r.state = 'waiting_for_approval'
ON CONFLICT (company_id, kind, subject) DO UPDATE SET due_at = EXCLUDED.due_at;
