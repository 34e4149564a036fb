-- Figures over months: the ledger's past minutes, and alerts by the quarter of an hour.

-- What the fold takes out of ledger_count, which from now on holds the last minutes alone. A row leaves it once, however
-- late it came, and is added to its minute and its quarter by the statement that deletes it: so sums are exact without
-- any notion of a time after which nothing comes any more.
CREATE TABLE ledger_minute (
    company_id uuid NOT NULL,
    at timestamptz NOT NULL, -- a whole minute
    deliveries_accepted bigint NOT NULL,
    deliveries_duplicate bigint NOT NULL,
    received bigint NOT NULL,
    new bigint NOT NULL,
    repeat bigint NOT NULL,
    resolve bigint NOT NULL,
    stale bigint NOT NULL,
    noted bigint NOT NULL,
    rejected bigint NOT NULL,
    quarantined bigint NOT NULL,
    pending bigint NOT NULL,
    firing bigint NOT NULL,
    PRIMARY KEY (company_id, at)
);

-- Sums of ledger_minute. Quarters, not hours: there are zones at :30 and :45, and their days begin inside an hour of UTC.
CREATE TABLE alert_quarter (
    company_id uuid NOT NULL,
    start timestamptz NOT NULL, -- a whole quarter of an hour
    total_alerts bigint NOT NULL, -- firing occurrences
    distinct_alerts bigint NOT NULL, -- those that began an alert, or a new cycle of one
    PRIMARY KEY (company_id, start)
);

-- The few incidents that people split off, found from those that they were split from.
CREATE INDEX incident_split ON incident (company_id, split_from) WHERE split_from IS NOT NULL;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['ledger_minute', 'alert_quarter'] LOOP
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

GRANT SELECT, INSERT, UPDATE ON ledger_minute, alert_quarter TO alertwhisperer_app;
