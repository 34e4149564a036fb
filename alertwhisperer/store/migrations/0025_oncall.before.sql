-- On call: schedules with their versions, what people changed about single stretches, and secret addresses of calendars.

-- What a schedule said from when until when. A schedule is its versions, so the past answers as it was. Rows of a company,
-- or of the MSP, where company_id is the nil UUID.
CREATE TABLE on_call_version (
    company_id uuid NOT NULL,
    schedule_id uuid NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    plan jsonb NOT NULL, -- name, zone, layers, and which companies one of the MSP serves
    holds_from timestamptz NOT NULL,
    holds_until timestamptz CHECK (holds_until >= holds_from), -- null: the last
    removed boolean NOT NULL, -- nothing holds from here on
    made_by text NOT NULL,
    PRIMARY KEY (company_id, schedule_id, version)
);
CREATE UNIQUE INDEX on_call_version_last ON on_call_version (company_id, schedule_id) WHERE holds_until IS NULL;

-- Overrides, absences and swaps.
CREATE TABLE on_call_change (
    company_id uuid NOT NULL,
    change_id uuid NOT NULL,
    schedule_id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('override', 'absence', 'swap')),
    user_id uuid NOT NULL, -- who takes it, who is away, or who asks
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    other_id uuid, -- of a swap, as the next two
    other_starts_at timestamptz,
    other_ends_at timestamptz,
    last_at timestamptz NOT NULL, -- when the last of it is over
    state text COLLATE "C" NOT NULL CHECK (state IN ('asked', 'agreed', 'declined', 'withdrawn')),
    reason text NOT NULL CHECK (length(reason) <= 500),
    event text NOT NULL CHECK (length(event) <= 500), -- of the calendar that it was imported from
    made_by text NOT NULL,
    made_at timestamptz NOT NULL,
    agreed_at timestamptz, -- counts from here on
    ended_at timestamptz, -- and until here
    PRIMARY KEY (company_id, change_id),
    CHECK (starts_at < ends_at AND ends_at <= last_at),
    CHECK (kind <> 'swap' OR (other_id IS NOT NULL AND other_starts_at < other_ends_at))
);
CREATE INDEX on_call_change_schedule ON on_call_change (company_id, schedule_id, last_at);
CREATE INDEX on_call_change_user ON on_call_change (user_id, last_at);
CREATE INDEX on_call_change_other ON on_call_change (other_id, last_at) WHERE other_id IS NOT NULL;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['on_call_version', 'on_call_change'] LOOP
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

-- Addresses by which a calendar program reads a person's stretches, or those of a schedule. Whoever has one reads this and
-- nothing else; only a keyed hash of it is kept. People's own, like their tokens: a company is not known when one is used.
CREATE TABLE on_call_feed (
    feed_id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES app_user, -- who made it, and whose rights it has
    schedule_id uuid, -- null: the person's own stretches
    name text NOT NULL CHECK (length(name) <= 200),
    hash uuid NOT NULL UNIQUE,
    hint text COLLATE "C" NOT NULL,
    made_at timestamptz NOT NULL,
    revoked_at timestamptz,
    read_at timestamptz -- to the minute
);
CREATE INDEX on_call_feed_user ON on_call_feed (user_id, feed_id);

GRANT SELECT, INSERT, UPDATE (holds_until) ON on_call_version TO alertwhisperer_app;
GRANT SELECT, INSERT, UPDATE (state, agreed_at, ended_at) ON on_call_change TO alertwhisperer_app;
GRANT SELECT, INSERT, UPDATE (revoked_at, read_at) ON on_call_feed TO alertwhisperer_app;
