-- Approvals, and the brakes that keep acts from starting.

-- ---------------------------------------------------------------- approvals

-- One question: may exactly this be done, once? What is asked never changes; only where it stands does.
CREATE TABLE approval (
    company_id uuid NOT NULL REFERENCES company,
    approval_id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL, -- which part of the product carries it out
    plan bytea NOT NULL, -- all of it, in the encoding that is hashed
    hash bytea NOT NULL CHECK (length(hash) = 32), -- SHA-256 over the plan
    why text NOT NULL,
    risk text COLLATE "C" NOT NULL CHECK (risk IN ('low', 'medium', 'high')),
    risk_reason text NOT NULL,
    requested_by text NOT NULL, -- as the audit log says
    requester_id uuid, -- null: no person asked
    incident_id uuid,
    asked_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    needed smallint NOT NULL CHECK (needed BETWEEN 0 AND 2), -- different people who must agree
    state text COLLATE "C" NOT NULL
        CHECK (state IN ('asked', 'approved', 'refused', 'lapsed', 'voided', 'started')),
    state_reason text NOT NULL DEFAULT '',
    settled_at timestamptz, -- of the state; null while it is asked
    settled_by text NOT NULL DEFAULT '',
    PRIMARY KEY (company_id, approval_id)
);
CREATE INDEX approval_open ON approval (requester_id) WHERE state IN ('asked', 'approved');
CREATE INDEX approval_state ON approval (company_id, state, approval_id);

-- Who said what; each person once.
CREATE TABLE approval_decision (
    company_id uuid NOT NULL,
    approval_id uuid NOT NULL,
    user_id uuid NOT NULL,
    actor text NOT NULL, -- as the audit log says
    answer text COLLATE "C" NOT NULL CHECK (answer IN ('approve', 'refuse')),
    hash bytea NOT NULL, -- of the plan that the person read
    reason text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (company_id, approval_id, user_id),
    FOREIGN KEY (company_id, approval_id) REFERENCES approval
);

-- What a plan names: whoever changes one of these is looked for here.
CREATE TABLE approval_touch (
    company_id uuid NOT NULL,
    approval_id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL,
    resource_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (company_id, approval_id, kind, resource_id),
    FOREIGN KEY (company_id, approval_id) REFERENCES approval
);
CREATE INDEX approval_touch_resource ON approval_touch (company_id, kind, resource_id);

-- Who changed one of these after it was asked for, and when first.
CREATE TABLE approval_edit (
    company_id uuid NOT NULL,
    approval_id uuid NOT NULL,
    actor text COLLATE "C" NOT NULL, -- as the audit log says
    kind text COLLATE "C" NOT NULL,
    resource_id text COLLATE "C" NOT NULL,
    user_id uuid, -- null: no person
    at timestamptz NOT NULL,
    PRIMARY KEY (company_id, approval_id, actor, kind, resource_id),
    FOREIGN KEY (company_id, approval_id) REFERENCES approval
);

-- An approval goes forward only, and what ended never begins again: the code says so, and so does this.
CREATE FUNCTION approval_goes_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state NOT IN ('asked', 'approved') OR (OLD.state = 'approved' AND NEW.state = 'asked')
        OR (OLD.state = 'asked' AND NEW.state = 'started') THEN
        RAISE EXCEPTION 'an approval does not go from % to %', OLD.state, NEW.state USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER approval_forward BEFORE UPDATE ON approval FOR EACH ROW EXECUTE FUNCTION approval_goes_forward();

-- ---------------------------------------------------------------- brakes

-- A company in which nothing starts until the row is gone.
CREATE TABLE kill_switch (
    company_id uuid NOT NULL REFERENCES company,
    reason text NOT NULL,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL,
    PRIMARY KEY (company_id)
);

-- Times in which nothing starts in a company.
CREATE TABLE freeze_window (
    company_id uuid NOT NULL REFERENCES company,
    place smallint NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL CHECK (ends_at > starts_at),
    reason text NOT NULL,
    PRIMARY KEY (company_id, place)
);

-- The same for all companies. Each of them reads it when it starts something, so it is no company's own.
CREATE TABLE kill_switch_for_all (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    reason text NOT NULL,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL
);
CREATE TABLE freeze_for_all (
    place smallint PRIMARY KEY,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL CHECK (ends_at > starts_at),
    reason text NOT NULL
);

-- ---------------------------------------------------------------- isolation and rights

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'approval', 'approval_decision', 'approval_touch', 'approval_edit', 'kill_switch', 'freeze_window'
    ] LOOP
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
END $$;

REVOKE ALL ON FUNCTION approval_goes_forward() FROM PUBLIC;
-- Of an approval the application may change where it stands, and nothing of what is asked.
GRANT SELECT, INSERT, UPDATE (state, state_reason, settled_at, settled_by) ON approval TO alertwhisperer_app;
GRANT SELECT, INSERT ON approval_decision, approval_touch, approval_edit TO alertwhisperer_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON kill_switch, freeze_window, kill_switch_for_all, freeze_for_all
    TO alertwhisperer_app;
