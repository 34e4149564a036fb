-- Attention: which incidents ask for a person now, which somebody works on, and which may wait.

-- ---------------------------------------------------------------- snoozed incidents

ALTER TABLE incident
    ADD COLUMN snoozed_by text, -- null: it is not snoozed
    ADD COLUMN snoozed_at timestamptz,
    ADD COLUMN snoozed_until timestamptz, -- null: until it clears
    ADD COLUMN snoozed_severity smallint; -- what it was then: worse ends the snooze

-- What people said of an incident, beside its moving parts, so that lists and counts of open ones read one table by one
-- index. `attention`: 1 nobody took it, 2 somebody did; 3 and 4 the same of one that is snoozed.
ALTER TABLE incident_state
    ADD COLUMN attention smallint NOT NULL DEFAULT 1,
    ADD COLUMN assignee text;

-- Kept by the database, so that no way of changing the one forgets the other. New incidents are at the defaults, and the
-- hot path never updates `incident`.
CREATE FUNCTION keep_attention() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE incident_state
    SET attention = CASE WHEN NEW.acknowledged_at IS NULL THEN 1 ELSE 2 END
                    + CASE WHEN NEW.snoozed_by IS NULL THEN 0
                           -- One that woke stays awake until the timer has written why.
                           WHEN attention >= 3 OR NEW.snoozed_at IS DISTINCT FROM OLD.snoozed_at THEN 2
                           ELSE 0 END,
        assignee = NEW.assignee
    WHERE company_id = NEW.company_id AND incident_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER incident_attention AFTER UPDATE OF acknowledged_at, snoozed_by, snoozed_at, assignee ON incident
    FOR EACH ROW EXECUTE FUNCTION keep_attention();

-- A snooze ends when its incident clears or worsens, however short. Batches do not know of snoozes: only rows that are
-- snoozed are looked at, they wake at once, and the timer writes why. It passes by the timer's own lock: who waited there
-- with the incident locked would wait for somebody who waits for it.
CREATE FUNCTION wake_snoozed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE incident_state SET attention = attention - 2
    WHERE company_id = NEW.company_id AND incident_id = NEW.incident_id;
    INSERT INTO due_work (company_id, kind, subject, due_at)
    VALUES (NEW.company_id, 'end_snooze', NEW.incident_id, NEW.activity_at)
    ON CONFLICT (company_id, kind, subject) DO NOTHING;
    UPDATE due_work d SET due_at = NEW.activity_at, attempts = 0
    FROM (
        SELECT w.company_id, w.kind, w.subject FROM due_work w
        WHERE w.company_id = NEW.company_id AND w.kind = 'end_snooze' AND w.subject = NEW.incident_id
          AND w.due_at > NEW.activity_at
        FOR UPDATE SKIP LOCKED
    ) AS later
    WHERE d.company_id = later.company_id AND d.kind = later.kind AND d.subject = later.subject;
    RETURN NULL;
END $$;
CREATE TRIGGER incident_state_snoozed AFTER UPDATE ON incident_state
    FOR EACH ROW
    WHEN (OLD.attention >= 3 AND NEW.attention >= 3
          AND (NEW.severity > OLD.severity OR (OLD.firing > 0 AND NEW.firing <= 0) OR NEW.status <> 2))
    EXECUTE FUNCTION wake_snoozed();

REVOKE ALL ON FUNCTION keep_attention(), wake_snoozed() FROM PUBLIC;

SELECT set_config('alertwhisperer.companies', (SELECT coalesce(array_agg(t.company_id), '{}')::text FROM tenant t), true);
UPDATE incident_state s SET attention = CASE WHEN i.acknowledged_at IS NULL THEN 1 ELSE 2 END, assignee = i.assignee
FROM incident i
WHERE i.company_id = s.company_id AND i.id = s.incident_id
  AND (i.acknowledged_at IS NOT NULL OR i.assignee IS NOT NULL);
SELECT set_config('alertwhisperer.companies', '', true);

-- The order in which open incidents are looked at, over all companies: a person who serves many reads one range of it, and
-- of one company the rest is passed over inside the index. In place of the index that had the open ones by id alone, so
-- that a new incident costs what it did.
CREATE INDEX incident_state_attention ON incident_state (attention, severity DESC, incident_id, company_id)
    WHERE status = 2;
DROP INDEX incident_state_open;

-- ---------------------------------------------------------------- what waits for a decision about an incident

CREATE INDEX approval_incident ON approval (incident_id) WHERE state = 'asked' AND incident_id IS NOT NULL;
