-- A company's own runbooks, and what it wants otherwise in a prebuilt one.

CREATE TABLE company_runbook (
    company_id uuid NOT NULL REFERENCES company,
    slug text COLLATE "C" NOT NULL CHECK (slug ~ '^[a-z][a-z0-9-]{2,63}$'),
    version integer NOT NULL CHECK (version > 0), -- as the file says
    body bytea NOT NULL CHECK (length(body) <= 262144), -- the file
    set_by text NOT NULL, -- as the audit log says
    set_at timestamptz NOT NULL,
    PRIMARY KEY (company_id, slug)
);

CREATE TABLE runbook_override (
    company_id uuid NOT NULL REFERENCES company,
    slug text COLLATE "C" NOT NULL, -- of a prebuilt one, or of the company's own
    risk text COLLATE "C" CHECK (risk IN ('low', 'medium', 'high')), -- null: as the file says
    disabled boolean NOT NULL,
    parameters jsonb NOT NULL, -- name to value, where nobody says one
    allowed jsonb NOT NULL, -- name to the values that an alert may hand over
    note text NOT NULL,
    set_by text NOT NULL, -- as the audit log says
    set_at timestamptz NOT NULL,
    PRIMARY KEY (company_id, slug)
);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['company_runbook', 'runbook_override'] LOOP
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

GRANT SELECT, INSERT, UPDATE, DELETE ON company_runbook, runbook_override TO alertwhisperer_app;
