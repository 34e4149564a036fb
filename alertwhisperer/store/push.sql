-- name: insert_key!
-- The installation's key pair; of two that are made at once one stays.
INSERT INTO push_key (sealed, public, made_at) VALUES (:sealed, :public, :made_at) ON CONFLICT DO NOTHING;

-- name: select_key^
-- The installation's key pair.
SELECT sealed, public FROM push_key LIMIT 1;

-- name: take_from_others!
-- A device that is another person's is theirs no more. Rides on push_subscription_address_hash_key.
DELETE FROM push_subscription WHERE address_hash = :address_hash AND user_id <> :user_id;

-- name: rewrite_subscription$
-- A person's device is set anew; answers its id. Rides on push_subscription_address_hash_key.
UPDATE push_subscription
SET device = :device, host = :host, sealed = :sealed, severities = :severities, with_text = :with_text
WHERE address_hash = :address_hash AND user_id = :user_id
RETURNING subscription_id;

-- name: insert_subscription$
-- A device is switched on; answers nothing when somebody did so at the same instant.
INSERT INTO push_subscription (
    subscription_id, user_id, device, host, address_hash, sealed, severities, with_text, created_at
) VALUES (
    :subscription_id, :user_id, :device, :host, :address_hash, :sealed, :severities, :with_text, :created_at
)
ON CONFLICT (address_hash) DO NOTHING
RETURNING true;

-- name: subscriptions_of
-- A person's devices, oldest first. Rides on push_subscription_user.
SELECT subscription_id AS id, user_id, device, host, address_hash, sealed, severities, with_text, created_at, last_at
FROM push_subscription WHERE user_id = :user_id ORDER BY subscription_id LIMIT :limit;

-- name: subscription^
-- One device.
SELECT subscription_id AS id, user_id, device, host, address_hash, sealed, severities, with_text, created_at, last_at
FROM push_subscription WHERE subscription_id = :subscription_id;

-- name: delete_subscription$
-- A device is switched off; answers whether it was there.
DELETE FROM push_subscription WHERE subscription_id = :subscription_id AND user_id = :user_id RETURNING true;

-- name: delete_subscriptions_of
-- A person's devices are switched off. Rides on push_subscription_user.
DELETE FROM push_subscription WHERE user_id = :user_id RETURNING subscription_id;

-- name: touch_subscription!
-- Its push service took something.
UPDATE push_subscription SET last_at = :at WHERE subscription_id = :subscription_id;

-- name: select_watching
-- Who has a device switched on. Rides on push_subscription_user.
SELECT DISTINCT user_id FROM push_subscription ORDER BY user_id LIMIT 10000;

-- name: candidates
-- Open incidents that nobody took or snoozed, that are older than a moment and that a device has not been told of,
-- although its person serves the company; the worst first. The caller's transaction sees the companies; ids alone. What
-- was open before a device was switched on is old news to it. Rides on incident_state_attention.
SELECT served.company_id, s.incident_id, p.subscription_id, s.severity
FROM unnest(:companies::uuid[], :users::uuid[]) AS served (company_id, user_id)
JOIN push_subscription p ON p.user_id = served.user_id
JOIN incident_state s ON s.company_id = served.company_id AND s.status = 2 AND s.severity = ANY (p.severities)
JOIN incident i ON i.company_id = served.company_id AND i.id = s.incident_id
WHERE s.attention = 1
  AND i.opened_at >= p.created_at
  AND i.opened_at >= :since
  AND i.opened_at < :before
  AND NOT EXISTS (
      SELECT FROM push_notice n
      WHERE n.company_id = served.company_id AND n.incident_id = s.incident_id AND n.subscription_id = p.subscription_id)
ORDER BY s.severity DESC, s.incident_id, p.subscription_id
LIMIT :limit;

-- name: told_since
-- How many notices each device got since a moment. The caller's transaction sees the companies. Rides on
-- push_notice_device.
SELECT n.subscription_id, count(*) AS notices
FROM push_notice n
WHERE n.company_id = ANY (:companies::uuid[]) AND n.subscription_id = ANY (:subscription_ids::uuid[])
  AND n.created_at >= :since AND n.state <> 'bundled'
GROUP BY n.subscription_id
ORDER BY n.subscription_id
LIMIT 10000;

-- name: insert_notice$
-- A device is to be told of an incident; answers nothing when it was told already.
INSERT INTO push_notice (company_id, incident_id, subscription_id, notice_id, more, state, created_at)
VALUES (:company_id, :incident_id, :subscription_id, :notice_id, :more, :state, :created_at)
ON CONFLICT (company_id, incident_id, subscription_id) DO NOTHING
RETURNING true;

-- name: select_notice^
-- A notice with what is said in it, and whether it still needs saying. Rides on the unique key of notices.
SELECT n.incident_id, n.subscription_id, n.more, n.state, n.created_at, i.number, i.title, s.severity, c.name AS company,
       s.status = 2 AND s.attention = 1 AS waits
FROM push_notice n
JOIN incident i ON i.company_id = :company_id AND i.id = n.incident_id
JOIN incident_state s ON s.company_id = :company_id AND s.incident_id = n.incident_id
JOIN company c ON c.company_id = :company_id
WHERE n.company_id = :company_id AND n.notice_id = :notice_id
LIMIT 1;

-- name: settle_notice!
-- What became of a notice. Rides on the unique key of notices.
UPDATE push_notice SET state = :state, problem = :problem, settled_at = :at
WHERE company_id = :company_id AND notice_id = :notice_id;

-- name: forget_notices!
-- Notices of a company that are too old for anything to be told of again.
DELETE FROM push_notice WHERE company_id = :company_id AND created_at < :before;
