-- Reports for customers: what was asked for, the files that were made of it, schedules, and what figures are compared with.

-- One file: asked for, made once by whoever takes it, kept until it is removed or too old.
CREATE TABLE report (
    company_id uuid NOT NULL REFERENCES company,
    report_id uuid NOT NULL,
    period text COLLATE "C" NOT NULL, -- as it was asked for: last_month, …; custom where two moments were given
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL CHECK (ends_at > starts_at),
    time_zone text COLLATE "C" NOT NULL,
    format text COLLATE "C" NOT NULL CHECK (format IN ('pdf', 'xlsx', 'csv')),
    sections text[] NOT NULL,
    schedule_id uuid, -- null: a person asked
    asked_by text NOT NULL, -- as the audit log says
    asked_at timestamptz NOT NULL,
    state text COLLATE "C" NOT NULL CHECK (state IN ('queued', 'made', 'failed')),
    problem text NOT NULL DEFAULT '', -- of a failed one
    settled_at timestamptz, -- when it was made, or failed
    size integer,
    sha256 bytea CHECK (length(sha256) = 32),
    body bytea,
    PRIMARY KEY (company_id, report_id),
    CHECK ((state = 'made') = (body IS NOT NULL)),
    CHECK ((body IS NULL) = (sha256 IS NULL)),
    CHECK (body IS NULL OR size = length(body))
);
ALTER TABLE report ALTER COLUMN body SET STORAGE EXTERNAL; -- PDF and XLSX are compressed already

-- Asks for reports by itself: of the week or the month that has just ended.
CREATE TABLE report_schedule (
    company_id uuid NOT NULL REFERENCES company,
    schedule_id uuid NOT NULL,
    name text NOT NULL,
    every text COLLATE "C" NOT NULL CHECK (every IN ('week', 'month')),
    day smallint NOT NULL CHECK (day BETWEEN 1 AND 28), -- 1 is Monday, or the first of the month
    hour smallint NOT NULL CHECK (hour BETWEEN 0 AND 23),
    time_zone text COLLATE "C" NOT NULL,
    formats text[] NOT NULL,
    sections text[] NOT NULL,
    created_by text NOT NULL, -- as the audit log says
    created_at timestamptz NOT NULL,
    next_at timestamptz NOT NULL,
    last_at timestamptz, -- when it last asked
    PRIMARY KEY (company_id, schedule_id)
);

-- The figures from before, as a person typed them, or as they were counted; one a company.
CREATE TABLE baseline (
    company_id uuid NOT NULL REFERENCES company,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('typed', 'imported', 'first_30_days')),
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL CHECK (ends_at > starts_at),
    figures jsonb NOT NULL, -- by their names in insight/definitions.py
    alerts bigint NOT NULL CHECK (alerts >= 0), -- of how many the figures speak
    incidents bigint NOT NULL CHECK (incidents >= 0),
    set_by text NOT NULL, -- as the audit log says
    set_at timestamptz NOT NULL,
    PRIMARY KEY (company_id)
);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['report', 'report_schedule', 'baseline'] LOOP
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

-- Of a report the application may change what became of it, and nothing of what was asked for.
GRANT SELECT, INSERT, DELETE, UPDATE (state, problem, settled_at, size, sha256, body) ON report TO alertwhisperer_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON report_schedule, baseline TO alertwhisperer_app;
