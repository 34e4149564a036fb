-- name: insert_user$
-- Somebody of a provider's directory, unless it has the name already; answers the id when added.
INSERT INTO scim_user (scim_id, provider_id, external_id, user_name, display_name, email, is_active, created_at, changed_at)
VALUES (:scim_id, :provider_id, :external_id, :user_name, :display_name, :email, :is_active, :now, :now)
ON CONFLICT (provider_id, lower(user_name)) DO NOTHING
RETURNING scim_id;

-- name: lock_user^
-- One of them, until the transaction ends; rides on scim_user_pkey.
SELECT scim_id, external_id, user_name, display_name, email, is_active, created_at, changed_at
FROM scim_user
WHERE provider_id = :provider_id AND scim_id = :scim_id
FOR UPDATE;

-- name: select_users
-- A page of them; a null filter takes all. Rides on scim_user_name or scim_user_external when one is given.
SELECT scim_id, external_id, user_name, display_name, email, is_active, created_at, changed_at
FROM scim_user
WHERE provider_id = :provider_id
  AND (:scim_id::uuid IS NULL OR scim_id = :scim_id::uuid)
  AND (:external_id::text IS NULL OR external_id = :external_id::text)
  AND (:user_name::text IS NULL OR lower(user_name) = lower(:user_name::text))
ORDER BY scim_id
OFFSET :skip LIMIT :limit;

-- name: count_users$
-- How many there are of those.
SELECT count(*)
FROM scim_user
WHERE provider_id = :provider_id
  AND (:scim_id::uuid IS NULL OR scim_id = :scim_id::uuid)
  AND (:external_id::text IS NULL OR external_id = :external_id::text)
  AND (:user_name::text IS NULL OR lower(user_name) = lower(:user_name::text));

-- name: select_entry^
-- Who in the directory a subject of its provider is: by the id that both know, else by a verified address. Rides on
-- scim_user_external and scim_user_name.
SELECT scim_id, external_id, user_name, display_name, email, is_active, created_at, changed_at
FROM scim_user
WHERE provider_id = :provider_id
  AND (external_id = :own_id OR lower(user_name) = ANY (:emails::text[]) OR email = ANY (:emails::text[]))
ORDER BY (external_id = :own_id) DESC, scim_id
LIMIT 1;

-- name: name_is_taken$
-- Whether another one has this name.
SELECT true FROM scim_user
WHERE provider_id = :provider_id AND lower(user_name) = lower(:user_name) AND scim_id <> :scim_id;

-- name: update_user!
-- Write one of them.
UPDATE scim_user
SET external_id = :external_id, user_name = :user_name, display_name = :display_name, email = :email,
    is_active = :is_active, changed_at = :now
WHERE provider_id = :provider_id AND scim_id = :scim_id;

-- name: delete_user$
-- Take one of them away; answers the id when it was there.
DELETE FROM scim_user WHERE provider_id = :provider_id AND scim_id = :scim_id RETURNING scim_id;

-- name: insert_group$
-- A group, unless the provider has the name already; answers the id when added.
INSERT INTO scim_group (scim_id, provider_id, external_id, display_name, created_at, changed_at)
VALUES (:scim_id, :provider_id, :external_id, :display_name, :now, :now)
ON CONFLICT (provider_id, lower(display_name)) DO NOTHING
RETURNING scim_id;

-- name: lock_group^
-- One group, until the transaction ends; rides on scim_group_pkey.
SELECT scim_id, external_id, display_name, created_at, changed_at
FROM scim_group
WHERE provider_id = :provider_id AND scim_id = :scim_id
FOR UPDATE;

-- name: select_groups
-- A page of groups; a null filter takes all. Rides on scim_group_name when one is given.
SELECT scim_id, external_id, display_name, created_at, changed_at
FROM scim_group
WHERE provider_id = :provider_id
  AND (:scim_id::uuid IS NULL OR scim_id = :scim_id::uuid)
  AND (:external_id::text IS NULL OR external_id = :external_id::text)
  AND (:display_name::text IS NULL OR lower(display_name) = lower(:display_name::text))
ORDER BY scim_id
OFFSET :skip LIMIT :limit;

-- name: count_groups$
-- How many there are of those.
SELECT count(*)
FROM scim_group
WHERE provider_id = :provider_id
  AND (:scim_id::uuid IS NULL OR scim_id = :scim_id::uuid)
  AND (:external_id::text IS NULL OR external_id = :external_id::text)
  AND (:display_name::text IS NULL OR lower(display_name) = lower(:display_name::text));

-- name: group_name_is_taken$
-- Whether another group has this name.
SELECT true FROM scim_group
WHERE provider_id = :provider_id AND lower(display_name) = lower(:display_name) AND scim_id <> :scim_id;

-- name: update_group!
-- Write a group.
UPDATE scim_group SET external_id = :external_id, display_name = :display_name, changed_at = :now
WHERE provider_id = :provider_id AND scim_id = :scim_id;

-- name: delete_group$
-- Take a group away; answers the id when it was there.
DELETE FROM scim_group WHERE provider_id = :provider_id AND scim_id = :scim_id RETURNING scim_id;

-- name: select_members
-- Who is in a group; rides on scim_member_pkey.
SELECT member_id FROM scim_member WHERE group_id = :group_id ORDER BY member_id LIMIT :limit;

-- name: add_members!
-- Put people into a group; those of another directory, and those who are not there, are left out.
INSERT INTO scim_member (group_id, member_id)
SELECT :group_id, u.scim_id FROM scim_user u
WHERE u.provider_id = :provider_id AND u.scim_id = ANY (:members::uuid[])
ON CONFLICT DO NOTHING;

-- name: remove_members!
-- Take people out of a group.
DELETE FROM scim_member WHERE group_id = :group_id AND member_id = ANY (:members::uuid[]);

-- name: select_groups_of
-- The names of the groups that somebody is in; rides on scim_member_member.
SELECT g.display_name
FROM scim_member m JOIN scim_group g ON g.scim_id = m.group_id
WHERE m.member_id = :member_id
ORDER BY g.display_name
LIMIT 2000;

-- name: forget_groups!
-- A provider is removed: its groups go.
DELETE FROM scim_group WHERE provider_id = :provider_id;

-- name: forget_users!
-- A provider is removed: its people go.
DELETE FROM scim_user WHERE provider_id = :provider_id;
