-- Upload tickets and objects become jobs, once.

-- The job of a requested upload, which awaits its file.
CREATE OR REPLACE FUNCTION waybill.register_ticket(p_job uuid, p_dataset text,
    p_filename text, p_size_bytes bigint, p_options jsonb, p_created_at timestamptz,
    p_expires_at timestamptz)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    INSERT INTO waybill.ingestion_jobs (job_id, dataset, state, filename, size_bytes, options,
        created_at, expires_at)
    VALUES (p_job, p_dataset, 'AWAITING_UPLOAD', p_filename, p_size_bytes, p_options,
        p_created_at, p_expires_at)
    -- The event of its object, or a cancellation, may have come first.
    ON CONFLICT (job_id) DO NOTHING;
    RETURN (SELECT state FROM waybill.ingestion_jobs WHERE job_id = p_job);
END
$$;

-- A version of an object landed. Its job is the one that its key names, if that job awaits an
-- object or has expired; otherwise (a copied file, a form used twice) a new one. An expired replay
-- stays expired, since its rejects may have been replayed again.
CREATE OR REPLACE FUNCTION waybill.register_object(p_given_job uuid, p_fresh_job uuid,
    p_dataset text, p_bucket text, p_key text, p_version text, p_etag text,
    p_size_bytes bigint, p_filename text, p_landed_at timestamptz, p_options jsonb,
    p_sequencer text DEFAULT '', OUT job_id uuid, OUT state text, OUT is_new boolean,
    OUT archive_job_id uuid)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    c_version CONSTANT text := coalesce(p_version, '');
    c_sequencer CONSTANT text := waybill.padded_sequencer(p_sequencer);
    v_job waybill.ingestion_jobs;
BEGIN
    PERFORM waybill.lock_registration(p_dataset);
    SELECT * INTO v_job FROM waybill.ingestion_jobs AS j
    WHERE j.bucket = p_bucket AND j.object_key = p_key AND j.version_id = c_version;
    IF FOUND THEN
        job_id := v_job.job_id; state := v_job.state; is_new := false;
        archive_job_id := v_job.archive_job_id;
        RETURN;
    END IF;
    v_job := waybill.register_member(p_bucket, p_key, c_version, p_etag, p_size_bytes);
    IF v_job.job_id IS NOT NULL THEN
        job_id := v_job.job_id; state := v_job.state; is_new := v_job.version_id = c_version;
        archive_job_id := v_job.archive_job_id;
        RETURN;
    END IF;
    SELECT * INTO v_job FROM waybill.ingestion_jobs AS j
    WHERE j.job_id = p_given_job FOR UPDATE;
    IF v_job.object_key IS NULL AND v_job.state NOT IN ('AWAITING_UPLOAD', 'EXTRACTING')
        AND (v_job.state <> 'EXPIRED' OR v_job.kind = 'replay')
    THEN
        -- It was cancelled before its file came: the file is ignored.
        INSERT INTO waybill.ignored_objects (dataset, bucket, object_key, version_id, landed_at)
        VALUES (p_dataset, p_bucket, p_key, c_version, p_landed_at)
        ON CONFLICT DO NOTHING;
        job_id := v_job.job_id; state := v_job.state; is_new := false;
        RETURN;
    END IF;
    job_id := CASE WHEN p_given_job IS NULL OR v_job.object_key IS NOT NULL
        THEN p_fresh_job ELSE p_given_job END;
    state := 'LANDED';
    is_new := true;
    INSERT INTO waybill.ingestion_jobs AS j (job_id, dataset, state, kind, bucket, object_key,
        version_id, sequencer, etag, size_bytes, filename, options, landed_at, landing_order)
    VALUES (job_id, p_dataset, 'LANDED',
        CASE WHEN p_given_job IS NULL THEN 's3' ELSE 'upload' END, p_bucket, p_key, c_version,
        c_sequencer, p_etag, p_size_bytes, p_filename, p_options, p_landed_at,
        waybill.landing_order(p_dataset, p_landed_at, p_key, c_version, c_sequencer))
    ON CONFLICT (job_id) DO UPDATE SET state = excluded.state, finished_at = NULL,
        bucket = excluded.bucket, object_key = excluded.object_key,
        version_id = excluded.version_id, sequencer = excluded.sequencer, etag = excluded.etag,
        size_bytes = excluded.size_bytes, landed_at = excluded.landed_at,
        landing_order = excluded.landing_order,
        -- Those of a run are in its ticket only.
        options = j.options || excluded.options;
END
$$;
