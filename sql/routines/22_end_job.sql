-- How a job ends without being loaded.

CREATE OR REPLACE FUNCTION waybill.stage_name(p_job uuid) RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN 's_' || replace(p_job::text, '-', '');

-- Drop the staging table, unless a loader that outlived its job still writes to it: then it is
-- left to the reaper, rather than keeping the caller waiting.
CREATE OR REPLACE FUNCTION waybill.drop_stage(p_job uuid) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
SET lock_timeout = '100ms'
SET client_min_messages = warning
AS $$
BEGIN
    EXECUTE format('DROP TABLE IF EXISTS staging.%I', waybill.stage_name(p_job));
EXCEPTION
    WHEN lock_not_available THEN
        RAISE LOG 'staging table of job % is in use and was left', p_job;
END
$$;

-- Write the event of a job's end, in the commit that ends it. Only that first event has the counts
-- and the time it took: when pending records are taken in later, it is not counted again.
CREATE OR REPLACE FUNCTION waybill.emit_job_finished(p_job uuid, p_dataset text, p_state text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    INSERT INTO waybill.outbox (kind, payload)
    SELECT 'job.finished',
        jsonb_build_object('job_id', p_job, 'dataset', p_dataset, 'state', p_state)
        || CASE WHEN j.finished_at >= now() AND NOT waybill.is_dry(j)
            -- The members of an archive have counted their own.
            AND j.archive_format IS NULL THEN jsonb_build_object(
            'records', jsonb_build_object('read', coalesce(j.read, 0), 'rejected', j.rejected,
                'loaded', j.inserted + j.updated + j.unchanged),
            'seconds', extract(epoch FROM j.finished_at - coalesce(j.landed_at, j.created_at)))
            ELSE '{}' END
    FROM waybill.ingestion_jobs AS j WHERE j.job_id = p_job;
    -- Of an archive, its members are reported; unless it failed itself, before all were jobs.
    IF EXISTS (
        SELECT FROM waybill.ingestion_jobs AS j
        WHERE j.job_id = p_job
            AND (j.archive_format IS NULL
                OR j.state = 'FAILED' AND j.error ->> 'type' IS DISTINCT FROM 'members-failed'))
    THEN
        PERFORM waybill.notify_job_end(p_job);
    END IF;
END
$$;

-- Write the event of a job that ended before and has changed: it is neither counted nor notified
-- again. Not told from the first end by its time: that may be after the start of this transaction.
CREATE OR REPLACE FUNCTION waybill.emit_job_changed(p_job uuid, p_dataset text, p_state text)
RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, waybill, pg_temp
BEGIN ATOMIC
    INSERT INTO waybill.outbox (kind, payload)
    VALUES ('job.finished',
        jsonb_build_object('job_id', p_job, 'dataset', p_dataset, 'state', p_state));
END;

-- End an open job without loading it, whose row the caller has locked. The rejects that a replay
-- was to load remain, so that they can be replayed again.
CREATE OR REPLACE FUNCTION waybill.end_unloaded(p_job waybill.ingestion_jobs, p_state text,
    p_problem jsonb DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    UPDATE waybill.ingestion_jobs
    SET state = p_state, error = p_problem, finished_at = clock_timestamp()
    WHERE job_id = p_job.job_id;
    UPDATE waybill.validation_errors SET replayed_by = NULL WHERE replayed_by = p_job.job_id;
    PERFORM waybill.erase_rejects(p_job);
    PERFORM waybill.emit_job_finished(p_job.job_id, p_job.dataset, p_state);
    PERFORM waybill.drop_stage(p_job.job_id);
    -- Nothing adds them up any more, and they are made of what was not loaded. One that is not done
    -- has none, and may be locked for minutes by its loader.
    UPDATE waybill.chunks SET columns = NULL, summary = NULL
    WHERE job_id = p_job.job_id AND done AND num_nonnulls(columns, summary) > 0;
    RETURN p_state;
END
$$;

-- Lock the row of a job. A merge holds it until its commit, so the caller finds either the merged
-- job, or a job that no merge is working on.
CREATE OR REPLACE FUNCTION waybill.lock_job(p_job uuid) RETURNS waybill.ingestion_jobs
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_job waybill.ingestion_jobs;
BEGIN
    SELECT * INTO v_job FROM waybill.ingestion_jobs WHERE job_id = p_job FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'There is no job %.', p_job USING ERRCODE = 'WB002';
    END IF;
    RETURN v_job;
END
$$;

-- End a job FAILED with its reason. A job that has ended stays as it ended: if it is staged again
-- for an earlier file and its object is missing, the rows that it found unchanged stay unstamped;
-- where the object has expired after an erasure, the earlier file fails instead.
CREATE OR REPLACE FUNCTION waybill.fail_job(p_job uuid, p_problem jsonb) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_job waybill.ingestion_jobs := waybill.lock_job(p_job);
    v_gone CONSTANT boolean :=
        v_job.object_erased_at IS NOT NULL AND p_problem ->> 'type' = 'object-missing';
BEGIN
    IF NOT waybill.is_final(v_job.state) THEN
        RETURN waybill.end_unloaded(v_job, 'FAILED', p_problem);
    END IF;
    UPDATE waybill.ingestion_jobs
    SET restamping = false, stamped = NOT v_gone, object_gone = v_gone
    WHERE job_id = p_job AND restamping;
    PERFORM waybill.drop_stage(p_job);
    RETURN v_job.state;
END
$$;

-- The advisory lock that a merge of the job holds, so that it can be found and cancelled.
CREATE OR REPLACE FUNCTION waybill.job_lock_key(p_job uuid) RETURNS bigint
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN hashtextextended('waybill.job.' || p_job, 0);

-- Cancel the statement that merges the job, if there is one. It may take long, and holds the
-- job's row; its transaction is rolled back, and the next attempt finds the job cancelled.
CREATE OR REPLACE FUNCTION waybill.cancel_merge(p_job uuid) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    PERFORM pg_cancel_backend(l.pid)
    FROM pg_locks AS l
    JOIN pg_database AS d ON d.oid = l.database
    WHERE d.datname = current_database()
        AND l.locktype = 'advisory'
        AND l.objsubid = 1
        AND l.granted
        AND (l.classid::bigint << 32) | l.objid::bigint = waybill.job_lock_key(p_job);
EXCEPTION
    WHEN insufficient_privilege THEN
        RAISE LOG 'the merge of job % cannot be cancelled: %', p_job, SQLERRM;
END
$$;

-- Lock the row of a job that is to be cancelled. A merge may begin after the look for one, so it is
-- repeated until the row is free; for three seconds, since one that commits is not to be cancelled.
CREATE OR REPLACE FUNCTION waybill.lock_against_merge(p_job uuid) RETURNS waybill.ingestion_jobs
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
SET lock_timeout = '250ms'
AS $$
DECLARE
    v_looks CONSTANT integer := 12;
BEGIN
    FOR v_look IN 1 .. v_looks LOOP
        PERFORM waybill.cancel_merge(p_job);
        BEGIN
            RETURN waybill.lock_job(p_job);
        EXCEPTION
            WHEN lock_not_available THEN
                IF v_look = v_looks THEN
                    RAISE;
                END IF;
        END;
    END LOOP;
END
$$;

-- Cancel a job: nothing of it becomes visible. `p_ticket` is the upload ticket of a file that has
-- not arrived, so that it is ignored if it comes later.
CREATE OR REPLACE FUNCTION waybill.cancel_job(p_job uuid, p_ticket jsonb DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
SET lock_timeout = '3s'
AS $$
DECLARE
    v_job waybill.ingestion_jobs;
BEGIN
    IF p_ticket IS NOT NULL THEN
        INSERT INTO waybill.ingestion_jobs (job_id, dataset, state, filename, size_bytes,
            created_by)
        VALUES (p_job, p_ticket ->> 'dataset', 'AWAITING_UPLOAD', p_ticket ->> 'filename',
            (p_ticket ->> 'size_bytes')::bigint, p_ticket ->> 'created_by')
        ON CONFLICT (job_id) DO NOTHING;
    END IF;
    v_job := waybill.lock_against_merge(p_job);
    IF waybill.is_final(v_job.state) THEN
        RETURN v_job.state;
    END IF;
    DELETE FROM waybill.validation_errors WHERE job_id = p_job;
    PERFORM waybill.record_audit('job.cancelled', p_dataset => v_job.dataset, p_job => p_job);
    PERFORM waybill.cancel_members(p_job);
    RETURN waybill.end_unloaded(v_job, 'CANCELLED');
END
$$;
