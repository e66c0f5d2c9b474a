-- Runs of sources: started, reported, and ended.

-- Start a run of the source as this job. While the last run has not ended, there is no new one: the
-- next run begins where the last one ended.
CREATE OR REPLACE FUNCTION waybill.start_source_run(p_source uuid, p_job uuid,
    p_expires_at timestamptz, OUT job_id uuid, OUT is_new boolean, OUT state text,
    OUT name text, OUT kind text, OUT connection jsonb, OUT dataset text, OUT retry jsonb,
    OUT cursor text)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_source waybill.data_sources;
BEGIN
    -- Two schedules, or a schedule and a person, would start two runs from one cursor.
    PERFORM FROM waybill.data_sources AS s WHERE s.source_id = p_source FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'There is no source %.', p_source USING ERRCODE = 'WB015';
    END IF;
    is_new := waybill.settle_source(p_source);
    SELECT * INTO v_source FROM waybill.data_sources AS s WHERE s.source_id = p_source;
    job_id := coalesce(v_source.last_job, p_job);
    name := v_source.name; kind := v_source.kind; connection := v_source.connection;
    dataset := v_source.dataset; retry := v_source.retry; cursor := v_source.cursor;
    IF is_new THEN
        PERFORM waybill.insert_run(p_job, v_source.dataset, v_source.kind, v_source.name,
            p_expires_at);
        INSERT INTO waybill.source_runs (job_id, source_id, cursor_from, name, transformation)
        VALUES (p_job, p_source, v_source.cursor, v_source.name, v_source.transformation);
        UPDATE waybill.data_sources AS s SET last_job = p_job WHERE s.source_id = p_source;
        state := 'EXTRACTING';
        RETURN;
    END IF;
    -- The answer to a first call may have been lost.
    is_new := job_id = p_job;
    SELECT j.state, r.cursor_from INTO state, cursor
    FROM waybill.ingestion_jobs AS j JOIN waybill.source_runs AS r USING (job_id)
    WHERE j.job_id = v_source.last_job;
END
$$;

-- Start a run that loads one object of another bucket.
CREATE OR REPLACE FUNCTION waybill.start_object_run(p_job uuid, p_dataset text,
    p_filename text, p_expires_at timestamptz)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM waybill.datasets AS d WHERE d.name = p_dataset) THEN
        RAISE EXCEPTION 'There is no dataset %.', quote_literal(p_dataset)
            USING ERRCODE = 'WB001';
    END IF;
    PERFORM waybill.insert_run(p_job, p_dataset, 's3', p_filename, p_expires_at);
END
$$;

CREATE OR REPLACE FUNCTION waybill.insert_run(p_job uuid, p_dataset text, p_kind text,
    p_filename text, p_expires_at timestamptz)
RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, waybill, pg_temp
BEGIN ATOMIC
    INSERT INTO waybill.ingestion_jobs (job_id, dataset, state, kind, filename, expires_at)
    VALUES (p_job, p_dataset, 'EXTRACTING', p_kind, p_filename, p_expires_at)
    -- The answer to the first call may have been lost.
    ON CONFLICT (job_id) DO NOTHING;
END;

-- Record what a run has done: its attempts, how far it read, and how it ended. A run whose file
-- landed goes on as a file; one that found nothing is complete. Returns the job's state.
CREATE OR REPLACE FUNCTION waybill.record_extraction(p_job uuid, p_outcome jsonb)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_job waybill.ingestion_jobs := waybill.lock_job(p_job);
BEGIN
    INSERT INTO waybill.job_runs (job_id, step, attempt, started_at, finished_at, outcome, error)
    SELECT p_job, 'extract', a.number, a.started_at, a.finished_at, a.outcome, a.error
    FROM jsonb_to_recordset(p_outcome -> 'attempts') AS a (number integer,
        started_at timestamptz, finished_at timestamptz, outcome text, error jsonb)
    WHERE NOT EXISTS (SELECT FROM waybill.job_runs AS r
        WHERE r.job_id = p_job AND r.step = 'extract' AND r.attempt = a.number)
    ORDER BY a.number;
    UPDATE waybill.source_runs AS r
    SET cursor_to = p_outcome ->> 'cursor', records = (p_outcome ->> 'records')::bigint,
        objects = (p_outcome ->> 'objects')::bigint
    -- An event of an earlier state may come later.
    WHERE r.job_id = p_job AND (p_outcome ->> 'is_done')::boolean;
    IF v_job.state <> 'EXTRACTING' THEN
        RETURN v_job.state;
    END IF;
    IF jsonb_typeof(p_outcome -> 'problem') = 'object' THEN
        RETURN waybill.end_unloaded(v_job, 'FAILED', p_outcome -> 'problem');
    END IF;
    IF (p_outcome ->> 'is_cancelled')::boolean THEN
        RETURN waybill.end_unloaded(v_job, 'CANCELLED');
    END IF;
    IF (p_outcome ->> 'is_done')::boolean AND NOT (p_outcome ->> 'has_file')::boolean THEN
        RETURN waybill.end_empty_run(v_job);
    END IF;
    RETURN v_job.state;
END
$$;

-- A run that found no records has loaded everything there was.
CREATE OR REPLACE FUNCTION waybill.end_empty_run(p_job waybill.ingestion_jobs) RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    UPDATE waybill.ingestion_jobs
    SET state = 'COMPLETED', read = 0, started_at = created_at, finished_at = clock_timestamp()
    WHERE job_id = p_job.job_id;
    PERFORM waybill.emit_job_finished(p_job.job_id, p_job.dataset, 'COMPLETED');
    RETURN 'COMPLETED';
END
$$;
