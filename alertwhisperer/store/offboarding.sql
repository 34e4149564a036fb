-- name: incidents_of
-- Incidents of one status that somebody works on, in several companies; the caller's transaction sees these. Rides on
-- incident_assignee.
SELECT i.company_id, i.id
FROM incident i JOIN incident_state s ON s.company_id = i.company_id AND s.incident_id = i.id
WHERE i.company_id = ANY (:companies::uuid[]) AND i.assignee = :email AND s.status = :status
ORDER BY i.company_id, i.id
LIMIT 100000;

-- name: assets_of
-- Assets that somebody owns, in several companies; the caller's transaction sees these. Rides on asset_owner.
SELECT company_id, asset_id
FROM asset
WHERE company_id = ANY (:companies::uuid[]) AND owner = :email AND merged_into IS NULL
ORDER BY company_id, asset_id
LIMIT 100000;

-- name: set_owner!
-- Assets of one company get another owner, or none.
UPDATE asset SET owner = :owner WHERE company_id = :company_id AND asset_id = ANY (:assets::uuid[]);

-- name: secrets_seen
-- What was shown to a person once and has not ended since, the latest showing of each; the caller's transaction sees the
-- companies. Rides on audit_entry_actor and audit_entry_resource.
SELECT DISTINCT ON (e.company_id, e.resource_kind, e.resource_id)
       e.company_id, e.resource_kind, e.resource_id, e.action, e.at
FROM audit_entry e
WHERE e.company_id = ANY (:companies::uuid[]) AND e.actor_id = :user_id AND e.action = ANY (:shown::text[])
  AND NOT EXISTS (
      SELECT FROM audit_entry l
      WHERE l.company_id = e.company_id AND l.resource_id = e.resource_id AND l.id > e.id
        AND l.action = ANY (:ended::text[]))
ORDER BY e.company_id, e.resource_kind, e.resource_id, e.id DESC
LIMIT 10000;
