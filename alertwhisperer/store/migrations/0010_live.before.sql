-- Live updates: what changed, for whoever watches; and a number for each incident that can be said on the phone.

-- Per installation, given by the database when the row appears; which incident has which number decides nothing.
CREATE SEQUENCE incident_number;
ALTER TABLE incident ADD COLUMN number bigint NOT NULL DEFAULT nextval('incident_number');
CREATE INDEX incident_number_given ON incident (number);

-- Which things of a company one transaction changed: ids only, so it needs no policy. Followers read it across
-- companies, and each watcher is told of its own alone.
--
-- Unlogged: it is on the hot path, and after a crash of the database every watcher reads its page anew (live_epoch says so).
CREATE UNLOGGED TABLE live_change (
    company_id uuid NOT NULL,
    id uuid NOT NULL,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(), -- followers ask which were visible when they last looked
    at timestamptz NOT NULL,
    kind smallint NOT NULL, -- domain/live.py
    subjects bytea NOT NULL, -- ids, 16 bytes each
    PRIMARY KEY (company_id, id)
);
CREATE INDEX live_change_xid ON live_change (xid);
CREATE INDEX live_change_at ON live_change USING brin (at);

-- Empty after a crash, as the changes are then: whoever followed under another epoch has missed some.
CREATE UNLOGGED TABLE live_epoch (
    epoch uuid PRIMARY KEY,
    forgotten bigint NOT NULL DEFAULT 0 -- up to which transaction changes were dropped for their age
);

GRANT USAGE ON SEQUENCE incident_number TO alertwhisperer_app;
GRANT SELECT, INSERT, DELETE ON live_change TO alertwhisperer_app;
GRANT SELECT, INSERT, UPDATE ON live_epoch TO alertwhisperer_app;
