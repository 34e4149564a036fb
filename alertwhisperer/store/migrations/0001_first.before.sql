-- The first schema. Reasons: docs/architecture.md, "Storage".
--
-- Every tenant relation has a primary key that begins with company_id and is under forced row-level security.
-- Relations without a policy hold ids or people of the MSP, never a customer's content; tests/store/test_isolation_catalogue.py
-- names each of them with its reason.

CREATE SEQUENCE batch_seq;

-- ---------------------------------------------------------------- companies, integrations

-- The ids of all companies, for the few doors that must look before a company is known (policies cannot help there).
CREATE TABLE tenant (
    company_id uuid PRIMARY KEY
);

CREATE TABLE company (
    company_id uuid PRIMARY KEY REFERENCES tenant,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    time_zone text NOT NULL DEFAULT 'UTC',
    requests_per_minute integer NOT NULL DEFAULT 60 CHECK (requests_per_minute > 0),
    occurrences_per_minute integer NOT NULL DEFAULT 60000 CHECK (occurrences_per_minute > 0),
    bytes_per_minute bigint NOT NULL DEFAULT 104857600 CHECK (bytes_per_minute > 0),
    created_at timestamptz NOT NULL
);

-- What is left in a company's token buckets, from which each process leases shares.
CREATE TABLE rate_bucket (
    company_id uuid PRIMARY KEY REFERENCES company,
    requests double precision NOT NULL,
    occurrences double precision NOT NULL,
    bytes double precision NOT NULL,
    filled_at timestamptz NOT NULL
);

CREATE TABLE integration (
    company_id uuid NOT NULL REFERENCES company,
    integration_id uuid NOT NULL,
    source text COLLATE "C" NOT NULL,
    name text NOT NULL,
    scheme text NOT NULL DEFAULT 'alertwhisperer' CHECK (scheme IN ('alertwhisperer', 'standard')),
    require_signature boolean NOT NULL DEFAULT false,
    secret bytea NOT NULL, -- AES-GCM; the key is outside the database
    settings jsonb NOT NULL DEFAULT '{}',
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    removed_at timestamptz,
    PRIMARY KEY (company_id, integration_id)
);

-- Each version of an integration's settings, so that a delivery can say by which it was parsed.
CREATE TABLE integration_version (
    company_id uuid NOT NULL,
    integration_id uuid NOT NULL,
    version integer NOT NULL,
    settings jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (company_id, integration_id, version),
    FOREIGN KEY (company_id, integration_id) REFERENCES integration
);

CREATE TABLE integration_key (
    company_id uuid NOT NULL,
    key_id uuid NOT NULL,
    integration_id uuid NOT NULL,
    hash uuid NOT NULL, -- keyed hash of the key, cut to 128 bits
    hint text NOT NULL, -- the key's first characters, for people to tell two apart
    created_at timestamptz NOT NULL,
    revoked_at timestamptz,
    PRIMARY KEY (company_id, key_id),
    FOREIGN KEY (company_id, integration_id) REFERENCES integration
);

-- Which company a key belongs to: ids and hashes only, read through integration_of_key() alone.
CREATE TABLE key_index (
    hash uuid PRIMARY KEY,
    company_id uuid NOT NULL,
    integration_id uuid NOT NULL,
    key_id uuid NOT NULL
);

-- Correlation rules of a company; a version is never changed.
CREATE TABLE rule_set (
    company_id uuid NOT NULL REFERENCES company,
    version integer NOT NULL,
    rules jsonb NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (company_id, version)
);

-- ---------------------------------------------------------------- the input log (by day of id)

CREATE TABLE delivery (
    company_id uuid NOT NULL,
    id uuid NOT NULL,
    integration_id uuid NOT NULL,
    received_at timestamptz NOT NULL,
    seq bigint NOT NULL, -- the batch that decided it
    source text COLLATE "C" NOT NULL,
    parser smallint NOT NULL, -- version of the source's parser
    settings_version integer NOT NULL,
    status smallint NOT NULL, -- 1 processed, 2 quarantined
    received integer NOT NULL, -- members found in the body, counted when it was split
    flagged boolean NOT NULL DEFAULT false, -- an unsigned repeat of a sender's id with another body
    request text, -- JSON of method, query and headers that the parser read; null when there were none
    body bytea NOT NULL,
    PRIMARY KEY (company_id, id)
) PARTITION BY RANGE (id);

-- Which sender's ids were seen; decides repeats between processes. Not partitioned: a unique key cannot span days.
CREATE TABLE delivery_key (
    company_id uuid NOT NULL,
    integration_id uuid NOT NULL,
    sender uuid NOT NULL, -- hash of the sender's id
    body uuid NOT NULL, -- hash of the body
    delivery_id uuid NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (company_id, integration_id, sender)
);
CREATE INDEX delivery_key_received ON delivery_key USING brin (received_at);

-- id = the delivery's id with the member's index in its last 24 bits (kit/ids.py).
CREATE TABLE occurrence (
    company_id uuid NOT NULL,
    id uuid NOT NULL,
    integration_id uuid NOT NULL,
    seq bigint NOT NULL,
    place integer NOT NULL, -- order of decision inside the batch
    received_at timestamptz NOT NULL,
    kind smallint NOT NULL,
    severity smallint,
    outcome smallint NOT NULL,
    reason smallint NOT NULL,
    problem uuid, -- null when the member could not be read
    cycle uuid,
    started_at timestamptz, -- as the tool said; clamping is part of the decision
    ended_at timestamptz,
    rules_version integer NOT NULL,
    alert_id uuid,
    incident_id uuid,
    content text, -- JSON; null when it equals the problem's last one
    PRIMARY KEY (company_id, id)
) PARTITION BY RANGE (id);
CREATE INDEX occurrence_alert ON occurrence (alert_id) WHERE alert_id IS NOT NULL;

-- Why a decision was made, as facts; words are made when it is read.
CREATE TABLE receipt (
    company_id uuid NOT NULL,
    id uuid NOT NULL, -- the occurrence's
    facts text NOT NULL,
    PRIMARY KEY (company_id, id)
) PARTITION BY RANGE (id);

-- Inputs that are not occurrences: acts of people and timers, in the same numbering.
CREATE TABLE act (
    company_id uuid NOT NULL,
    id uuid NOT NULL,
    seq bigint NOT NULL,
    at timestamptz NOT NULL,
    kind text COLLATE "C" NOT NULL,
    actor text NOT NULL,
    incident_id uuid,
    facts text NOT NULL, -- JSON: the inputs and the result
    PRIMARY KEY (company_id, id)
);
CREATE INDEX act_incident ON act (incident_id, seq); -- ids of one millisecond have no order, numbers do

-- ---------------------------------------------------------------- state

-- Indexes here lead with what they find, not with the company: beside the primary key a second index that begins with
-- company_id costs a planner without statistics the same, and it then walks all rows of a company to find one.
--
-- The hot tables: one row per identity, updated in place (fillfactor leaves room for heap-only updates).
CREATE TABLE alert_state (
    company_id uuid NOT NULL,
    problem uuid NOT NULL, -- hash of integration and problem id
    alert_id uuid, -- null: only a resolve was ever seen
    incident_id uuid,
    status smallint NOT NULL, -- 1 firing, 2 resolved
    severity smallint NOT NULL,
    pinned boolean NOT NULL, -- a person moved it: later cycles follow that incident
    count integer NOT NULL, -- firing occurrences of the present cycle
    cycle uuid,
    started_at timestamptz, -- of the present cycle, clamped; null when the tool gave no time
    ended_at timestamptz,
    last_seen_at timestamptz NOT NULL,
    content uuid NOT NULL, -- hash of the content last stored
    PRIMARY KEY (company_id, problem)
) WITH (fillfactor = 60);
CREATE INDEX alert_state_firing ON alert_state (company_id, alert_id) WHERE status = 1;
CREATE INDEX alert_state_incident ON alert_state (incident_id) WHERE incident_id IS NOT NULL;

CREATE TABLE correlation_key (
    company_id uuid NOT NULL,
    key uuid NOT NULL, -- hash of the rule's id and the grouping fields
    incident_id uuid NOT NULL,
    PRIMARY KEY (company_id, key)
) WITH (fillfactor = 80);
CREATE INDEX correlation_key_incident ON correlation_key (incident_id);

CREATE TABLE incident_state (
    company_id uuid NOT NULL,
    incident_id uuid NOT NULL,
    status smallint NOT NULL, -- 1 forming (below its rule's least count), 2 open, 3 resolved, 4 merged
    severity smallint NOT NULL, -- the worst seen
    is_current boolean NOT NULL, -- a correlation key points to it; when false a batch that read the key must look again
    by_person boolean NOT NULL, -- resolved by a person
    fixed_window boolean NOT NULL, -- rule parameters, copied when it began, so that later edits do not move it
    window_s integer NOT NULL,
    hold_s integer NOT NULL,
    reopen_s integer NOT NULL,
    life_s integer NOT NULL,
    least_count integer NOT NULL,
    firing integer NOT NULL, -- alerts of it that fire now
    alerts integer NOT NULL,
    occurrences integer NOT NULL, -- firing occurrences
    began_at timestamptz NOT NULL,
    opened_at timestamptz,
    activity_at timestamptz NOT NULL,
    resolved_at timestamptz,
    PRIMARY KEY (company_id, incident_id)
) WITH (fillfactor = 60);
CREATE INDEX incident_state_open ON incident_state (company_id, incident_id) WHERE status = 2;
CREATE INDEX incident_state_resolved ON incident_state (company_id, resolved_at) WHERE resolved_at IS NOT NULL;

-- Written when an alert begins, when its content changes and when its cycle is replaced; between these, alert_state has
-- the fresh figures.
CREATE TABLE alert (
    company_id uuid NOT NULL,
    id uuid NOT NULL,
    integration_id uuid NOT NULL,
    problem uuid NOT NULL,
    incident_id uuid NOT NULL,
    source text COLLATE "C" NOT NULL,
    asset text NOT NULL,
    signature text NOT NULL,
    message text NOT NULL,
    labels text NOT NULL, -- JSON
    links text NOT NULL, -- JSON
    severity smallint NOT NULL,
    status smallint NOT NULL,
    count integer NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    first_seen_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    PRIMARY KEY (company_id, id)
) WITH (fillfactor = 90);
CREATE INDEX alert_incident ON alert (incident_id);

CREATE TABLE incident (
    company_id uuid NOT NULL,
    id uuid NOT NULL,
    title text NOT NULL,
    rule_id text COLLATE "C" NOT NULL,
    rule_name text NOT NULL,
    rules_version integer NOT NULL,
    aggregation_key text NOT NULL,
    opened_at timestamptz NOT NULL,
    acknowledged_at timestamptz,
    acknowledged_by text,
    assignee text,
    resolved_by text,
    merged_into uuid,
    split_from uuid,
    PRIMARY KEY (company_id, id)
);
CREATE INDEX incident_opened ON incident (company_id, opened_at);
CREATE INDEX incident_acknowledged ON incident (company_id, acknowledged_at) WHERE acknowledged_at IS NOT NULL;

CREATE TABLE incident_comment (
    company_id uuid NOT NULL,
    id uuid NOT NULL,
    incident_id uuid NOT NULL,
    at timestamptz NOT NULL,
    author text NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (company_id, id)
);
CREATE INDEX incident_comment_incident ON incident_comment (company_id, incident_id, id);

-- ---------------------------------------------------------------- ledger, quarantine

-- What each batch did, insert-only; older rows are folded into one a minute.
CREATE TABLE ledger_count (
    company_id uuid NOT NULL,
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    deliveries_accepted bigint NOT NULL DEFAULT 0,
    deliveries_duplicate bigint NOT NULL DEFAULT 0,
    received bigint NOT NULL DEFAULT 0,
    new bigint NOT NULL DEFAULT 0,
    repeat bigint NOT NULL DEFAULT 0,
    resolve bigint NOT NULL DEFAULT 0,
    stale bigint NOT NULL DEFAULT 0,
    noted bigint NOT NULL DEFAULT 0,
    rejected bigint NOT NULL DEFAULT 0,
    quarantined bigint NOT NULL DEFAULT 0,
    pending bigint NOT NULL DEFAULT 0,
    firing bigint NOT NULL DEFAULT 0, -- of all these, firing ones: what monitoring tools call alerts
    PRIMARY KEY (company_id, id)
);
CREATE INDEX ledger_count_at ON ledger_count (company_id, at);

-- Requests refused after the key was known, by reason; written from memory every second.
CREATE TABLE refusal_count (
    company_id uuid NOT NULL,
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    reason text COLLATE "C" NOT NULL,
    requests bigint NOT NULL,
    PRIMARY KEY (company_id, id)
);
CREATE INDEX refusal_count_at ON refusal_count (company_id, at);

CREATE TABLE quarantine (
    company_id uuid NOT NULL,
    id uuid NOT NULL, -- the occurrence's that stands for the unit in the ledger
    delivery_id uuid NOT NULL,
    integration_id uuid NOT NULL,
    at timestamptz NOT NULL,
    reason text COLLATE "C" NOT NULL,
    what text NOT NULL,
    place text NOT NULL, -- where in the body
    mend text NOT NULL,
    state text COLLATE "C" NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'rerun', 'discarded')),
    settled_at timestamptz,
    settled_by text,
    PRIMARY KEY (company_id, id)
);
CREATE INDEX quarantine_waiting ON quarantine (company_id, id) WHERE state = 'waiting';

-- ---------------------------------------------------------------- timed work and effects

-- Ids only, so it needs no policy: any worker may see that something is due.
CREATE TABLE due_work (
    company_id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL,
    subject uuid NOT NULL,
    due_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    PRIMARY KEY (company_id, kind, subject)
);
CREATE INDEX due_work_due ON due_work (due_at);

-- Effects outside that a source asked for (an SNS subscription to confirm), kept until done or given up.
CREATE TABLE source_action (
    company_id uuid NOT NULL,
    id uuid NOT NULL,
    integration_id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL,
    subject text NOT NULL,
    secret bytea NOT NULL, -- what the source needs to act, AES-GCM (it may hold a token)
    state text COLLATE "C" NOT NULL CHECK (state IN ('awaiting_approval', 'due', 'done', 'failed')),
    at timestamptz NOT NULL,
    settled_at timestamptz,
    answer text NOT NULL DEFAULT '',
    PRIMARY KEY (company_id, id),
    FOREIGN KEY (company_id, integration_id) REFERENCES integration
);

-- ---------------------------------------------------------------- people and the record

CREATE TABLE app_user (
    user_id uuid PRIMARY KEY,
    email text COLLATE "C" NOT NULL UNIQUE,
    role text COLLATE "C" NOT NULL CHECK (role IN ('msp_admin', 'company_admin', 'technician')),
    created_at timestamptz NOT NULL,
    removed_at timestamptz
);

CREATE TABLE user_company (
    company_id uuid NOT NULL REFERENCES company,
    user_id uuid NOT NULL REFERENCES app_user,
    PRIMARY KEY (company_id, user_id)
);
CREATE INDEX user_company_user ON user_company (user_id);

CREATE TABLE api_token (
    token_id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES app_user,
    hash uuid NOT NULL UNIQUE, -- keyed hash of the token, cut to 128 bits
    hint text NOT NULL,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);

-- Acts of people and of the command line. company_id is the nil UUID for acts on the installation itself.
CREATE TABLE audit_log (
    company_id uuid NOT NULL,
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    action text COLLATE "C" NOT NULL,
    subject text NOT NULL,
    detail jsonb NOT NULL,
    PRIMARY KEY (company_id, id)
);

CREATE FUNCTION audit_log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_is_append_only();

-- ---------------------------------------------------------------- isolation

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'company', 'rate_bucket', 'integration', 'integration_version', 'integration_key', 'rule_set', 'delivery',
        'delivery_key', 'occurrence', 'receipt', 'act', 'alert_state', 'correlation_key', 'incident_state', 'alert',
        'incident', 'incident_comment', 'ledger_count', 'refusal_count', 'quarantine', 'source_action', 'audit_log'
    ] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        -- The inner SELECT is evaluated once a statement; without it the setting is parsed for each row. `IS TRUE` keeps
        -- the list out of index conditions: as one it made every index on company_id look alike, and a lookup of a
        -- whole key walked all rows of its company until the first ANALYZE.
        EXECUTE format($policy$
            CREATE POLICY own_company ON %1$I
            USING ((company_id = ANY ((
                SELECT NULLIF(current_setting('alertwhisperer.companies', true), '')::uuid[])::uuid[])) IS TRUE)
            WITH CHECK ((company_id = ANY ((
                SELECT NULLIF(current_setting('alertwhisperer.companies', true), '')::uuid[])::uuid[])) IS TRUE)
            $policy$, name);
    END LOOP;
END $$;

-- ---------------------------------------------------------------- doors that open before a company is known

CREATE FUNCTION integration_of_key(wanted uuid) RETURNS TABLE (company_id uuid, integration_id uuid, key_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS 'SELECT k.company_id, k.integration_id, k.key_id FROM public.key_index k WHERE k.hash = wanted';

CREATE FUNCTION all_companies() RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS 'SELECT t.company_id FROM public.tenant t ORDER BY 1';

CREATE FUNCTION add_tenant(wanted uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS 'INSERT INTO public.tenant VALUES (wanted)';

-- A key may be entered only for a company that the caller's transaction is in.
CREATE FUNCTION enter_key(wanted uuid, company uuid, integration uuid, key uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF company <> ALL (coalesce(nullif(current_setting('alertwhisperer.companies', true), '')::uuid[], '{}')) THEN
        RAISE EXCEPTION 'another company''s key' USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO public.key_index VALUES (wanted, company, integration, key);
END $$;

CREATE FUNCTION forget_key(company uuid, key uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF company <> ALL (coalesce(nullif(current_setting('alertwhisperer.companies', true), '')::uuid[], '{}')) THEN
        RAISE EXCEPTION 'another company''s key' USING ERRCODE = 'insufficient_privilege';
    END IF;
    DELETE FROM public.key_index k WHERE k.company_id = company AND k.key_id = key;
END $$;

-- Partitions by UTC day of the id: `days` ahead of `today`, so that no row falls into the default one.
CREATE FUNCTION make_partitions(today date, days integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    parent text;
    day date;
    part text;
    made integer := 0;
BEGIN
    FOREACH parent IN ARRAY ARRAY['delivery', 'occurrence', 'receipt'] LOOP
        IF to_regclass('public.' || parent || '_default') IS NULL THEN
            EXECUTE format('CREATE TABLE public.%I PARTITION OF public.%I DEFAULT', parent || '_default', parent);
        END IF;
        FOR ahead IN -1 .. days LOOP
            day := today + ahead;
            part := parent || '_' || to_char(day, 'YYYYMMDD');
            IF to_regclass('public.' || part) IS NULL THEN
                EXECUTE format('CREATE TABLE public.%I PARTITION OF public.%I FOR VALUES FROM (%L) TO (%L)',
                    part, parent, public.day_floor(day), public.day_floor(day + 1));
                made := made + 1;
            END IF;
        END LOOP;
    END LOOP;
    RETURN made;
END $$;

-- The least id of a UTC day: 48 bits of milliseconds, then zeros.
CREATE FUNCTION day_floor(day date) RETURNS uuid LANGUAGE sql IMMUTABLE
    AS $$ SELECT (lpad(to_hex((extract(epoch FROM day::timestamp) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid $$;

-- Drops whole days that ended before `keep_from`; returns the partitions dropped.
CREATE FUNCTION drop_partitions(keep_from date) RETURNS SETOF text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    part text;
BEGIN
    FOR part IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent
        WHERE p.relname IN ('delivery', 'occurrence', 'receipt') AND p.relnamespace = 'public'::regnamespace
          AND c.relname ~ '_[0-9]{8}$' AND to_date(right(c.relname, 8), 'YYYYMMDD') < keep_from
        ORDER BY 1
    LOOP
        EXECUTE format('DROP TABLE public.%I', part);
        RETURN NEXT part;
    END LOOP;
END $$;

SELECT make_partitions((now() AT TIME ZONE 'UTC')::date, 7);

-- Rows that no partition was ready for: an alarm, by table.
CREATE FUNCTION stray_rows() RETURNS TABLE (relation text, stray bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS $$ SELECT 'delivery', count(*) FROM ONLY public.delivery_default
          UNION ALL SELECT 'occurrence', count(*) FROM ONLY public.occurrence_default
          UNION ALL SELECT 'receipt', count(*) FROM ONLY public.receipt_default $$;

CREATE FUNCTION forget_delivery_keys(before timestamptz) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    gone bigint := 0;
    batch bigint;
    one uuid;
BEGIN
    FOR one IN SELECT t.company_id FROM public.tenant t LOOP
        PERFORM set_config('alertwhisperer.companies', '{' || one || '}', true);
        DELETE FROM public.delivery_key k WHERE k.company_id = one AND k.received_at < before;
        GET DIAGNOSTICS batch = ROW_COUNT;
        gone := gone + batch;
    END LOOP;
    PERFORM set_config('alertwhisperer.companies', '', true);
    RETURN gone;
END $$;

-- ---------------------------------------------------------------- the application's rights

REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO alertwhisperer_app;
GRANT USAGE ON SEQUENCE batch_seq TO alertwhisperer_app;
GRANT SELECT, INSERT ON company, integration, integration_version, integration_key, rule_set, delivery, delivery_key,
    occurrence, receipt, act, alert_state, correlation_key, incident_state, alert, incident, incident_comment,
    ledger_count, refusal_count, quarantine, source_action, audit_log, rate_bucket, due_work, app_user, user_company,
    api_token TO alertwhisperer_app;
GRANT UPDATE ON company, integration, integration_key, delivery, occurrence, alert_state, correlation_key,
    incident_state, alert, incident, quarantine, source_action, rate_bucket, due_work, app_user, api_token
    TO alertwhisperer_app;
GRANT DELETE ON due_work, user_company, ledger_count, refusal_count, occurrence TO alertwhisperer_app;
GRANT EXECUTE ON FUNCTION integration_of_key(uuid), all_companies(), add_tenant(uuid),
    enter_key(uuid, uuid, uuid, uuid), forget_key(uuid, uuid), make_partitions(date, integer), drop_partitions(date),
    day_floor(date), stray_rows(), forget_delivery_keys(timestamptz) TO alertwhisperer_app;
