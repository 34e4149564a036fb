-- Maintenance windows: times in which alerts of some places open no incident, and what they held back.

CREATE TABLE maintenance_window (
    company_id uuid NOT NULL REFERENCES company,
    window_id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
    sites uuid[] NOT NULL, -- both empty: the whole company
    assets uuid[] NOT NULL,
    signatures text[] NOT NULL, -- empty: every check
    time_zone text NOT NULL,
    recurrence text NOT NULL, -- a part of RRULE; empty: it happens once
    made_by text NOT NULL,
    made_at timestamptz NOT NULL,
    ended_at timestamptz, -- somebody ended it for good before its time
    ended_by text,
    PRIMARY KEY (company_id, window_id)
);

-- Its times as instants, worked out when it was saved, so that no later change of a zone's rules changes what was decided.
-- Once one is over, what came of it: the digest, written once.
CREATE TABLE maintenance_span (
    company_id uuid NOT NULL,
    window_id uuid NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL CHECK (ends_at > starts_at),
    settled_at timestamptz,
    suppressed integer NOT NULL DEFAULT 0,
    criticals integer NOT NULL DEFAULT 0,
    firing integer NOT NULL DEFAULT 0,
    opened integer NOT NULL DEFAULT 0,
    PRIMARY KEY (company_id, window_id, starts_at),
    FOREIGN KEY (company_id, window_id) REFERENCES maintenance_window
);
CREATE INDEX maintenance_span_end ON maintenance_span (company_id, ends_at);

-- Alerts that a window held back, each with all that its incident needs should it open; `id` is the occurrence's. Never
-- deleted: figures of past months count them.
CREATE TABLE suppression (
    company_id uuid NOT NULL,
    id uuid NOT NULL,
    window_id uuid NOT NULL,
    alert_id uuid NOT NULL,
    incident_id uuid NOT NULL, -- opened later, or never
    severity smallint NOT NULL,
    asset text NOT NULL,
    signature text NOT NULL,
    received_at timestamptz NOT NULL,
    rule_id text NOT NULL,
    rule_name text NOT NULL,
    rules_version integer NOT NULL,
    aggregation_key text NOT NULL,
    PRIMARY KEY (company_id, id)
);
CREATE INDEX suppression_window ON suppression (company_id, window_id, received_at);
CREATE INDEX suppression_received ON suppression (company_id, received_at);
CREATE INDEX suppression_incident ON suppression (incident_id);

-- The windows of a version of the rules, with their places as names and their times in microseconds: what is decided by.
ALTER TABLE rule_set ADD COLUMN windows jsonb NOT NULL DEFAULT '[]';

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['maintenance_window', 'maintenance_span', 'suppression'] LOOP
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

GRANT SELECT, INSERT, UPDATE (ended_at, ended_by) ON maintenance_window TO alertwhisperer_app;
GRANT SELECT, INSERT, UPDATE (ends_at, settled_at, suppressed, criticals, firing, opened), DELETE ON maintenance_span
    TO alertwhisperer_app;
GRANT SELECT, INSERT ON suppression TO alertwhisperer_app;
