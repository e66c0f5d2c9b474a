-- Digests: one message for all events of a receiver, so that a thousand files make no thousand.

-- Receivers whose events are due: nothing has come for a while, or the first has waited long.
CREATE OR REPLACE FUNCTION waybill.due_receivers() RETURNS SETOF text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT n.receiver
    FROM waybill.notifications AS n
    JOIN waybill.receivers AS r ON r.name = n.receiver
    GROUP BY n.receiver, r.definition
    HAVING max(n.created_at) <= clock_timestamp()
            - (r.definition ->> 'quiet_seconds')::integer * interval '1 second'
        OR min(n.created_at) <= clock_timestamp()
            - (r.definition ->> 'max_wait_seconds')::integer * interval '1 second'
    ORDER BY n.receiver;
END;

-- The sum of each count of the events' records.
CREATE OR REPLACE FUNCTION waybill.sum_records(p_events waybill.notifications[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT coalesce(jsonb_object_agg(c.key, c.total), '{}')
    FROM (
        SELECT r.key, sum(r.value::bigint) AS total
        FROM unnest(p_events) AS e
        CROSS JOIN LATERAL jsonb_each_text(coalesce(e.detail -> 'records', '{}')) AS r
        GROUP BY r.key
    ) AS c
);

CREATE OR REPLACE FUNCTION waybill.count_events(p_events waybill.notifications[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT jsonb_build_object(
        'finished', count(*) FILTER (WHERE e.event = 'finished'),
        'rejects', count(*) FILTER (WHERE e.event = 'rejects'),
        'failed', count(*) FILTER (WHERE e.event = 'failed'),
        'reverted', count(*) FILTER (WHERE e.event = 'reverted'),
        'late', count(*) FILTER (WHERE e.event = 'late'))
    FROM unnest(p_events) AS e
);

-- The events in full, at most twenty: those that need somebody first.
CREATE OR REPLACE FUNCTION waybill.listed_events(p_events waybill.notifications[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT jsonb_agg(l.event)
    FROM (
        SELECT jsonb_strip_nulls(jsonb_build_object('id', e.notification_id, 'event', e.event,
            'dataset', e.dataset, 'source', e.source, 'job_id', e.job_id)) || e.detail AS event
        FROM unnest(p_events) AS e
        ORDER BY array_position('{failed,late,reverted,rejects,finished}', e.event), e.notification_id
        LIMIT 20
    ) AS l
);

-- What a message says: counts by event, the records of all of them, and the events that need
-- somebody first.
CREATE OR REPLACE FUNCTION waybill.digest_content(p_id uuid, p_receiver text,
    p_events waybill.notifications[])
RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN jsonb_build_object(
    'id', p_id,
    'receiver', p_receiver,
    'created_at', waybill.rfc3339(clock_timestamp()),
    'datasets', (
        SELECT jsonb_agg(DISTINCT e.dataset) FROM unnest(p_events) AS e),
    'counts', waybill.count_events(p_events),
    'records', waybill.sum_records(p_events),
    'events', waybill.listed_events(p_events),
    'not_listed', greatest(0, cardinality(p_events) - 20));

-- Make one digest for each receiver whose events are due, in the outbox: its events are taken and
-- the message is written in one commit, so each event is in exactly one. Returns how many.
CREATE OR REPLACE FUNCTION waybill.make_digests() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_name text;
    v_definition jsonb;
    v_events waybill.notifications[];
    v_made integer := 0;
BEGIN
    FOR v_name IN SELECT waybill.due_receivers() LOOP
        -- Two runs at the same time would make two digests of one.
        SELECT r.definition INTO v_definition FROM waybill.receivers AS r
        WHERE r.name = v_name FOR NO KEY UPDATE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND;
        WITH taken AS (
            DELETE FROM waybill.notifications AS n
            WHERE n.notification_id IN (
                SELECT w.notification_id FROM waybill.notifications AS w
                WHERE w.receiver = v_name ORDER BY w.created_at LIMIT 100000)
            RETURNING n
        )
        SELECT array_agg(t.n) INTO v_events FROM taken AS t;
        CONTINUE WHEN v_events IS NULL;
        INSERT INTO waybill.outbox (kind, payload)
        VALUES ('digest.made', jsonb_build_object('receiver', v_definition,
            'content', waybill.digest_content(uuidv7(), v_name, v_events)));
        v_made := v_made + 1;
    END LOOP;
    RETURN v_made;
END
$$;

-- Bring the receivers to what the files declare: a list of {name, definition, declared_in}.
CREATE OR REPLACE FUNCTION waybill.save_receivers(p_receivers jsonb) RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    DELETE FROM waybill.receivers AS r
    WHERE NOT EXISTS (
        SELECT FROM jsonb_array_elements(p_receivers) AS g WHERE g.value ->> 'name' = r.name);
    INSERT INTO waybill.receivers (name, definition, declared_in)
    SELECT g.value ->> 'name', g.value -> 'definition', g.value ->> 'declared_in'
    FROM jsonb_array_elements(p_receivers) AS g
    ON CONFLICT (name) DO UPDATE SET definition = excluded.definition,
        declared_in = excluded.declared_in;
END;

-- When `publish` has something to do though nothing happens: at once if events are unpublished,
-- else when the first digest is due or the first source becomes late. Null for never.
CREATE OR REPLACE FUNCTION waybill.next_publication() RETURNS timestamptz
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN least(
        (SELECT min(clock_timestamp()) FROM waybill.outbox WHERE published_at IS NULL),
        (
            SELECT min(least(
                w.last_at + (r.definition ->> 'quiet_seconds')::integer * interval '1 second',
                w.first_at + (r.definition ->> 'max_wait_seconds')::integer * interval '1 second'))
            FROM (
                SELECT n.receiver, min(n.created_at) AS first_at, max(n.created_at) AS last_at
                FROM waybill.notifications AS n GROUP BY n.receiver
            ) AS w
            JOIN waybill.receivers AS r ON r.name = w.receiver
        ),
        (
            SELECT min(f.fresh_at + s.late_after_seconds * interval '1 second')
            FROM waybill.data_sources AS s
            JOIN waybill.source_documents AS d USING (source_id)
            CROSS JOIN LATERAL (
                SELECT coalesce(
                    (d.document -> 'freshness' ->> 'last_success_at')::timestamptz, s.created_at)
                    AS fresh_at
            ) AS f
            -- A source that was reported is not late anew before it has succeeded.
            WHERE s.late_since IS DISTINCT FROM f.fresh_at
        ));
END
$$;
