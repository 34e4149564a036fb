-- Web push: which devices of people are told of incidents that nobody took, and what each was told.

-- The installation's key pair, by which push services know who sends; made when the first page asks for it.
CREATE TABLE push_key (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    sealed bytea NOT NULL, -- its private half
    public text COLLATE "C" NOT NULL, -- an uncompressed point in base64url, as browsers take it
    made_at timestamptz NOT NULL
);

-- A browser on a device that its person wants to be told on. Where it is reached is worth a secret: whoever knows address
-- and keys can write to the device's lock screen.
CREATE TABLE push_subscription (
    subscription_id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES app_user,
    device text NOT NULL,
    host text COLLATE "C" NOT NULL, -- of the push service
    address_hash uuid NOT NULL UNIQUE, -- keyed; a device is there once, for the person who switched it on last
    sealed bytea NOT NULL, -- address and keys
    severities smallint[] NOT NULL,
    with_text boolean NOT NULL, -- whether an incident's title is shown
    created_at timestamptz NOT NULL,
    last_at timestamptz -- when a push service last took something for it
);
CREATE INDEX push_subscription_user ON push_subscription (user_id, subscription_id);

-- That a device is told of an incident: once, whatever happens afterwards. The row stays when it is sent.
CREATE TABLE push_notice (
    company_id uuid NOT NULL REFERENCES company,
    incident_id uuid NOT NULL,
    subscription_id uuid NOT NULL,
    notice_id uuid NOT NULL,
    more integer NOT NULL DEFAULT 0 CHECK (more >= 0), -- how many others one notice speaks for
    state text COLLATE "C" NOT NULL CHECK (state IN ('due', 'bundled', 'sent', 'moot', 'failed')),
    problem text NOT NULL DEFAULT '', -- of a failed one
    created_at timestamptz NOT NULL,
    settled_at timestamptz,
    PRIMARY KEY (company_id, incident_id, subscription_id),
    UNIQUE (company_id, notice_id)
);
CREATE INDEX push_notice_device ON push_notice (subscription_id, created_at);

ALTER TABLE push_notice ENABLE ROW LEVEL SECURITY;
ALTER TABLE push_notice FORCE ROW LEVEL SECURITY;
CREATE POLICY own_company ON push_notice
    USING ((company_id = ANY ((
        SELECT NULLIF(current_setting('alertwhisperer.companies', true), '')::uuid[])::uuid[])) IS TRUE)
    WITH CHECK ((company_id = ANY ((
        SELECT NULLIF(current_setting('alertwhisperer.companies', true), '')::uuid[])::uuid[])) IS TRUE);

-- As on all that is sealed: see 0008.
CREATE TRIGGER sealed_sealed AFTER INSERT OR UPDATE OF sealed ON push_key
    FOR EACH ROW EXECUTE FUNCTION refuse_forgotten_key('sealed');
CREATE TRIGGER sealed_sealed AFTER INSERT OR UPDATE OF sealed ON push_subscription
    FOR EACH ROW EXECUTE FUNCTION refuse_forgotten_key('sealed');

GRANT SELECT, INSERT ON push_key TO alertwhisperer_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON push_subscription TO alertwhisperer_app;
GRANT SELECT, INSERT, DELETE, UPDATE (state, problem, settled_at) ON push_notice TO alertwhisperer_app;
