-- How a job ends other than by its merge, and the record of every attempt.

CREATE OR REPLACE FUNCTION waybill.stage_name(job uuid) RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog
RETURN 's_' || replace(job::text, '-', '');

-- The staging table goes, unless a loader that outlived its job still writes to it: then it
-- is left, rather than keeping the caller in line.
CREATE OR REPLACE FUNCTION waybill.drop_stage(job uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
SET lock_timeout = '100ms'
SET client_min_messages = warning
AS $$
BEGIN
    EXECUTE format('DROP TABLE IF EXISTS staging.%I', waybill.stage_name(job));
EXCEPTION
    WHEN lock_not_available THEN
        RAISE LOG 'staging table of job % is in use and was left', job;
END
$$;

-- The file is bad: the job ends FAILED with its reason, and what it staged is gone. An ended
-- job that is staged again for an earlier file, and whose object can no longer be had, stays
-- as it ended: the order of what it found unchanged is then lost, not the earlier file.
CREATE OR REPLACE FUNCTION waybill.fail_job(p_job uuid, p_problem jsonb) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    job waybill.ingestion_jobs;
BEGIN
    SELECT * INTO job FROM waybill.ingestion_jobs WHERE job_id = p_job FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'There is no job %.', p_job USING ERRCODE = 'WB002';
    ELSIF waybill.is_final(job.state) THEN
        UPDATE waybill.ingestion_jobs SET restamping = false, stamped = true
        WHERE job_id = p_job AND restamping;
        PERFORM waybill.drop_stage(p_job);
        RETURN job.state;
    END IF;
    UPDATE waybill.ingestion_jobs SET state = 'FAILED', error = p_problem,
        finished_at = clock_timestamp() WHERE job_id = p_job;
    -- What a replay could not bring in may be replayed again.
    UPDATE waybill.validation_errors SET replayed_by = NULL WHERE replayed_by = p_job;
    PERFORM waybill.emit_job_finished(p_job, job.dataset, 'FAILED');
    PERFORM waybill.drop_stage(p_job);
    RETURN 'FAILED';
END
$$;

-- What is told of an ended job goes into the commit that ends it.
CREATE OR REPLACE FUNCTION waybill.emit_job_finished(job uuid, dataset text, state text)
RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, waybill, pg_temp
BEGIN ATOMIC
    INSERT INTO waybill.outbox (kind, payload) VALUES ('job.finished',
        jsonb_build_object('job_id', job, 'dataset', dataset, 'state', state));
END;

-- Cancel a job: nothing of it becomes visible. `p_ticket` is the upload ticket of a file that
-- has not arrived, so that a late one is ignored.
CREATE OR REPLACE FUNCTION waybill.cancel_job(p_job uuid, p_ticket jsonb DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
SET lock_timeout = '3s'
AS $$
DECLARE
    job waybill.ingestion_jobs;
BEGIN
    IF p_ticket IS NOT NULL THEN
        INSERT INTO waybill.ingestion_jobs (job_id, dataset, state, filename, size_bytes)
        VALUES (p_job, p_ticket ->> 'dataset', 'AWAITING_UPLOAD', p_ticket ->> 'filename',
            (p_ticket ->> 'size_bytes')::bigint)
        ON CONFLICT (job_id) DO NOTHING;
    END IF;
    -- Waits for a merge that is running: either it commits first and the job has ended, or
    -- the cancellation does and the merge finds it.
    SELECT * INTO job FROM waybill.ingestion_jobs WHERE job_id = p_job FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'There is no job %.', p_job USING ERRCODE = 'WB002';
    ELSIF waybill.is_final(job.state) THEN
        RETURN job.state;
    END IF;
    UPDATE waybill.ingestion_jobs SET state = 'CANCELLED', finished_at = clock_timestamp()
    WHERE job_id = p_job;
    DELETE FROM waybill.validation_errors WHERE job_id = p_job;
    UPDATE waybill.validation_errors SET replayed_by = NULL WHERE replayed_by = p_job;
    PERFORM waybill.emit_job_finished(p_job, job.dataset, 'CANCELLED');
    PERFORM waybill.drop_stage(p_job);
    RETURN 'CANCELLED';
END
$$;

CREATE OR REPLACE FUNCTION waybill.start_run(p_job uuid, p_step text, p_chunk integer)
RETURNS bigint
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
BEGIN ATOMIC
    INSERT INTO waybill.job_runs (job_id, step, chunk, attempt)
    SELECT p_job, p_step, p_chunk, 1 + count(*) FROM waybill.job_runs
    WHERE job_id = p_job AND step = p_step AND chunk IS NOT DISTINCT FROM p_chunk
    RETURNING run_id;
END;

CREATE OR REPLACE FUNCTION waybill.end_run(p_run bigint, p_outcome text, p_problem jsonb)
RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
BEGIN ATOMIC
    UPDATE waybill.job_runs SET outcome = p_outcome, error = p_problem,
        finished_at = clock_timestamp() WHERE run_id = p_run;
END;

GRANT EXECUTE ON FUNCTION waybill.fail_job(uuid, jsonb),
    waybill.start_run(uuid, text, integer), waybill.end_run(bigint, text, jsonb),
    waybill.drop_stage(uuid) TO waybill_loader;
GRANT EXECUTE ON FUNCTION waybill.cancel_job(uuid, jsonb) TO waybill_api;
