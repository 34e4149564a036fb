-- What alerts may decide about runs has versions, and what scripts printed is not kept for ever.

-- Counts the changes of what alerts may decide, so that nobody replaces what they never saw; no row: never changed.
CREATE TABLE run_policy (
    company_id uuid PRIMARY KEY REFERENCES company,
    version integer NOT NULL CHECK (version > 0)
);
ALTER TABLE run_policy ENABLE ROW LEVEL SECURITY;
ALTER TABLE run_policy FORCE ROW LEVEL SECURITY;
CREATE POLICY own_company ON run_policy
    USING ((company_id = ANY ((
        SELECT NULLIF(current_setting('alertwhisperer.companies', true), '')::uuid[])::uuid[])) IS TRUE)
    WITH CHECK ((company_id = ANY ((
        SELECT NULLIF(current_setting('alertwhisperer.companies', true), '')::uuid[])::uuid[])) IS TRUE);
GRANT SELECT, INSERT, UPDATE (version) ON run_policy TO alertwhisperer_app;

-- When what a script printed was removed; null: it is there. Its hashes stay in the audit log.
ALTER TABLE run_act ADD COLUMN output_removed_at timestamptz;
CREATE INDEX run_act_output ON run_act (company_id, settled_at)
    WHERE output_removed_at IS NULL AND settled_at IS NOT NULL;
GRANT UPDATE (output_removed_at) ON run_act TO alertwhisperer_app;

-- As in 0020: an outcome is written once. Its output may go, once, and nothing else of it changes then.
CREATE OR REPLACE FUNCTION run_act_settles_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.ending IS NULL THEN
        RETURN NEW;
    END IF;
    IF OLD.output_removed_at IS NOT NULL OR NEW.output_removed_at IS NULL OR NEW.stdout <> '' OR NEW.stderr <> ''
        OR (OLD.ending, OLD.exit_code, OLD.said, OLD.cut, OLD.reference, OLD.link, OLD.started_at, OLD.ended_at,
            OLD.settled_at)
        IS DISTINCT FROM (NEW.ending, NEW.exit_code, NEW.said, NEW.cut, NEW.reference, NEW.link, NEW.started_at,
            NEW.ended_at, NEW.settled_at)
    THEN
        RAISE EXCEPTION 'the outcome of an act is written once' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
