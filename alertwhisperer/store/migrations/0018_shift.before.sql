-- What a shift of people keeps: views of lists, promises to clients, and offers to hand over.

-- ---------------------------------------------------------------- views

-- A list as somebody likes to look at it. Rows of the MSP: company_id is the nil UUID, for a view may be over several
-- companies, and a person's own are nobody else's business.
CREATE TABLE saved_view (
    company_id uuid NOT NULL,
    view_id uuid NOT NULL,
    owner_id uuid NOT NULL, -- who made it
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    address text NOT NULL CHECK (length(address) <= 2000), -- query string of the list
    shared boolean NOT NULL,
    about_id uuid, -- of a shared one: for whom, the people of this company; null: the MSP's own people
    position integer NOT NULL,
    made_at timestamptz NOT NULL,
    PRIMARY KEY (company_id, view_id)
);

-- ---------------------------------------------------------------- promises

-- What a client was told that somebody will do by when.
CREATE TABLE promise (
    company_id uuid NOT NULL REFERENCES company,
    promise_id uuid NOT NULL,
    incident_id uuid NOT NULL,
    text text NOT NULL CHECK (length(text) BETWEEN 1 AND 500),
    due_at timestamptz NOT NULL,
    made_by text NOT NULL,
    made_at timestamptz NOT NULL,
    kept_at timestamptz,
    kept_by text,
    dropped_at timestamptz, -- given up: the client was told so, or it came to nothing
    dropped_by text,
    dropped_why text,
    PRIMARY KEY (company_id, promise_id),
    CHECK (kept_at IS NULL OR dropped_at IS NULL)
);
CREATE INDEX promise_incident ON promise (company_id, incident_id);
CREATE INDEX promise_waiting ON promise (company_id, due_at) WHERE kept_at IS NULL AND dropped_at IS NULL;

-- ---------------------------------------------------------------- handing over

-- One person offers another to take incidents over. Rows of the MSP: the incidents may be of several companies.
CREATE TABLE handover (
    company_id uuid NOT NULL,
    handover_id uuid NOT NULL,
    from_id uuid NOT NULL,
    to_id uuid NOT NULL,
    note text NOT NULL CHECK (length(note) <= 4000),
    amount integer NOT NULL, -- of incidents: whoever serves fewer companies later still learns of how many
    companies uuid[] NOT NULL, -- whose these are
    state text COLLATE "C" NOT NULL CHECK (state IN ('offered', 'accepted', 'withdrawn')),
    offered_at timestamptz NOT NULL,
    settled_at timestamptz,
    PRIMARY KEY (company_id, handover_id)
);
CREATE INDEX handover_to ON handover (to_id, handover_id);
CREATE INDEX handover_from ON handover (from_id, handover_id);

-- Which incidents, each in its own company.
CREATE TABLE handover_incident (
    company_id uuid NOT NULL REFERENCES company,
    handover_id uuid NOT NULL,
    incident_id uuid NOT NULL,
    assignee text, -- whose it was when it was offered; whoever took it since keeps it
    outcome text COLLATE "C" NOT NULL CHECK (outcome IN ('offered', 'moved', 'had', 'taken', 'over', 'not_served')),
    PRIMARY KEY (company_id, handover_id, incident_id)
);

-- ---------------------------------------------------------------- isolation and rights

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['saved_view', 'promise', 'handover', 'handover_incident'] LOOP
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

GRANT SELECT, INSERT, UPDATE, DELETE ON saved_view TO alertwhisperer_app;
GRANT SELECT, INSERT, UPDATE (incident_id, kept_at, kept_by, dropped_at, dropped_by, dropped_why) ON promise
    TO alertwhisperer_app; -- merging moves it
GRANT SELECT, INSERT, UPDATE (state, settled_at) ON handover TO alertwhisperer_app;
GRANT SELECT, INSERT, UPDATE (outcome) ON handover_incident TO alertwhisperer_app;
