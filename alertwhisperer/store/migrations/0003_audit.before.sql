-- The audit log that can prove itself. Reasons: docs/audit.md.

-- Acts, append-only. Columns hold ids alone; names, addresses and what was said are sealed, each under a key of its own, so
-- that a person or a company can be erased (the key goes, the entry and its place in the chain stay).
CREATE TABLE audit_entry (
    company_id uuid NOT NULL,
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    action text COLLATE "C" NOT NULL,
    resource_kind text COLLATE "C" NOT NULL,
    resource_id text COLLATE "C" NOT NULL,
    actor_kind text COLLATE "C" NOT NULL, -- user, cli, timer, pipeline, …
    actor_id uuid, -- of a person
    incident_id uuid,
    trace_id text COLLATE "C" NOT NULL,
    subject uuid NOT NULL, -- the person whom `what` is about; nil: the company
    who bytea NOT NULL, -- sealed: salt, and who did it from where
    what bytea NOT NULL, -- sealed: salt, and what was said
    who_commitment bytea NOT NULL, -- SHA-256 of salt and text: what the chain holds of them
    what_commitment bytea NOT NULL,
    who_mark uuid NOT NULL, -- which key sealed it; another one of the same subject means that this one was destroyed
    what_mark uuid NOT NULL,
    PRIMARY KEY (company_id, id)
);
CREATE INDEX audit_entry_id ON audit_entry (id); -- of all companies at once
CREATE INDEX audit_entry_actor ON audit_entry (actor_id, id) WHERE actor_id IS NOT NULL;
CREATE INDEX audit_entry_incident ON audit_entry (incident_id, id) WHERE incident_id IS NOT NULL;
CREATE INDEX audit_entry_resource ON audit_entry (resource_id, id);
CREATE INDEX audit_entry_action ON audit_entry (company_id, action, id);

-- The keys that entries are sealed with, themselves sealed by the vault; subject nil: the company's own.
CREATE TABLE audit_key (
    company_id uuid NOT NULL,
    subject uuid NOT NULL,
    mark uuid NOT NULL, -- says which key it is without giving it away
    sealed bytea NOT NULL,
    made_at timestamptz NOT NULL,
    PRIMARY KEY (company_id, subject)
);

-- Entries that no link holds yet: ids only, so it needs no policy. Written with the entry, taken away with its link, so
-- that the order in which transactions commit loses nothing.
CREATE TABLE audit_pending (
    company_id uuid NOT NULL,
    entry_id uuid NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (company_id, entry_id)
);

-- The chain of each company: one number, one entry, and a hash over the one before. Ids and hashes only, so it needs no
-- policy: the chainer and the checkpoints look across companies.
CREATE TABLE audit_link (
    company_id uuid NOT NULL,
    seq bigint NOT NULL,
    entry_id uuid NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (company_id, seq)
);
CREATE UNIQUE INDEX audit_link_entry ON audit_link (company_id, entry_id);

-- Where each chain stands: what the chainer holds while it works. Derived; `audit verify` does not believe it.
CREATE TABLE audit_head (
    company_id uuid PRIMARY KEY,
    seq bigint NOT NULL,
    hash bytea NOT NULL,
    dropped bigint NOT NULL DEFAULT 0, -- links up to this one were dropped by retention
    dropped_hash bytea, -- of the last dropped link
    dropped_document bytea -- says so, signed
);

-- Signed statements about all chains at once, written to places outside as well. Ids, counts and hashes only.
CREATE TABLE audit_checkpoint (
    number bigint PRIMARY KEY,
    at timestamptz NOT NULL,
    document bytea NOT NULL
);

-- How far each place outside has got, by a hash of its address.
CREATE TABLE audit_witness (
    witness text COLLATE "C" PRIMARY KEY,
    number bigint NOT NULL,
    at timestamptz NOT NULL,
    failure text NOT NULL DEFAULT ''
);

-- Not even the owner changes them by mistake; who takes the trigger away is found by the verifier. Retention alone may take
-- rows, in the owner's function below.
CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('alertwhisperer.audit_retention', true) = 'dropping' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['audit_entry', 'audit_key'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format($policy$
            CREATE POLICY own_company ON %1$I
            USING ((company_id = ANY ((
                SELECT NULLIF(current_setting('alertwhisperer.companies', true), '')::uuid[])::uuid[])) IS TRUE)
            WITH CHECK ((company_id = ANY ((
                SELECT NULLIF(current_setting('alertwhisperer.companies', true), '')::uuid[])::uuid[])) IS TRUE)
            $policy$, name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['audit_entry', 'audit_link', 'audit_checkpoint'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I '
            'FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()', name);
    END LOOP;
END $$;

-- Drops the beginning of a company's chain, up to a link, and keeps what the rest follows from. For the owner alone, in a
-- transaction that sees the company; whether an outside checkpoint covers it is the caller's to check, and the verifier's to
-- find.
CREATE FUNCTION drop_audited(company uuid, upto bigint, document bytea) RETURNS bigint
    LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    gone bigint;
BEGIN
    PERFORM set_config('alertwhisperer.audit_retention', 'dropping', true);
    UPDATE public.audit_head h SET dropped = upto, dropped_hash = l.hash, dropped_document = document
    FROM public.audit_link l
    WHERE h.company_id = company AND l.company_id = company AND l.seq = upto AND h.dropped < upto;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no link % to drop up to', upto USING ERRCODE = 'no_data_found';
    END IF;
    DELETE FROM public.audit_entry e USING public.audit_link l
    WHERE e.company_id = company AND l.company_id = company AND l.entry_id = e.id AND l.seq <= upto;
    GET DIAGNOSTICS gone = ROW_COUNT;
    DELETE FROM public.audit_link l WHERE l.company_id = company AND l.seq <= upto;
    PERFORM set_config('alertwhisperer.audit_retention', '', true);
    RETURN gone;
END $$;

-- Takes entries of the first log away that are in this one, so that an erasure reaches all there is of a person. For the
-- owner alone, in a transaction that sees the company.
CREATE FUNCTION forget_carried(company uuid) RETURNS bigint
    LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    gone bigint;
BEGIN
    PERFORM set_config('alertwhisperer.audit_retention', 'dropping', true);
    DELETE FROM public.audit_log o USING public.audit_entry e
    WHERE o.company_id = company AND e.company_id = company AND e.id = o.id;
    GET DIAGNOSTICS gone = ROW_COUNT;
    PERFORM set_config('alertwhisperer.audit_retention', '', true);
    RETURN gone;
END $$;
DROP TRIGGER audit_log_append_only ON audit_log;
DROP FUNCTION audit_log_is_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
REVOKE ALL ON FUNCTION audit_is_append_only(), drop_audited(uuid, bigint, bytea), forget_carried(uuid) FROM PUBLIC;

GRANT SELECT, INSERT ON audit_entry, audit_link, audit_checkpoint TO alertwhisperer_app;
GRANT SELECT, INSERT, DELETE ON audit_key, audit_pending TO alertwhisperer_app;
GRANT SELECT, INSERT (company_id, seq, hash), UPDATE (seq, hash) ON audit_head TO alertwhisperer_app;
GRANT SELECT, INSERT, UPDATE ON audit_witness TO alertwhisperer_app;
