-- Data sources: kept, shown and settled.

-- Create the source, or change the one of this id. `p_source` has the fields of the definition.
-- A cursor that is given is where the next run begins, whatever the last one read.
CREATE OR REPLACE FUNCTION waybill.save_source(p_source jsonb, p_id uuid DEFAULT NULL,
    p_declared_in text DEFAULT NULL)
RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_id uuid;
    v_new waybill.data_sources;
BEGIN
    IF NOT EXISTS (SELECT FROM waybill.datasets AS d WHERE d.name = p_source ->> 'dataset') THEN
        RAISE EXCEPTION 'There is no dataset %.', quote_literal(p_source ->> 'dataset')
            USING ERRCODE = 'WB001';
    END IF;
    PERFORM waybill.assert_source_rules(p_source ->> 'dataset',
        coalesce(nullif(p_source -> 'transformation', 'null'), '{}'));
    PERFORM waybill.assert_lookback(p_source ->> 'dataset', p_source -> 'connection');
    PERFORM waybill.assert_source_notify(coalesce(nullif(p_source -> 'notify', 'null'), '{}'));
    IF p_id IS NOT NULL THEN
        PERFORM waybill.lock_own_source(p_id, p_declared_in);
        PERFORM waybill.settle_source(p_id);
    END IF;
    v_new := jsonb_populate_record(NULL::waybill.data_sources, jsonb_strip_nulls(p_source));
    INSERT INTO waybill.data_sources AS s (source_id, name, kind, connection, dataset, schedule,
        transformation, retry, notify, late_after_seconds, cursor, declared_in)
    VALUES (coalesce(p_id, uuidv7()), v_new.name, v_new.kind, v_new.connection, v_new.dataset,
        v_new.schedule, v_new.transformation, coalesce(v_new.retry, '{}'), v_new.notify,
        v_new.late_after_seconds, v_new.cursor, p_declared_in)
    ON CONFLICT (source_id) DO UPDATE SET name = excluded.name, kind = excluded.kind,
        connection = excluded.connection, dataset = excluded.dataset,
        schedule = excluded.schedule, transformation = excluded.transformation,
        retry = excluded.retry, notify = excluded.notify,
        late_after_seconds = excluded.late_after_seconds,
        cursor = coalesce(excluded.cursor, s.cursor), declared_in = excluded.declared_in,
        last_job = CASE WHEN excluded.cursor IS NULL THEN s.last_job END,
        updated_at = clock_timestamp()
    RETURNING s.source_id INTO v_id;
    PERFORM waybill.record_audit(
        CASE WHEN p_id IS NULL THEN 'source.created' ELSE 'source.changed' END,
        p_dataset => v_new.dataset,
        p_detail => jsonb_build_object('source_id', v_id, 'name', v_new.name));
    RETURN v_id;
EXCEPTION
    WHEN unique_violation THEN
        RAISE EXCEPTION 'There is a source % already.', quote_literal(p_source ->> 'name')
            USING ERRCODE = 'WB014';
END
$$;

-- Rules of a source are refused as those of a dataset are; and they are short, since each is looked
-- up in the catalog, and all of them go with every record.
CREATE OR REPLACE FUNCTION waybill.assert_source_rules(p_dataset text, p_rules jsonb) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    IF octet_length(p_rules::text) > 65536 THEN
        RAISE EXCEPTION 'transformation of %: the rules have more than 65,536 bytes.', p_dataset
            USING ERRCODE = 'WB005';
    END IF;
    PERFORM waybill.assert_transformation(p_dataset, p_rules);
END
$$;

-- A source that reads rows again needs a dataset that recognises them.
CREATE OR REPLACE FUNCTION waybill.assert_lookback(p_dataset text, p_connection jsonb) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    IF coalesce(p_connection ->> 'lookback', p_connection #>> '{incremental,lookback}') IS NOT NULL
            AND (SELECT d.write_disposition <> 'merge'
            FROM waybill.datasets AS d WHERE d.name = p_dataset) THEN
        RAISE EXCEPTION 'lookback: the dataset % does not merge rows by a key.',
            quote_literal(p_dataset) USING ERRCODE = 'WB005';
    END IF;
END
$$;

-- Lock the source against its runs and other changes. One that a file declares is changed there.
CREATE OR REPLACE FUNCTION waybill.lock_own_source(p_id uuid, p_declared_in text)
RETURNS waybill.data_sources
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_source waybill.data_sources;
BEGIN
    SELECT * INTO v_source FROM waybill.data_sources WHERE source_id = p_id FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'There is no source %.', p_id USING ERRCODE = 'WB015';
    END IF;
    IF v_source.declared_in IS NOT NULL AND p_declared_in IS NULL THEN
        RAISE EXCEPTION 'The source is declared in sql/%.', v_source.declared_in
            USING ERRCODE = 'WB016';
    END IF;
    RETURN v_source;
END
$$;

-- Delete the source. A run of it that has begun goes on.
CREATE OR REPLACE FUNCTION waybill.delete_source(p_id uuid, p_declared_in text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_source waybill.data_sources := waybill.lock_own_source(p_id, p_declared_in);
BEGIN
    DELETE FROM waybill.data_sources WHERE source_id = p_id;
    PERFORM waybill.record_audit('source.deleted', p_dataset => v_source.dataset,
        p_detail => jsonb_build_object('source_id', p_id, 'name', v_source.name));
END
$$;

-- Take over how the last run ended, whose source the caller has locked: what was loaded moves the
-- cursor, and what was not is read again by the next run. Returns false while it has not ended.
CREATE OR REPLACE FUNCTION waybill.settle_source(p_id uuid) RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_state text;
    v_began timestamptz;
    v_cursor text;
BEGIN
    SELECT j.state, j.created_at, r.cursor_to INTO v_state, v_began, v_cursor
    FROM waybill.data_sources AS s
    JOIN waybill.ingestion_jobs AS j ON j.job_id = s.last_job
    JOIN waybill.source_runs AS r ON r.job_id = s.last_job
    WHERE s.source_id = p_id;
    IF NOT FOUND THEN
        RETURN true;
    END IF;
    IF NOT waybill.is_final(v_state) THEN
        RETURN false;
    END IF;
    IF v_state IN ('COMPLETED', 'COMPLETED_WITH_REJECTS', 'DUPLICATE') THEN
        UPDATE waybill.data_sources
        SET cursor = coalesce(v_cursor, cursor), last_success_at = v_began
        WHERE source_id = p_id;
    END IF;
    UPDATE waybill.data_sources SET last_job = NULL WHERE source_id = p_id;
    RETURN true;
END
$$;
