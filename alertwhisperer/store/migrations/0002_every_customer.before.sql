-- Every customer: the MSP's own company, groups and inherited settings, routes, inventory, feeds, silence.

-- ---------------------------------------------------------------- the MSP itself

-- Integrations that serve many companies, what no company is mapped to, and the incidents about them belong to the MSP.
-- It is a company like any other to every policy, and in no list of customers.
SELECT set_config('alertwhisperer.companies', '{00000000-0000-0000-0000-000000000000}', true);
INSERT INTO tenant VALUES ('00000000-0000-0000-0000-000000000000');
INSERT INTO company (company_id, name, requests_per_minute, occurrences_per_minute, bytes_per_minute, created_at)
VALUES ('00000000-0000-0000-0000-000000000000', 'MSP', 6000, 600000, 1073741824, now());
SELECT set_config('alertwhisperer.companies', '', true);

-- ---------------------------------------------------------------- groups and inherited settings

ALTER TABLE company
    ADD COLUMN ref text COLLATE "C", -- the MSP's own name for it (a customer number), by which an import finds it again
    ADD COLUMN group_id uuid;

-- Rows of the MSP: company_id is the nil UUID.
CREATE TABLE company_group (
    company_id uuid NOT NULL,
    group_id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (company_id, group_id)
);
CREATE UNIQUE INDEX company_group_name ON company_group (company_id, lower(name));

-- What the MSP sets for all (owner_id nil) or for a group. Rows of the MSP.
CREATE TABLE inherited_setting (
    company_id uuid NOT NULL,
    owner_id uuid NOT NULL,
    name text COLLATE "C" NOT NULL,
    value jsonb NOT NULL,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL,
    PRIMARY KEY (company_id, owner_id, name)
);

-- Each company's effective values that differ from the product's defaults, and where each comes from; those of the
-- company's own are the exceptions. Remade whenever something above changes, so that a company reads only its own rows.
CREATE TABLE company_setting (
    company_id uuid NOT NULL REFERENCES company,
    name text COLLATE "C" NOT NULL,
    value jsonb NOT NULL,
    origin text COLLATE "C" NOT NULL CHECK (origin IN ('msp', 'group', 'company')),
    group_name text NOT NULL DEFAULT '', -- where origin is 'group': its name, which the company could not look up
    set_by text NOT NULL,
    set_at timestamptz NOT NULL,
    PRIMARY KEY (company_id, name)
);

-- ---------------------------------------------------------------- one integration, many companies

ALTER TABLE integration
    ADD COLUMN route_by text, -- of an MSP-wide one: the label that names the customer; null: it serves its company alone
    ADD COLUMN shared_id uuid; -- of a company's: the MSP-wide one that it receives from; null: it has keys of its own
CREATE INDEX integration_shared ON integration (shared_id) WHERE shared_id IS NOT NULL;

-- Which customer of a tool is which company. Rows of the MSP.
CREATE TABLE route (
    company_id uuid NOT NULL,
    integration_id uuid NOT NULL,
    value text COLLATE "C" NOT NULL, -- as the tool names the customer, trimmed and case-folded
    target uuid NOT NULL,
    shown text NOT NULL, -- as it was given
    set_by text NOT NULL,
    set_at timestamptz NOT NULL,
    PRIMARY KEY (company_id, integration_id, value),
    FOREIGN KEY (company_id, integration_id) REFERENCES integration
);

ALTER TABLE quarantine
    ADD COLUMN subject text COLLATE "C", -- of an unmapped occurrence: the customer's name as the tool gave it, case-folded
    ADD COLUMN severity smallint, -- as the tool said, where the unit could be read
    ADD COLUMN summary text; -- asset, check and message of a unit that could be read
CREATE INDEX quarantine_subject ON quarantine (integration_id, subject, id) WHERE state = 'waiting' AND subject IS NOT NULL;

-- ---------------------------------------------------------------- inventory

CREATE TABLE site (
    company_id uuid NOT NULL REFERENCES company,
    site_id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    time_zone text NOT NULL,
    calendar jsonb NOT NULL, -- {"hours": {"mon": [["08:00", "18:00"]], …}, "holidays": ["2026-12-25", …]}
    address text NOT NULL DEFAULT '',
    notes text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    PRIMARY KEY (company_id, site_id)
);
CREATE UNIQUE INDEX site_name ON site (company_id, lower(name));

CREATE TABLE asset (
    company_id uuid NOT NULL REFERENCES company,
    asset_id uuid NOT NULL,
    name text NOT NULL, -- as people read it; names that find it are in asset_name
    kind text COLLATE "C" NOT NULL DEFAULT '', -- server, vm, switch, website, …
    weight smallint NOT NULL DEFAULT 3 CHECK (weight BETWEEN 1 AND 5), -- 5: the business stops without it
    owner text NOT NULL DEFAULT '',
    platform text COLLATE "C" NOT NULL DEFAULT '', -- linux, windows, …
    tags text[] NOT NULL DEFAULT '{}',
    links jsonb NOT NULL DEFAULT '{}',
    notes text NOT NULL DEFAULT '',
    site_id uuid,
    confirmed boolean NOT NULL, -- false: it appeared in an alert, and is never a target
    merged_into uuid,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (company_id, asset_id),
    FOREIGN KEY (company_id, site_id) REFERENCES site
);
CREATE INDEX asset_site ON asset (site_id) WHERE site_id IS NOT NULL;

-- Every name that finds an asset: its own, aliases, former ones, those of assets merged into it. A name without an asset
-- was just seen in an alert; a worker makes an unconfirmed asset of it.
CREATE TABLE asset_name (
    company_id uuid NOT NULL,
    name text COLLATE "C" NOT NULL, -- canonical (domain/asset.py)
    asset_id uuid,
    shown text NOT NULL, -- as it was written
    origin text COLLATE "C" NOT NULL CHECK (origin IN ('own', 'alias', 'former', 'merged', 'seen')),
    source text COLLATE "C" NOT NULL DEFAULT '', -- slug of the tool that spoke of it first
    added_at timestamptz NOT NULL,
    PRIMARY KEY (company_id, name)
);
CREATE INDEX asset_name_asset ON asset_name (asset_id) WHERE asset_id IS NOT NULL;
CREATE INDEX asset_name_unknown ON asset_name (company_id) WHERE asset_id IS NULL;

-- Topology: what stands on what. `from_asset` depends on `to_asset`; of `connected` ones neither is first.
CREATE TABLE asset_edge (
    company_id uuid NOT NULL,
    edge_id uuid NOT NULL,
    from_asset uuid NOT NULL,
    to_asset uuid NOT NULL,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('depends_on', 'runs_on', 'connected', 'member_of')),
    added_by text NOT NULL,
    added_at timestamptz NOT NULL,
    PRIMARY KEY (company_id, edge_id),
    FOREIGN KEY (company_id, from_asset) REFERENCES asset,
    FOREIGN KEY (company_id, to_asset) REFERENCES asset,
    CHECK (from_asset <> to_asset)
);
CREATE UNIQUE INDEX asset_edge_pair ON asset_edge (company_id, from_asset, to_asset, kind);
CREATE INDEX asset_edge_to ON asset_edge (to_asset);

CREATE TABLE contact (
    company_id uuid NOT NULL REFERENCES company,
    contact_id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    role text NOT NULL DEFAULT '',
    email text NOT NULL DEFAULT '',
    phone text NOT NULL DEFAULT '',
    hours text NOT NULL DEFAULT '',
    preferred_channel text COLLATE "C" NOT NULL DEFAULT '',
    notes text NOT NULL DEFAULT '',
    site_id uuid,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (company_id, contact_id),
    FOREIGN KEY (company_id, site_id) REFERENCES site
);

-- The asset's name as names are compared (domain/asset.py), so that alerts are found by any name of their asset. Alerts
-- from before get what is the same for a plain host name; only Python knows ports, schemes and paths.
ALTER TABLE alert ADD COLUMN asset_name text COLLATE "C";
SELECT set_config('alertwhisperer.companies', (SELECT coalesce(array_agg(t.company_id), '{}')::text FROM tenant t), true);
UPDATE alert SET asset_name = lower(asset);
SELECT set_config('alertwhisperer.companies', '', true);
CREATE INDEX alert_asset_name ON alert (asset_name, company_id); -- in this order, or it looks as good as the primary key

-- Other names of assets are part of what a correlation key is made of, so each version of the rules keeps them.
ALTER TABLE rule_set ADD COLUMN aliases jsonb NOT NULL DEFAULT '{}'; -- canonical name → the asset's own canonical name

-- ---------------------------------------------------------------- feeds

-- Where a puller stands.
CREATE TABLE feed (
    company_id uuid NOT NULL,
    integration_id uuid NOT NULL,
    interval_s integer NOT NULL CHECK (interval_s BETWEEN 10 AND 86400),
    paused boolean NOT NULL DEFAULT false,
    state text COLLATE "C" NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'ok', 'failing', 'stopped')),
    sequence bigint NOT NULL DEFAULT 0, -- of the look; one that lost its lease can write nothing any more
    busy_until timestamptz, -- lease of the look that is under way
    cursor jsonb, -- where the next look begins; all before it is stored
    pending jsonb, -- where it will, once the items of the look under way are stored; left over by a crash
    polled_at timestamptz,
    succeeded_at timestamptz,
    failures integer NOT NULL DEFAULT 0, -- in a row
    refusals integer NOT NULL DEFAULT 0, -- of these, in a row, what a person must mend
    problem text NOT NULL DEFAULT '', -- of the last look, in words for people
    looks bigint NOT NULL DEFAULT 0,
    items bigint NOT NULL DEFAULT 0, -- handed in
    repeats bigint NOT NULL DEFAULT 0, -- of these, seen before
    PRIMARY KEY (company_id, integration_id),
    FOREIGN KEY (company_id, integration_id) REFERENCES integration
);

-- ---------------------------------------------------------------- silence

-- What must be heard from time to time: an integration, or one heartbeat of it (Alertmanager's Watchdog).
CREATE TABLE silence_check (
    company_id uuid NOT NULL,
    check_id uuid NOT NULL, -- the integration's id, or the heartbeat's problem
    integration_id uuid NOT NULL,
    problem uuid, -- the heartbeat's identity; null: anything that the integration sends
    heartbeat boolean NOT NULL, -- sent in order to be heard: few beats tell its interval
    name text NOT NULL,
    mode text COLLATE "C" NOT NULL CHECK (mode IN ('off', 'learned', 'set')),
    interval_s integer CHECK (interval_s > 0), -- as set; null otherwise
    grace_s integer NOT NULL CHECK (grace_s >= 0),
    severity smallint NOT NULL,
    state text COLLATE "C" NOT NULL CHECK (state IN ('off', 'learning', 'waiting', 'heard', 'silent')),
    reason text COLLATE "C" NOT NULL, -- of the state
    heard_at timestamptz,
    expected_since timestamptz NOT NULL, -- nothing was expected before: made, turned on or changed here
    quiet_since timestamptz, -- of a silent one: nothing was heard after this
    changed_at timestamptz NOT NULL, -- of the state
    episode timestamptz, -- when the silence was noticed that our alert is about; null: there is none
    told boolean NOT NULL, -- whether that alert says what the state says
    learned jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (company_id, check_id),
    FOREIGN KEY (company_id, integration_id) REFERENCES integration
);

-- Every integration that is there already is watched from now on.
SELECT set_config('alertwhisperer.companies', (SELECT '{' || string_agg(company_id::text, ',') || '}' FROM tenant), true);
INSERT INTO silence_check (company_id, check_id, integration_id, heartbeat, name, mode, grace_s, severity, state, reason,
    expected_since, changed_at, told, learned, created_at)
SELECT company_id, integration_id, integration_id, false, name, 'learned', 60, 4, 'learning', 'few_beats', now(), now(),
    true, '{}', now()
FROM integration WHERE removed_at IS NULL;
SELECT set_config('alertwhisperer.companies', '', true);

-- Since when this installation has been listening without a gap; silence during our own downtime proves nothing.
CREATE TABLE uptime (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    listening_since timestamptz NOT NULL,
    seen_at timestamptz NOT NULL
);

-- ---------------------------------------------------------------- isolation and rights

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'company_group', 'inherited_setting', 'company_setting', 'route', 'site', 'asset', 'asset_name', 'asset_edge',
        'contact', 'feed', 'silence_check'
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

-- Companies with names that no asset has yet: ids only.
CREATE FUNCTION companies_with_unknown_assets() RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS 'SELECT DISTINCT n.company_id FROM public.asset_name n WHERE n.asset_id IS NULL LIMIT 1000';

REVOKE ALL ON FUNCTION companies_with_unknown_assets() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION companies_with_unknown_assets() TO alertwhisperer_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON company_group, inherited_setting, company_setting, route, site, asset, asset_name,
    asset_edge, contact, silence_check TO alertwhisperer_app;
GRANT SELECT, INSERT, UPDATE ON feed, uptime TO alertwhisperer_app;
