-- Tickets and objects become jobs, once.

-- A file is awaited: the upload door gave out a form for it.
CREATE OR REPLACE FUNCTION waybill.register_ticket(p_job uuid, p_dataset text,
    p_filename text, p_size_bytes bigint, p_options jsonb, p_created_at timestamptz,
    p_expires_at timestamptz)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    INSERT INTO waybill.ingestion_jobs (job_id, dataset, state, filename, size_bytes,
        options, created_at, expires_at)
    VALUES (p_job, p_dataset, 'AWAITING_UPLOAD', p_filename, p_size_bytes, p_options,
        p_created_at, p_expires_at)
    -- The object's event, or a cancellation, may have come first.
    ON CONFLICT (job_id) DO NOTHING;
    RETURN (SELECT state FROM waybill.ingestion_jobs WHERE job_id = p_job);
END
$$;

-- An object landed. The job is the one its key names, if that job has no object yet; else
-- (a bare copy, or a form used twice) a fresh one.
CREATE OR REPLACE FUNCTION waybill.register_object(p_given_job uuid, p_fresh_job uuid,
    p_dataset text, p_bucket text, p_key text, p_version text, p_etag text,
    p_size_bytes bigint, p_filename text, p_landed_at timestamptz, p_options jsonb,
    p_sequencer text DEFAULT '', OUT job_id uuid, OUT state text, OUT is_new boolean)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    job waybill.ingestion_jobs;
    version CONSTANT text := coalesce(p_version, '');
    sequencer CONSTANT text := waybill.padded_sequencer(p_sequencer);
BEGIN
    -- One registration per dataset at a time: without it two objects of one second could
    -- take the same place in the order of landing, or one object two jobs.
    PERFORM pg_advisory_xact_lock(hashtextextended('waybill.landing.' || p_dataset, 0));
    SELECT * INTO job FROM waybill.ingestion_jobs AS j
    WHERE j.bucket = p_bucket AND j.object_key = p_key AND j.version_id = version;
    IF FOUND THEN
        job_id := job.job_id; state := job.state; is_new := false;
        RETURN;
    END IF;
    SELECT * INTO job FROM waybill.ingestion_jobs AS j
    WHERE j.job_id = p_given_job FOR UPDATE;
    -- A file that arrives after its upload expired is loaded all the same. The rejects of a
    -- replay that expired are free again, so its file is not.
    IF FOUND AND job.object_key IS NULL AND job.state <> 'AWAITING_UPLOAD'
        AND (job.state <> 'EXPIRED' OR job.kind = 'replay')
    THEN
        job_id := job.job_id; state := job.state; is_new := false;
        RETURN;
    END IF;
    job_id := CASE WHEN p_given_job IS NULL OR job.object_key IS NOT NULL
        THEN p_fresh_job ELSE p_given_job END;
    INSERT INTO waybill.ingestion_jobs AS j (job_id, dataset, state, kind, bucket, object_key,
        version_id, sequencer, etag, size_bytes, filename, options, landed_at, landed_seq)
    VALUES (job_id, p_dataset, 'LANDED',
        CASE WHEN p_given_job IS NULL THEN 's3' ELSE 'upload' END, p_bucket, p_key, version,
        sequencer, p_etag, p_size_bytes, p_filename, p_options, p_landed_at,
        waybill.landing_order(p_dataset, p_landed_at, p_key, version, sequencer))
    ON CONFLICT (job_id) DO UPDATE SET state = excluded.state, bucket = excluded.bucket,
        object_key = excluded.object_key, version_id = excluded.version_id,
        sequencer = excluded.sequencer, etag = excluded.etag,
        size_bytes = excluded.size_bytes, finished_at = NULL,
        landed_at = excluded.landed_at, landed_seq = excluded.landed_seq;
    state := 'LANDED'; is_new := true;
END
$$;

GRANT EXECUTE ON FUNCTION
    waybill.register_ticket(uuid, text, text, bigint, jsonb, timestamptz, timestamptz),
    waybill.register_object(uuid, uuid, text, text, text, text, text, bigint, text,
        timestamptz, jsonb, text)
    TO waybill_loader;
