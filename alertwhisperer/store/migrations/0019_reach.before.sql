-- How targets are reached: credentials, which asset is bound to which executor, and what AWS needs of each company.

-- A secret that lets us in somewhere; all its values are sealed together.
CREATE TABLE credential (
    company_id uuid NOT NULL REFERENCES company,
    credential_id uuid NOT NULL,
    name text NOT NULL,
    executor text COLLATE "C" NOT NULL, -- slug of who uses it
    sealed bytea NOT NULL, -- the vault's, of JSON
    fields text[] NOT NULL, -- names of the values in it
    added_by text NOT NULL, -- as the audit log says
    added_at timestamptz NOT NULL,
    rotated_at timestamptz,
    proven_at timestamptz, -- when the way was last seen to be closed to everybody else; null: never
    PRIMARY KEY (company_id, credential_id)
);
CREATE UNIQUE INDEX credential_name ON credential (company_id, lower(name));
CREATE TRIGGER sealed_sealed AFTER INSERT OR UPDATE OF sealed ON credential
    FOR EACH ROW EXECUTE FUNCTION refuse_forgotten_key('sealed');

-- A person said that scripts may be run on an asset, and how it is reached. One an asset; it goes with the asset.
CREATE TABLE asset_binding (
    company_id uuid NOT NULL REFERENCES company,
    asset_id uuid NOT NULL,
    executor text COLLATE "C" NOT NULL,
    settings jsonb NOT NULL,
    credential_id uuid NOT NULL,
    bound_by text NOT NULL, -- as the audit log says
    bound_at timestamptz NOT NULL,
    PRIMARY KEY (company_id, asset_id),
    FOREIGN KEY (company_id, asset_id) REFERENCES asset ON DELETE CASCADE,
    FOREIGN KEY (company_id, credential_id) REFERENCES credential
);
CREATE INDEX asset_binding_credential ON asset_binding (company_id, credential_id);

-- What AWS asks for besides the role, so that nobody else's request can borrow our right; made by us, one a company.
CREATE TABLE external_id (
    company_id uuid NOT NULL REFERENCES company,
    value text COLLATE "C" NOT NULL,
    made_at timestamptz NOT NULL,
    PRIMARY KEY (company_id)
);

-- What Systems Manager last said of a machine's patches.
CREATE TABLE patch_state (
    company_id uuid NOT NULL REFERENCES company,
    asset_id uuid NOT NULL,
    instance text COLLATE "C" NOT NULL,
    installed integer NOT NULL CHECK (installed >= 0),
    missing integer NOT NULL CHECK (missing >= 0),
    failed integer NOT NULL CHECK (failed >= 0),
    critical integer NOT NULL CHECK (critical >= 0), -- of the missing and failed ones
    scanned_at timestamptz NOT NULL, -- by the machine
    asked_at timestamptz NOT NULL, -- by us
    PRIMARY KEY (company_id, asset_id),
    FOREIGN KEY (company_id, asset_id) REFERENCES asset ON DELETE CASCADE
);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['credential', 'asset_binding', 'external_id', 'patch_state'] LOOP
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

-- Whose secret it is and what for never changes.
GRANT SELECT, INSERT, DELETE, UPDATE (sealed, fields, rotated_at, proven_at) ON credential TO alertwhisperer_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON asset_binding, patch_state TO alertwhisperer_app;
GRANT SELECT, INSERT ON external_id TO alertwhisperer_app;
