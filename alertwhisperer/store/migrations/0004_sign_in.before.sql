-- Signing in: passwords, second factors, sessions, links, and the throttle. All belong to the installation, like app_user:
-- at sign-in no company is known. Reasons: docs/accounts.md.

-- A person's password. Who has no row has no password: they come by an identity provider, or were invited and wait.
CREATE TABLE password (
    user_id uuid PRIMARY KEY REFERENCES app_user,
    hash text NOT NULL, -- Argon2id with its parameters and salt
    must_change boolean NOT NULL, -- given by somebody else: only good for choosing one's own
    set_at timestamptz NOT NULL
);

-- A second factor: one authenticator app for each person.
CREATE TABLE second_factor (
    user_id uuid PRIMARY KEY REFERENCES app_user,
    secret bytea NOT NULL, -- sealed by the vault, bound to the person
    begun_at timestamptz NOT NULL,
    confirmed_at timestamptz, -- null: shown, and not yet proven by a code, so it counts for nothing
    last_step bigint NOT NULL DEFAULT 0 -- of the last code that was taken, so that each is taken once
);

-- What gets in when the app is lost, each once.
CREATE TABLE recovery_code (
    user_id uuid NOT NULL REFERENCES app_user,
    hash uuid NOT NULL, -- keyed
    used_at timestamptz,
    PRIMARY KEY (user_id, hash)
);

-- Who is signed in, and where.
CREATE TABLE user_session (
    session_id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES app_user,
    hash uuid NOT NULL UNIQUE, -- keyed hash of what the cookie holds
    how text COLLATE "C" NOT NULL, -- password, password+code, password+recovery, link, identity:<slug>
    ip text NOT NULL,
    device text NOT NULL, -- what the browser says it is, shortened
    made_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL, -- to the minute
    idle_s integer NOT NULL CHECK (idle_s > 0), -- unseen for so long, it is over
    expires_at timestamptz NOT NULL, -- over then, however much it is used
    ended_at timestamptz
);
CREATE INDEX user_session_live ON user_session (user_id, session_id) WHERE ended_at IS NULL;
CREATE INDEX user_session_expired ON user_session (expires_at);

-- Links by which a person sets a password without the old one: invitations and resets, each used once.
CREATE TABLE password_link (
    link_id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES app_user,
    hash uuid NOT NULL UNIQUE, -- keyed
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('invitation', 'reset')),
    made_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz -- or when it was made void by a newer one
);
CREATE INDEX password_link_user ON password_link (user_id, link_id);

-- Failed tries by what they are counted for (an account from a network, a network, an account, a device), as keyed hashes:
-- an e-mail that nobody has is counted like any other, and none can be read here.
CREATE TABLE sign_in_bucket (
    bucket uuid PRIMARY KEY,
    failures double precision NOT NULL,
    blocked_until timestamptz NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE INDEX sign_in_bucket_changed ON sign_in_bucket (changed_at);

-- Failed tries of each person since they last signed in, and how many of them no audit entry has counted yet. The nil id
-- stands for all e-mails that nobody has.
CREATE TABLE sign_in_failure (
    user_id uuid PRIMARY KEY,
    failures integer NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    last_ip text NOT NULL,
    untold integer NOT NULL,
    told_at timestamptz -- of the last audit entry
);
CREATE INDEX sign_in_failure_untold ON sign_in_failure (told_at) WHERE untold > 0;

-- What happens once in an installation: the first administrator is made by whoever writes its row.
CREATE TABLE happened_once (
    what text COLLATE "C" PRIMARY KEY,
    at timestamptz NOT NULL
);

GRANT SELECT, INSERT, UPDATE ON password, second_factor, recovery_code, user_session, password_link, sign_in_bucket,
    sign_in_failure TO alertwhisperer_app;
GRANT SELECT, INSERT ON happened_once TO alertwhisperer_app;
GRANT DELETE ON password, second_factor, recovery_code, user_session, password_link, sign_in_bucket, sign_in_failure
    TO alertwhisperer_app;
