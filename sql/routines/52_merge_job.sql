-- Staging table to table with its waybill: one call, one transaction.

-- Merge a job. Safe to call again at any moment: it finds the lock, or the result.
CREATE OR REPLACE FUNCTION waybill.merge_job(p_job uuid) RETURNS waybill.merge_result
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
SET timezone = 'UTC'
SET lock_timeout = '2s'
SET work_mem = '128MB'
SET jit = off
AS $$
DECLARE
    v_job CONSTANT waybill.ingestion_jobs := waybill.lock_step(p_job);
    v_result waybill.merge_result;
BEGIN
    IF v_job.archive_format IS NOT NULL THEN
        RETURN waybill.finish_archive(v_job);
    END IF;
    v_result := waybill.before_merge(v_job);
    IF v_result.outcome IS NOT NULL THEN
        RETURN v_result;
    END IF;
    IF waybill.fail_if_not_tiled(v_job) THEN
        RETURN waybill.result_of(p_job, 'merged');
    END IF;
    IF v_job.restamping THEN
        PERFORM waybill.restamp_job(v_job);
        RETURN waybill.result_of(p_job, 'merged');
    END IF;
    v_result.restamping := waybill.request_restamps(v_job);
    IF v_result.restamping IS NULL THEN
        RETURN waybill.result_of(p_job, 'merged');
    END IF;
    IF v_result.restamping <> '{}' THEN
        v_result.outcome := 'waiting';
        v_result.waiting_for := v_result.restamping;
        RETURN v_result;
    END IF;
    RETURN waybill.finish_merge(v_job);
END
$$;

-- Lock a job for a merge or a revert.
CREATE OR REPLACE FUNCTION waybill.lock_step(p_job uuid) RETURNS waybill.ingestion_jobs
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_job waybill.ingestion_jobs;
BEGIN
    -- A cancellation finds the merge by this lock, so it comes before the lock of the row.
    IF NOT pg_try_advisory_xact_lock(waybill.job_lock_key(p_job)) THEN
        RAISE EXCEPTION 'Another merge of job % is running.', p_job
            USING ERRCODE = '55P03', SCHEMA = 'waybill';
    END IF;
    -- One merge of a job, and no cancellation meanwhile. NOWAIT: a second call is retried
    -- later, rather than holding a connection.
    SELECT * INTO v_job FROM waybill.ingestion_jobs WHERE job_id = p_job FOR UPDATE NOWAIT;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'There is no job %.', p_job USING ERRCODE = 'WB002';
    END IF;
    RETURN v_job;
END
$$;

-- The chunks must tile the object from the first byte of its data to the last, without gap or
-- overlap; else records would be lost or loaded twice, so nothing is merged. Returns whether the
-- job has been failed for that. Batches have no object.
CREATE OR REPLACE FUNCTION waybill.fail_if_not_tiled(p_job waybill.ingestion_jobs)
RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    -- A compressed or UTF-16 object is read from its beginning, head and all.
    v_from CONSTANT bigint := CASE
        WHEN p_job.layout ->> 'compression' IS NOT NULL
            OR coalesce(p_job.layout ->> 'encoding', '') ILIKE 'utf-16%'
            THEN 0
        ELSE coalesce((p_job.layout ->> 'data_offset')::bigint, 0)
    END;
    v_gap record;
BEGIN
    IF p_job.object_key IS NULL OR p_job.kind = 'batch' THEN
        RETURN false;
    END IF;
    SELECT x.ends, x.begins INTO v_gap
    FROM (
        SELECT coalesce(max(c.byte_to) OVER before, v_from) AS ends, c.byte_from AS begins
        FROM waybill.chunks AS c
        WHERE c.job_id = p_job.job_id
        WINDOW before AS (
            ORDER BY c.byte_from, c.byte_to, c.chunk ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        )
        UNION ALL
        SELECT coalesce(max(c.byte_to), v_from), greatest(p_job.size_bytes, v_from)
        FROM waybill.chunks AS c
        WHERE c.job_id = p_job.job_id
    ) AS x
    WHERE x.ends <> x.begins
    ORDER BY x.begins
    LIMIT 1;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM waybill.fail_job(p_job.job_id, jsonb_build_object(
        'type', 'chunks-not-tiling',
        'title', 'The chunks do not cover the object',
        'detail', format(
            'A chunk ends at byte %s and the next part of the object begins at byte %s.'
            ' Nothing was loaded; upload the file again.', v_gap.ends, v_gap.begins)));
    RETURN true;
END
$$;

-- The time that a merge or a revert may take, in milliseconds: ten minutes, and a millisecond for
-- each staged record or deleted row, which is ten to a hundred times what it needs. Members of an
-- archive are reverted in calls for the archive.
CREATE OR REPLACE FUNCTION waybill.merge_time_limit(p_job uuid) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT least(600000 + coalesce(sum(x.records), 0), 86400000)::bigint
    FROM waybill.ingestion_jobs AS j
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(c.staged), 0) + j.deleted AS records
        FROM waybill.chunks AS c
        WHERE c.job_id = j.job_id
    ) AS x
    WHERE j.job_id = p_job OR j.archive_job_id = p_job;
END;

-- What keeps a job from being merged now; `outcome` is null if nothing does.
CREATE OR REPLACE FUNCTION waybill.before_merge(p_job waybill.ingestion_jobs)
RETURNS waybill.merge_result
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_earlier uuid[];
    v_result waybill.merge_result;
BEGIN
    IF waybill.is_final(p_job.state) AND NOT p_job.restamping THEN
        v_result := waybill.result_of(p_job.job_id, 'ended');
        -- Jobs with pending records are named again, for a call whose result was lost. Waiting
        -- ones are named only after an end that had no merge to name them, and not for long:
        -- each message of an ended job would queue another.
        IF p_job.state NOT IN ('FAILED', 'DUPLICATE', 'CANCELLED')
            OR p_job.finished_at < clock_timestamp() - interval '1 minute'
        THEN
            v_result.unblocked := '{}';
        END IF;
        RETURN v_result;
    END IF;
    v_result := waybill.empty_result(p_job, NULL);
    IF waybill.chunks_left(p_job.job_id) <> 0 THEN
        RETURN waybill.waiting_for_chunks(p_job, v_result);
    END IF;
    v_earlier := waybill.earlier_open(p_job);
    IF NOT p_job.restamping AND v_earlier <> '{}' THEN
        v_result.outcome := 'waiting';
        v_result.waiting_for := v_earlier;
        RETURN v_result;
    END IF;
    -- Also so that a job which finds it taken, as it may many times, does not count its records first.
    PERFORM waybill.lock_merge(p_job.dataset);
    IF NOT waybill.finds_lost_records(p_job) THEN
        v_result.chunks := waybill.lost_chunks(p_job);
        IF v_result.chunks <> '{}' THEN
            v_result.outcome := 'restage';
        END IF;
    END IF;
    RETURN v_result;
END
$$;

-- Not all chunks are staged. Once the plan is finished the result names them: a merge that found
-- chunks lost in a crash may have died before it could send them.
CREATE OR REPLACE FUNCTION waybill.waiting_for_chunks(p_job waybill.ingestion_jobs,
    p_result waybill.merge_result)
RETURNS waybill.merge_result
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    IF p_job.chunks_total IS NULL THEN
        p_result.outcome := 'waiting';
    ELSE
        p_result.outcome := 'restage';
        p_result.chunks := waybill.unstaged_chunks(p_job.job_id);
    END IF;
    RETURN p_result;
END
$$;

-- One merge of a dataset at a time: a second one is retried later, rather than waiting for the
-- table's lock with an open connection. The detail is how many are ready to be merged.
CREATE OR REPLACE FUNCTION waybill.lock_merge(p_dataset text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('waybill.merge.' || p_dataset, 0)) THEN
        RAISE EXCEPTION 'Another merge of % is running.', p_dataset
            USING ERRCODE = '55P03', SCHEMA = 'waybill', DETAIL = (
                SELECT count(*) FROM waybill.ingestion_jobs AS j
                WHERE j.dataset = p_dataset AND j.state = 'MERGING');
    END IF;
END
$$;
