-- People: readers, groups of companies that a person serves, tokens that can less than their person, and leaving.

-- ---------------------------------------------------------------- roles

ALTER TABLE app_user DROP CONSTRAINT app_user_role_check;
ALTER TABLE app_user
    ADD CONSTRAINT app_user_role_check CHECK (role IN ('msp_admin', 'company_admin', 'technician', 'reader')),
    ADD COLUMN former_email text COLLATE "C"; -- of a removed person, whose e-mail is free for another one
CREATE INDEX app_user_former_email ON app_user (former_email) WHERE former_email IS NOT NULL;

-- ---------------------------------------------------------------- groups that people serve

-- Ids alone, like user_company: at sign-in no company is known. A removed group keeps none of them: the guard sees to it.
CREATE TABLE user_group (
    group_id uuid NOT NULL,
    user_id uuid NOT NULL REFERENCES app_user,
    PRIMARY KEY (group_id, user_id)
);
CREATE INDEX user_group_user ON user_group (user_id);

-- Which group each company is in, where it can be read before a company is known; kept by the trigger below.
ALTER TABLE tenant ADD COLUMN group_id uuid;
CREATE INDEX tenant_group ON tenant (group_id) WHERE group_id IS NOT NULL;

SELECT set_config('alertwhisperer.companies', (SELECT '{' || string_agg(company_id::text, ',') || '}' FROM tenant), true);
UPDATE tenant t SET group_id = c.group_id FROM company c WHERE c.company_id = t.company_id AND c.group_id IS NOT NULL;
SELECT set_config('alertwhisperer.companies', '', true);

CREATE FUNCTION keep_group_of_tenant() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE public.tenant SET group_id = NEW.group_id WHERE company_id = NEW.company_id;
    RETURN NULL;
END $$;
CREATE TRIGGER keep_group AFTER INSERT OR UPDATE OF group_id ON company
    FOR EACH ROW EXECUTE FUNCTION keep_group_of_tenant();

-- The companies that a person serves now, by name or through a group: ids only.
CREATE FUNCTION companies_of_user(wanted uuid) RETURNS uuid[]
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS $$ SELECT coalesce(array_agg(one.company_id ORDER BY one.company_id), '{}') FROM (
              SELECT c.company_id FROM public.user_company c WHERE c.user_id = wanted
              UNION
              SELECT t.company_id FROM public.user_group g JOIN public.tenant t ON t.group_id = g.group_id
              WHERE g.user_id = wanted) one $$;

-- ---------------------------------------------------------------- tokens

ALTER TABLE api_token
    ADD COLUMN name text NOT NULL DEFAULT '',
    ADD COLUMN scopes text[] NOT NULL DEFAULT '{*}', -- `*`, `*.read`, `noun.*`, `noun.verb`
    ADD COLUMN companies uuid[], -- the only ones that it reaches; null: all that the person serves
    ADD COLUMN expires_at timestamptz NOT NULL DEFAULT now() + interval '90 days',
    ADD COLUMN last_used_at timestamptz; -- to the minute
-- Those that are there already were made for good; scripts that hang on them get as long as a new one can.
UPDATE api_token SET expires_at = now() + interval '366 days';
CREATE INDEX api_token_user ON api_token (user_id, token_id);

-- ---------------------------------------------------------------- crossing companies

-- Who looked across companies in which hour, so that the audit log says so once. Rows of the MSP.
CREATE TABLE crossing (
    company_id uuid NOT NULL,
    who text COLLATE "C" NOT NULL, -- a person's id, or cli:<user>
    action text COLLATE "C" NOT NULL,
    hour timestamptz NOT NULL,
    PRIMARY KEY (company_id, who, action, hour)
);

-- ---------------------------------------------------------------- what people hold

CREATE INDEX incident_assignee ON incident (assignee, company_id) WHERE assignee IS NOT NULL;
CREATE INDEX asset_owner ON asset (owner, company_id) WHERE owner <> '';

-- ---------------------------------------------------------------- isolation and rights

ALTER TABLE crossing ENABLE ROW LEVEL SECURITY;
ALTER TABLE crossing FORCE ROW LEVEL SECURITY;
CREATE POLICY own_company ON crossing
    USING ((company_id = ANY ((
        SELECT NULLIF(current_setting('alertwhisperer.companies', true), '')::uuid[])::uuid[])) IS TRUE)
    WITH CHECK ((company_id = ANY ((
        SELECT NULLIF(current_setting('alertwhisperer.companies', true), '')::uuid[])::uuid[])) IS TRUE);

REVOKE ALL ON FUNCTION keep_group_of_tenant(), companies_of_user(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION companies_of_user(uuid) TO alertwhisperer_app;
GRANT SELECT, INSERT, DELETE ON user_group, crossing TO alertwhisperer_app;
