-- name: pending_companies
-- Companies with entries that no link holds yet, and since when; ids only.
SELECT company_id, min(at) AS since FROM audit_pending GROUP BY company_id ORDER BY company_id LIMIT 10000;

-- name: insert_heads!
-- Heads of companies, where their chains begin.
INSERT INTO audit_head (company_id, seq, hash)
SELECT n.company_id, 0, n.genesis FROM unnest(:companies::uuid[], :geneses::bytea[]) AS n (company_id, genesis)
ON CONFLICT (company_id) DO NOTHING;

-- name: lock_heads
-- The heads of some companies' chains, leased to this transaction, without those that another process has. Rides on
-- audit_head_pkey.
SELECT company_id, seq, hash FROM audit_head WHERE company_id = ANY (:companies::uuid[])
ORDER BY company_id
LIMIT 1000
FOR UPDATE SKIP LOCKED;

-- name: take_pending
-- Entries of some companies to link, in the order of their ids; they leave the waiting list in this transaction. Rides on
-- the primary keys.
WITH taken AS (
    DELETE FROM audit_pending p
    WHERE (p.company_id, p.entry_id) IN (
        SELECT company_id, entry_id FROM audit_pending WHERE company_id = ANY (:companies::uuid[])
        ORDER BY company_id, entry_id LIMIT :limit
    )
    RETURNING company_id, entry_id
)
SELECT e.company_id, e.id, e.at, e.action, e.resource_kind, e.resource_id, e.actor_kind, e.actor_id, e.incident_id,
       e.trace_id, e.subject, e.who, e.what, e.who_commitment, e.what_commitment, e.who_mark, e.what_mark
FROM taken t
JOIN audit_entry e ON e.company_id = t.company_id AND e.id = t.entry_id
ORDER BY e.company_id, e.id
LIMIT :limit;

-- name: insert_links!
-- Links of companies, in their order.
INSERT INTO audit_link (company_id, seq, entry_id, hash)
SELECT * FROM unnest(:companies::uuid[], :seqs::bigint[], :entries::uuid[], :hashes::bytea[]);

-- name: move_heads!
-- Where chains stand now; rides on audit_head_pkey.
UPDATE audit_head h SET seq = n.seq, hash = n.hash
FROM unnest(:companies::uuid[], :seqs::bigint[], :hashes::bytea[]) AS n (company_id, seq, hash)
WHERE h.company_id = n.company_id;

-- name: lock_checkpoints$
-- Of two processes one makes the next checkpoint; held until the transaction ends.
SELECT pg_try_advisory_xact_lock(:key);

-- name: last_checkpoint^
-- The newest checkpoint; rides on audit_checkpoint_pkey.
SELECT number, at, document FROM audit_checkpoint ORDER BY number DESC LIMIT 1;

-- name: select_checkpoints
-- Checkpoints after a number, oldest first; rides on audit_checkpoint_pkey.
SELECT number, at, document FROM audit_checkpoint WHERE number > :after ORDER BY number LIMIT :limit;

-- name: insert_checkpoint!
-- A checkpoint, once.
INSERT INTO audit_checkpoint (number, at, document) VALUES (:number, :at, :document);

-- name: select_heads
-- Where every company's chain stands; ids and hashes only.
SELECT company_id, seq, hash FROM audit_head ORDER BY company_id LIMIT 100000;

-- name: select_linked
-- Links of a company after a number with the entries that they hold, in their order; an entry that is gone shows as nulls.
-- Rides on the primary keys.
SELECT l.seq, l.entry_id, l.hash, e.company_id, e.id, e.at, e.action, e.resource_kind, e.resource_id, e.actor_kind,
       e.actor_id, e.incident_id, e.trace_id, e.subject, e.who, e.what, e.who_commitment, e.what_commitment,
       e.who_mark, e.what_mark
FROM audit_link l
LEFT JOIN audit_entry e ON e.company_id = l.company_id AND e.id = l.entry_id
WHERE l.company_id = :company_id AND l.seq > :after
ORDER BY l.seq
LIMIT :limit;

-- name: select_unlinked
-- Of a company's next so many entries those that no link holds, and whether they wait for one; and the last of them all, to
-- go on from. Rides on audit_entry_pkey and on audit_link_entry.
WITH part AS (
    SELECT company_id, id, at FROM audit_entry WHERE company_id = :company_id AND id > :after ORDER BY id LIMIT :limit
), seen AS (
    SELECT p.id, p.at, EXISTS (
        SELECT FROM audit_link l WHERE l.company_id = p.company_id AND l.entry_id = p.id
    ) AS linked, EXISTS (
        SELECT FROM audit_pending w WHERE w.company_id = p.company_id AND w.entry_id = p.id
    ) AS waiting
    FROM part p
)
SELECT id, at, linked, waiting FROM seen
WHERE NOT linked OR id = (SELECT id FROM part ORDER BY id DESC LIMIT 1)
ORDER BY id
LIMIT :limit;

-- name: select_companies
-- Every company that has a chain, or the beginning of one; ids only.
SELECT company_id, seq, dropped, dropped_hash, dropped_document FROM audit_head ORDER BY company_id LIMIT 100000;

-- name: read_witness^
-- How far a place outside has got.
SELECT number, at, failure FROM audit_witness WHERE witness = :witness;

-- name: select_witnesses
-- How far every place outside has got.
SELECT witness, number, at, failure FROM audit_witness ORDER BY witness LIMIT 100;

-- name: put_witness!
-- A place outside has got this far, or failed to.
INSERT INTO audit_witness (witness, number, at, failure) VALUES (:witness, :number, :at, :failure)
ON CONFLICT (witness) DO UPDATE
SET number = greatest(audit_witness.number, excluded.number), at = excluded.at, failure = excluded.failure;

-- name: hold_carrying$
-- Of two processes one carries old entries over; held until the transaction ends.
SELECT pg_try_advisory_xact_lock(:key);

-- name: select_old
-- Entries of the first audit log that are not in the present one; rides on the primary keys.
SELECT o.id, o.at, o.actor, o.action, o.subject, o.detail
FROM audit_log o
WHERE o.company_id = :company_id
  AND NOT EXISTS (SELECT FROM audit_entry e WHERE e.company_id = o.company_id AND e.id = o.id)
ORDER BY o.id
LIMIT :limit;

-- name: select_range^
-- Numbers of the first and the last link of a company whose entries are of a time; rides on audit_entry_pkey and on
-- audit_link_entry.
SELECT coalesce(min(l.seq), 1) AS first, coalesce(max(l.seq), 0) AS last
FROM audit_entry e
JOIN audit_link l ON l.company_id = :company_id AND l.entry_id = e.id
WHERE e.company_id = :company_id
  AND (:since::timestamptz IS NULL OR e.at >= :since::timestamptz)
  AND (:until::timestamptz IS NULL OR e.at < :until::timestamptz);

-- name: last_before$
-- Number of the last link of a company before the first entry of a moment on, so that everything up to it is older; rides
-- on audit_entry_pkey and on audit_link_entry.
SELECT coalesce(
    (SELECT min(l.seq) - 1 FROM audit_entry e JOIN audit_link l ON l.company_id = :company_id AND l.entry_id = e.id
     WHERE e.company_id = :company_id AND e.at >= :moment),
    (SELECT max(seq) FROM audit_link WHERE company_id = :company_id),
    0);

-- name: drop_upto$
-- Drop the beginning of a chain, as the owner; answers how many entries went.
SELECT drop_audited(:company_id, :seq, :document);

-- name: forget_carried$
-- Take away, as the owner, what was carried over from the first log; answers how many entries went.
SELECT forget_carried(:company_id);

-- name: full_before$
-- Number of the newest checkpoint up to a moment that says all heads, so that nothing before it need be read; rides on
-- audit_checkpoint_pkey.
SELECT coalesce(max(number), 1) FROM audit_checkpoint WHERE number % :every = 1 AND at <= :moment;
