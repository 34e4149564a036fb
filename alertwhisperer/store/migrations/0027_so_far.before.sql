-- What scripts on targets printed so far, and what was last seen of the ways there.

-- Of a script that is under way: the end of what it printed, without secrets, as its outcome will have it. It is for
-- whoever watches and decides nothing, so it goes when the outcome is written, which has all of it. It stays where
-- nobody ever learned what came of the script.
CREATE TABLE run_so_far (
    company_id uuid NOT NULL,
    act_id uuid NOT NULL,
    executor text COLLATE "C" NOT NULL, -- slug of who sent it
    heard_at timestamptz NOT NULL,
    stdout bytea NOT NULL,
    stderr bytea NOT NULL,
    cut boolean NOT NULL, -- it said more than this
    PRIMARY KEY (company_id, act_id),
    FOREIGN KEY (company_id, act_id) REFERENCES run_act
);

-- What was wrong with the way to an asset when somebody last went there. It is of one binding, and goes with it; of one
-- that was replaced, or whose credential has other values since, it says nothing any more, and nobody is shown it.
CREATE TABLE binding_check (
    company_id uuid NOT NULL,
    asset_id uuid NOT NULL,
    bound_at timestamptz NOT NULL, -- of the binding that was tried
    checked_at timestamptz NOT NULL, -- when somebody set out
    checked_by text NOT NULL, -- as the audit log says
    wrong text[] NOT NULL, -- each with its mend; empty: a script could begin there
    PRIMARY KEY (company_id, asset_id),
    FOREIGN KEY (company_id, asset_id) REFERENCES asset_binding ON DELETE CASCADE
);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['run_so_far', 'binding_check'] LOOP
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

GRANT SELECT, INSERT, UPDATE, DELETE ON run_so_far, binding_check TO alertwhisperer_app;
