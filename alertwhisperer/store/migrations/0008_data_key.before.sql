-- Keys that seal and hash, each wrapped by the master key, which lies outside: whoever has a dump alone has none of them.
--
-- They belong to the installation. Only the owner writes them (`alertwhisperer secrets`); the application reads.
CREATE TABLE data_key (
    key_id uuid PRIMARY KEY,
    purpose text COLLATE "C" NOT NULL, -- seal, hash, or what a password is derived for
    state text COLLATE "C" NOT NULL CHECK (state IN ('coming', 'current', 'old', 'forgotten')),
    mark text COLLATE "C", -- of a key that seals, in hexadecimal: what each value says of the key that sealed it
    master text COLLATE "C" NOT NULL, -- which master key wraps it
    wrapped bytea, -- null: forgotten, nobody has it any more
    made_at timestamptz NOT NULL,
    old_since timestamptz,
    CHECK ((wrapped IS NULL) = (state = 'forgotten'))
);
CREATE UNIQUE INDEX data_key_current ON data_key (purpose) WHERE state = 'current';
CREATE UNIQUE INDEX data_key_mark ON data_key (mark);
GRANT SELECT ON data_key TO alertwhisperer_app;

-- A process that missed a rotation seals with a key that is forgotten: what it seals could never be opened, so it is not
-- stored. The lock makes a key wait for whoever is just sealing with it. TG_ARGV[0]: the column, of bytes, or of settings
-- in which some are sealed.
CREATE FUNCTION refuse_forgotten_key() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    kept jsonb := to_jsonb(NEW) -> TG_ARGV[0];
    marks text[];
BEGIN
    IF jsonb_typeof(kept) = 'object' THEN
        marks := ARRAY(SELECT substr(encode(decode(one.value ->> '$sealed', 'base64'), 'hex'), 3, 8)
                       FROM jsonb_each(kept) one
                       WHERE jsonb_typeof(one.value) = 'object' AND one.value ? '$sealed');
    ELSE
        marks := ARRAY[substr(kept #>> '{}', 5, 8)]; -- after `\x` and the format's byte
    END IF;
    PERFORM FROM public.data_key WHERE mark = ANY (marks) FOR SHARE;
    IF EXISTS (SELECT FROM public.data_key WHERE mark = ANY (marks) AND state = 'forgotten') THEN
        RAISE EXCEPTION 'sealed with a key that was forgotten' USING ERRCODE = 'AW001';
    END IF;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION refuse_forgotten_key() FROM PUBLIC;

CREATE TRIGGER sealed_secret AFTER INSERT OR UPDATE OF secret ON integration
    FOR EACH ROW EXECUTE FUNCTION refuse_forgotten_key('secret');
CREATE TRIGGER sealed_settings AFTER INSERT OR UPDATE OF settings ON integration
    FOR EACH ROW EXECUTE FUNCTION refuse_forgotten_key('settings');
CREATE TRIGGER sealed_settings AFTER INSERT OR UPDATE OF settings ON integration_version
    FOR EACH ROW EXECUTE FUNCTION refuse_forgotten_key('settings');
CREATE TRIGGER sealed_secret AFTER INSERT OR UPDATE OF secret ON source_action
    FOR EACH ROW EXECUTE FUNCTION refuse_forgotten_key('secret');
CREATE TRIGGER sealed_sealed AFTER INSERT OR UPDATE OF sealed ON audit_key
    FOR EACH ROW EXECUTE FUNCTION refuse_forgotten_key('sealed');
CREATE TRIGGER sealed_secret AFTER INSERT OR UPDATE OF secret ON second_factor
    FOR EACH ROW EXECUTE FUNCTION refuse_forgotten_key('secret');
CREATE TRIGGER sealed_secret AFTER INSERT OR UPDATE OF secret ON identity_provider
    FOR EACH ROW EXECUTE FUNCTION refuse_forgotten_key('secret');
CREATE TRIGGER sealed_refresh_token AFTER INSERT OR UPDATE OF refresh_token ON user_identity
    FOR EACH ROW EXECUTE FUNCTION refuse_forgotten_key('refresh_token');
