-- Writes everything that one batch decided, in one statement: rows arrive with their final values.
-- A unique violation means that another process made the same identity meanwhile: the batch is read and decided again.
WITH batch AS MATERIALIZED (
    -- Taken after the locks, so that of two batches that touch one row the later has the higher number: replay order.
    SELECT nextval('batch_seq') AS seq
), w_delivery AS (
    INSERT INTO delivery (company_id, id, integration_id, received_at, seq, source, parser, settings_version, status,
                          received, flagged, request, body)
    SELECT u.c, u.id, u.i, u.t, batch.seq, u.source, u.parser, u.sv, u.status, u.received, u.flagged, u.request, u.body
    FROM batch, unnest(:d_company::uuid[], :d_id::uuid[], :d_integration::uuid[], :d_received_at::timestamptz[],
                       :d_source::text[], :d_parser::smallint[], :d_settings::int[], :d_status::smallint[],
                       :d_received::int[], :d_flagged::boolean[], :d_request::text[], :d_body::bytea[])
        u (c, id, i, t, source, parser, sv, status, received, flagged, request, body)
), w_occurrence AS (
    INSERT INTO occurrence (company_id, id, integration_id, seq, place, received_at, kind, severity, outcome, reason,
                            problem, cycle, started_at, ended_at, rules_version, alert_id, incident_id, content)
    SELECT u.c, u.id, u.i, batch.seq, u.place, u.t, u.kind, u.severity, u.outcome, u.reason, u.problem, u.cycle, u.started,
           u.ended, u.rules, u.alert, u.incident, u.content
    FROM batch, unnest(:o_company::uuid[], :o_id::uuid[], :o_integration::uuid[], :o_place::int[],
                       :o_received_at::timestamptz[], :o_kind::smallint[], :o_severity::smallint[],
                       :o_outcome::smallint[], :o_reason::smallint[], :o_problem::uuid[], :o_cycle::uuid[],
                       :o_started::timestamptz[], :o_ended::timestamptz[], :o_rules::int[], :o_alert::uuid[],
                       :o_incident::uuid[], :o_content::text[])
        u (c, id, i, place, t, kind, severity, outcome, reason, problem, cycle, started, ended, rules, alert, incident,
           content)
), u_state AS (
    UPDATE alert_state s
    SET alert_id = u.alert, incident_id = u.incident, status = u.status, severity = u.severity, pinned = u.pinned,
        count = u.count, cycle = u.cycle, started_at = u.started, ended_at = u.ended, last_seen_at = u.seen,
        content = u.content
    FROM unnest(:su_company::uuid[], :su_problem::uuid[], :su_alert::uuid[], :su_incident::uuid[],
                :su_status::smallint[], :su_severity::smallint[], :su_pinned::boolean[], :su_counted::int[],
                :su_cycle::uuid[], :su_started::timestamptz[], :su_ended::timestamptz[], :su_seen::timestamptz[],
                :su_content::uuid[])
        u (c, p, alert, incident, status, severity, pinned, count, cycle, started, ended, seen, content)
    WHERE s.company_id = u.c AND s.problem = u.p
), w_state AS (
    INSERT INTO alert_state (company_id, problem, alert_id, incident_id, status, severity, pinned, count, cycle,
                             started_at, ended_at, last_seen_at, content)
    SELECT * FROM unnest(:sn_company::uuid[], :sn_problem::uuid[], :sn_alert::uuid[], :sn_incident::uuid[],
                         :sn_status::smallint[], :sn_severity::smallint[], :sn_pinned::boolean[], :sn_counted::int[],
                         :sn_cycle::uuid[], :sn_started::timestamptz[], :sn_ended::timestamptz[],
                         :sn_seen::timestamptz[], :sn_content::uuid[])
), u_incident_state AS (
    UPDATE incident_state n
    SET status = u.status, severity = u.severity, is_current = u.current, by_person = u.person, firing = u.firing,
        alerts = u.alerts, occurrences = u.occurrences, opened_at = u.opened, activity_at = u.activity,
        resolved_at = u.resolved
    FROM unnest(:nu_company::uuid[], :nu_incident::uuid[], :nu_status::smallint[], :nu_severity::smallint[],
                :nu_current::boolean[], :nu_person::boolean[], :nu_firing::int[], :nu_alerts::int[],
                :nu_occurrences::int[], :nu_opened::timestamptz[], :nu_activity::timestamptz[],
                :nu_resolved::timestamptz[])
        u (c, i, status, severity, current, person, firing, alerts, occurrences, opened, activity, resolved)
    WHERE n.company_id = u.c AND n.incident_id = u.i
), w_incident_state AS (
    INSERT INTO incident_state (company_id, incident_id, status, severity, is_current, by_person, fixed_window, window_s,
                                hold_s, reopen_s, life_s, least_count, firing, alerts, occurrences, began_at, opened_at,
                                activity_at, resolved_at)
    SELECT * FROM unnest(:nn_company::uuid[], :nn_incident::uuid[], :nn_status::smallint[], :nn_severity::smallint[],
                         :nn_current::boolean[], :nn_person::boolean[], :nn_fixed::boolean[], :nn_window::int[],
                         :nn_hold::int[], :nn_reopen::int[], :nn_life::int[], :nn_least::int[], :nn_firing::int[],
                         :nn_alerts::int[], :nn_occurrences::int[], :nn_began::timestamptz[],
                         :nn_opened::timestamptz[], :nn_activity::timestamptz[], :nn_resolved::timestamptz[])
), u_key AS (
    UPDATE correlation_key k SET incident_id = u.i
    FROM unnest(:ku_company::uuid[], :ku_key::uuid[], :ku_incident::uuid[]) u (c, k, i)
    WHERE k.company_id = u.c AND k.key = u.k
), w_key AS (
    INSERT INTO correlation_key (company_id, key, incident_id)
    SELECT * FROM unnest(:kn_company::uuid[], :kn_key::uuid[], :kn_incident::uuid[])
), w_incident AS (
    INSERT INTO incident (company_id, id, title, rule_id, rule_name, rules_version, aggregation_key, opened_at)
    SELECT * FROM unnest(:in_company::uuid[], :in_id::uuid[], :in_title::text[], :in_rule::text[], :in_name::text[],
                         :in_version::int[], :in_key::text[], :in_opened::timestamptz[])
), w_alert AS (
    INSERT INTO alert (company_id, id, integration_id, problem, incident_id, source, asset, asset_name, signature, message,
                       labels, links, severity, status, count, started_at, ended_at, first_seen_at, last_seen_at)
    SELECT * FROM unnest(:an_company::uuid[], :an_id::uuid[], :an_integration::uuid[], :an_problem::uuid[],
                         :an_incident::uuid[], :an_source::text[], :an_asset::text[], :an_name::text[],
                         :an_signature::text[], :an_message::text[], :an_labels::text[], :an_links::text[],
                         :an_severity::smallint[], :an_status::smallint[], :an_counted::int[],
                         :an_started::timestamptz[], :an_ended::timestamptz[], :an_first::timestamptz[],
                         :an_last::timestamptz[])
), w_asset_name AS (
    -- A name that is known already is looked up and not inserted, so that a person who changes it keeps nobody waiting.
    INSERT INTO asset_name (company_id, name, shown, origin, source, added_at)
    SELECT u.c, u.name, u.shown, 'seen', u.source, u.t
    FROM unnest(:nm_company::uuid[], :nm_name::text[], :nm_shown::text[], :nm_source::text[], :nm_at::timestamptz[])
         u (c, name, shown, source, t)
    WHERE NOT EXISTS (SELECT FROM asset_name n WHERE n.company_id = u.c AND n.name = u.name)
    ON CONFLICT DO NOTHING
), u_alert AS (
    -- Rare: a cycle was replaced, the content changed, or the alert moved. Nulls leave what is there.
    UPDATE alert a
    SET incident_id = coalesce(u.incident, a.incident_id), message = coalesce(u.message, a.message),
        asset = coalesce(u.asset, a.asset), asset_name = coalesce(u.name, a.asset_name),
        signature = coalesce(u.signature, a.signature),
        labels = coalesce(u.labels, a.labels), links = coalesce(u.links, a.links),
        severity = coalesce(u.severity, a.severity), status = coalesce(u.status, a.status),
        count = coalesce(u.count, a.count), ended_at = coalesce(u.ended, a.ended_at),
        last_seen_at = coalesce(u.seen, a.last_seen_at)
    FROM unnest(:au_company::uuid[], :au_id::uuid[], :au_incident::uuid[], :au_asset::text[], :au_name::text[],
                :au_signature::text[], :au_message::text[], :au_labels::text[], :au_links::text[],
                :au_severity::smallint[], :au_status::smallint[], :au_counted::int[], :au_ended::timestamptz[],
                :au_seen::timestamptz[])
        u (c, id, incident, asset, name, signature, message, labels, links, severity, status, count, ended, seen)
    WHERE a.company_id = u.c AND a.id = u.id
), w_receipt AS (
    INSERT INTO receipt (company_id, id, facts)
    SELECT * FROM unnest(:r_company::uuid[], :r_id::uuid[], :r_facts::text[])
), w_quarantine AS (
    INSERT INTO quarantine (company_id, id, delivery_id, integration_id, at, reason, what, place, mend, subject, severity,
                            summary)
    SELECT * FROM unnest(:q_company::uuid[], :q_id::uuid[], :q_delivery::uuid[], :q_integration::uuid[],
                         :q_at::timestamptz[], :q_reason::text[], :q_what::text[], :q_place::text[], :q_mend::text[],
                         :q_subject::text[], :q_severity::smallint[], :q_summary::text[])
    -- A body that leaves quarantine may leave its first member there, by the id that the whole of it had.
    ON CONFLICT (company_id, id) DO UPDATE
    SET reason = excluded.reason, what = excluded.what, place = excluded.place, mend = excluded.mend, state = 'waiting',
        settled_at = NULL, settled_by = NULL, subject = excluded.subject, severity = excluded.severity,
        summary = excluded.summary
), w_action AS (
    INSERT INTO source_action (company_id, id, integration_id, kind, subject, secret, state, at)
    SELECT * FROM unnest(:x_company::uuid[], :x_id::uuid[], :x_integration::uuid[], :x_kind::text[], :x_subject::text[],
                         :x_secret::bytea[], :x_state::text[], :x_at::timestamptz[])
), w_due AS (
    INSERT INTO due_work (company_id, kind, subject, due_at)
    SELECT * FROM unnest(:t_company::uuid[], :t_kind::text[], :t_subject::uuid[], :t_due::timestamptz[])
    ON CONFLICT (company_id, kind, subject) DO UPDATE SET due_at = EXCLUDED.due_at, attempts = 0
), w_ledger AS (
    INSERT INTO ledger_count (company_id, id, at, deliveries_accepted, deliveries_duplicate, received, new, repeat, resolve,
                              stale, noted, rejected, quarantined, pending, firing)
    SELECT * FROM unnest(:l_company::uuid[], :l_id::uuid[], :l_at::timestamptz[], :l_accepted::bigint[],
                         :l_duplicate::bigint[], :l_received::bigint[], :l_new::bigint[], :l_repeat::bigint[],
                         :l_resolve::bigint[], :l_stale::bigint[], :l_noted::bigint[], :l_rejected::bigint[],
                         :l_quarantined::bigint[], :l_pending::bigint[], :l_firing::bigint[])
), w_suppression AS (
    INSERT INTO suppression (company_id, id, window_id, alert_id, incident_id, severity, asset, signature, received_at,
                             rule_id, rule_name, rules_version, aggregation_key)
    SELECT * FROM unnest(:s_company::uuid[], :s_id::uuid[], :s_window::uuid[], :s_alert::uuid[], :s_incident::uuid[],
                         :s_severity::smallint[], :s_asset::text[], :s_signature::text[], :s_at::timestamptz[],
                         :s_rule::text[], :s_name::text[], :s_version::int[], :s_key::text[])
)
INSERT INTO live_change (company_id, id, at, kind, subjects)
SELECT * FROM unnest(:v_company::uuid[], :v_id::uuid[], :v_at::timestamptz[], :v_kind::smallint[], :v_subjects::bytea[])
