-- name: hold_off!
-- Whoever changes a brake waits for the starts that are under way, and keeps new ones waiting until this is committed.
SELECT pg_advisory_xact_lock(:lock);

-- name: pass_by!
-- A start: many at once, none beside a change of a brake.
SELECT pg_advisory_xact_lock_shared(:lock);

-- name: switch_of^
-- A company's kill switch, if it is on; rides on kill_switch_pkey.
SELECT k.reason, k.set_by, k.set_at FROM kill_switch k WHERE k.company_id = :company_id;

-- name: put_switch!
-- Stop a company.
INSERT INTO kill_switch (company_id, reason, set_by, set_at) VALUES (:company_id, :reason, :set_by, :set_at)
ON CONFLICT (company_id) DO NOTHING;

-- name: drop_switch!
-- Let a company go on.
DELETE FROM kill_switch WHERE company_id = :company_id;

-- name: windows_of
-- A company's freezes that have not ended; rides on freeze_window_pkey.
SELECT f.starts_at, f.ends_at, f.reason
FROM freeze_window f
WHERE f.company_id = :company_id AND f.ends_at > :now
ORDER BY f.starts_at, f.place
LIMIT :limit;

-- name: windows_among
-- Freezes of several companies that hold now, or end soon, the first to end first. The caller's transaction sees the
-- companies. Rides on freeze_window_pkey.
SELECT f.company_id, f.starts_at, f.ends_at, f.reason
FROM freeze_window f
WHERE f.company_id = ANY (:companies::uuid[]) AND f.ends_at > :now AND (f.starts_at <= :now OR f.ends_at <= :soon)
ORDER BY f.ends_at, f.company_id, f.place
LIMIT :limit;

-- name: drop_windows!
-- Forget a company's freezes.
DELETE FROM freeze_window WHERE company_id = :company_id;

-- name: insert_windows!
-- A company's freezes.
INSERT INTO freeze_window (company_id, place, starts_at, ends_at, reason)
SELECT :company_id::uuid, u.place, u.starts_at, u.ends_at, u.reason
FROM unnest(:starts::timestamptz[], :finishes::timestamptz[], :reasons::text[])
     WITH ORDINALITY AS u (starts_at, ends_at, reason, place);

-- name: switch_for_all^
-- The kill switch of all companies, if it is on; one row.
SELECT reason, set_by, set_at FROM kill_switch_for_all;

-- name: put_switch_for_all!
-- Stop all companies.
INSERT INTO kill_switch_for_all (reason, set_by, set_at) VALUES (:reason, :set_by, :set_at)
ON CONFLICT (one) DO NOTHING;

-- name: drop_switch_for_all!
-- Let all companies go on.
DELETE FROM kill_switch_for_all;

-- name: windows_for_all
-- Freezes of all companies that have not ended; a handful of rows.
SELECT starts_at, ends_at, reason
FROM freeze_for_all
WHERE ends_at > :now
ORDER BY starts_at, place
LIMIT :limit;

-- name: drop_windows_for_all!
-- Forget the freezes of all companies.
DELETE FROM freeze_for_all;

-- name: insert_windows_for_all!
-- Freezes of all companies.
INSERT INTO freeze_for_all (place, starts_at, ends_at, reason)
SELECT u.place, u.starts_at, u.ends_at, u.reason
FROM unnest(:starts::timestamptz[], :finishes::timestamptz[], :reasons::text[])
     WITH ORDINALITY AS u (starts_at, ends_at, reason, place);
