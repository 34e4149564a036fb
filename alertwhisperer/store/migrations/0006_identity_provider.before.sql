-- Identity providers, and what they say of people. All belong to the installation, like app_user: at sign-in no company is
-- known. Reasons: docs/sign-in.md, docs/decisions/0017.

-- Who else may say who a person is.
CREATE TABLE identity_provider (
    provider_id uuid PRIMARY KEY,
    slug text COLLATE "C" NOT NULL,
    title text NOT NULL,
    kind text COLLATE "C" NOT NULL,
    issuer text COLLATE "C" NOT NULL, -- never changed: subjects are only told apart within it
    client_id text NOT NULL,
    client_auth text COLLATE "C" NOT NULL,
    secret bytea, -- of the client, sealed by the vault, bound to the provider
    is_on boolean NOT NULL,
    settings jsonb NOT NULL, -- alertwhisperer.domain.identity.ProviderSettings
    version integer NOT NULL,
    scim_hash uuid UNIQUE, -- keyed hash of the token that its directory calls us with
    refusals_untold integer NOT NULL DEFAULT 0, -- people who were not let in, whom no audit entry has counted yet
    refusals_told_at timestamptz,
    created_at timestamptz NOT NULL,
    removed_at timestamptz
);
CREATE UNIQUE INDEX identity_provider_slug ON identity_provider (slug) WHERE removed_at IS NULL;

-- That a person of ours is a subject of a provider. An e-mail is no identity: it only names people to people.
CREATE TABLE user_identity (
    identity_id uuid PRIMARY KEY,
    provider_id uuid NOT NULL REFERENCES identity_provider,
    subject text COLLATE "C" NOT NULL,
    own_id text COLLATE "C" NOT NULL, -- the part of the subject that the provider's directory knows the person by
    user_id uuid NOT NULL REFERENCES app_user,
    email text COLLATE "C" NOT NULL, -- as the provider verified it last; empty when it did not
    groups text[] NOT NULL, -- as the provider told them last
    refresh_token bytea, -- sealed by the vault, bound to the identity
    linked_at timestamptz NOT NULL,
    seen_at timestamptz, -- when the provider last spoke of the person
    UNIQUE (provider_id, subject),
    UNIQUE (provider_id, user_id)
);
CREATE INDEX user_identity_user ON user_identity (user_id);
CREATE INDEX user_identity_own ON user_identity (provider_id, own_id);

-- Which sessions a provider opened, by its own name for them; gone with the session's row.
CREATE TABLE identity_session (
    session_id uuid PRIMARY KEY REFERENCES user_session ON DELETE CASCADE,
    identity_id uuid NOT NULL REFERENCES user_identity ON DELETE CASCADE,
    sid text COLLATE "C" NOT NULL
);
CREATE INDEX identity_session_identity ON identity_session (identity_id);

-- What was used and works once: sign-ins that came back, logout tokens. Keyed hashes.
CREATE TABLE identity_used (
    hash uuid PRIMARY KEY,
    until timestamptz NOT NULL -- not good afterwards anyway
);
CREATE INDEX identity_used_until ON identity_used (until);

-- The one person whose password always works, whatever a provider's settings say.
CREATE TABLE break_glass (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    user_id uuid NOT NULL REFERENCES app_user
);

-- People as a provider's directory wrote them here (SCIM). They are no people of ours until they sign in.
CREATE TABLE scim_user (
    scim_id uuid PRIMARY KEY,
    provider_id uuid NOT NULL REFERENCES identity_provider,
    external_id text COLLATE "C" NOT NULL, -- empty when the directory tells none
    user_name text NOT NULL,
    display_name text NOT NULL,
    email text NOT NULL, -- lower case; empty when the directory tells none
    is_active boolean NOT NULL,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX scim_user_name ON scim_user (provider_id, lower(user_name));
CREATE INDEX scim_user_external ON scim_user (provider_id, external_id);

-- Groups likewise; their names count as the person's groups.
CREATE TABLE scim_group (
    scim_id uuid PRIMARY KEY,
    provider_id uuid NOT NULL REFERENCES identity_provider,
    external_id text COLLATE "C" NOT NULL,
    display_name text NOT NULL,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX scim_group_name ON scim_group (provider_id, lower(display_name));

CREATE TABLE scim_member (
    group_id uuid NOT NULL REFERENCES scim_group ON DELETE CASCADE,
    member_id uuid NOT NULL REFERENCES scim_user ON DELETE CASCADE,
    PRIMARY KEY (group_id, member_id)
);
CREATE INDEX scim_member_member ON scim_member (member_id);

GRANT SELECT, INSERT, UPDATE ON identity_provider, user_identity, break_glass, identity_used, scim_user, scim_group
    TO alertwhisperer_app;
GRANT SELECT, INSERT ON identity_session, scim_member TO alertwhisperer_app;
GRANT DELETE ON user_identity, identity_session, identity_used, break_glass, scim_user, scim_group, scim_member
    TO alertwhisperer_app;
