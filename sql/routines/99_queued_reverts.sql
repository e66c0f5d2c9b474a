-- Reverts are requested by the API and done in the queue of the merges, in the order of the
-- requests: a load of any size is taken back, and no request lasts as long.

-- Why a job cannot be taken back, whatever its rows are; null if it may be. Of an archive, the
-- problem of the first member that would be refused.
CREATE OR REPLACE FUNCTION waybill.request_problem(p_job waybill.ingestion_jobs) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN CASE
    WHEN p_job.archive_format IS NULL THEN waybill.revert_problem(p_job)
    WHEN NOT waybill.is_final(p_job.state)
        THEN format('Job %s is %s; only a loaded file is reverted.', p_job.job_id, p_job.state)
    WHEN NOT EXISTS (
        SELECT FROM waybill.ingestion_jobs AS m
        WHERE m.archive_job_id = p_job.job_id
            AND (waybill.is_loaded(m.state) OR m.state = 'REVERTED')
    ) THEN format('No member of job %s was loaded: there is nothing to revert.', p_job.job_id)
    ELSE (
        SELECT format('Member %L: %s', left(m.filename, 100), waybill.revert_problem(m))
        FROM waybill.ingestion_jobs AS m
        WHERE m.archive_job_id = p_job.job_id AND waybill.is_loaded(m.state)
            AND waybill.revert_problem(m) IS NOT NULL
        ORDER BY m.landing_order DESC
        LIMIT 1
    )
END;

-- Request that a load is taken back; the state of the job then, REVERTING or REVERTED. Safe to
-- repeat: an open request keeps its place.
CREATE OR REPLACE FUNCTION waybill.request_revert(p_job uuid) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
SET lock_timeout = '3s'
AS $$
DECLARE
    v_job waybill.ingestion_jobs := waybill.lock_job(p_job);
BEGIN
    IF v_job.state = 'REVERTED' OR v_job.reverting THEN
        RETURN CASE WHEN v_job.reverting THEN 'REVERTING' ELSE 'REVERTED' END;
    ELSIF waybill.request_problem(v_job) IS NOT NULL THEN
        RAISE EXCEPTION '%', waybill.request_problem(v_job) USING ERRCODE = 'WB020';
    END IF;
    INSERT INTO waybill.revert_requests AS r (job_id, requested_by, requested_from)
    VALUES (p_job, nullif(current_setting('waybill.principal', true), ''),
        nullif(current_setting('waybill.source', true), ''))
    ON CONFLICT (job_id) DO UPDATE
    SET request = excluded.request,
        requested_at = excluded.requested_at,
        requested_by = excluded.requested_by,
        requested_from = excluded.requested_from,
        refusal = NULL;
    UPDATE waybill.ingestion_jobs SET reverting = true WHERE job_id = p_job;
    RETURN 'REVERTING';
END
$$;

-- Take the load back whose revert was requested. Safe to call again at any moment: it finds the lock,
-- or the result.
CREATE OR REPLACE FUNCTION waybill.revert_step(p_job uuid) RETURNS waybill.merge_result
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
SET lock_timeout = '2s'
AS $$
DECLARE
    v_job CONSTANT waybill.ingestion_jobs := waybill.lock_step(p_job);
    v_request waybill.revert_requests;
    v_result waybill.merge_result;
BEGIN
    IF NOT v_job.reverting THEN
        -- Jobs with pending records are named again, for a call whose result was lost.
        v_result := waybill.result_of(p_job, 'ended');
        v_result.unblocked := '{}';
        RETURN v_result;
    END IF;
    SELECT * INTO v_request FROM waybill.revert_requests WHERE job_id = p_job;
    v_result := waybill.empty_result(v_job, 'waiting');
    -- In the order of the requests: that of a later load may be what makes this one possible.
    v_result.waiting_for := ARRAY(
        SELECT j.job_id
        FROM waybill.ingestion_jobs AS j
        JOIN waybill.revert_requests AS r USING (job_id)
        WHERE j.reverting AND j.dataset = v_job.dataset AND r.request < v_request.request);
    IF v_result.waiting_for <> '{}' THEN
        RETURN v_result;
    END IF;
    -- Whoever requested it, for the audit log.
    PERFORM set_config('waybill.principal', coalesce(v_request.requested_by, ''), true),
        set_config('waybill.source', coalesce(v_request.requested_from, ''), true);
    IF v_job.archive_format IS NOT NULL THEN
        RETURN waybill.revert_archive(v_job);
    END IF;
    PERFORM waybill.revert_job(p_job);
    RETURN waybill.result_of(p_job, 'merged');
END
$$;

-- Take back the members of an archive that are loaded, the last one first: all, or none.
CREATE OR REPLACE FUNCTION waybill.revert_archive(p_archive waybill.ingestion_jobs)
RETURNS waybill.merge_result
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_members CONSTANT uuid[] := ARRAY(
        SELECT m.job_id
        FROM waybill.ingestion_jobs AS m
        WHERE m.archive_job_id = p_archive.job_id AND waybill.is_loaded(m.state)
        ORDER BY m.landing_order DESC);
BEGIN
    PERFORM waybill.take_back(p_archive.dataset, v_members);
    INSERT INTO waybill.reverts (job_id, taken, removed, restored, restamped, reinserted, erased,
        withdrawn)
    SELECT p_archive.job_id, coalesce(sum(r.taken), 0), coalesce(sum(r.removed), 0),
        coalesce(sum(r.restored), 0), coalesce(sum(r.restamped), 0),
        coalesce(sum(r.reinserted), 0), coalesce(sum(r.erased), 0),
        coalesce(sum(r.withdrawn), 0)
    FROM waybill.ingestion_jobs AS m
    JOIN waybill.reverts AS r USING (job_id)
    WHERE m.archive_job_id = p_archive.job_id;
    -- Which members failed, they say themselves.
    UPDATE waybill.ingestion_jobs
    SET state = 'REVERTED', reverting = false, error = NULL,
        -- Jobs are unblocked by what its members have written.
        written_by = pg_current_xact_id()
    WHERE job_id = p_archive.job_id;
    PERFORM waybill.record_audit('job.reverted', p_dataset => p_archive.dataset,
        p_job => p_archive.job_id, p_detail => waybill.revert_document(p_archive.job_id));
    PERFORM waybill.emit_job_finished(p_archive.job_id, p_archive.dataset, 'REVERTED');
    RETURN waybill.result_of(p_archive.job_id, 'merged');
END
$$;

-- Keep the load after all; the job shows the problem until the next request.
CREATE OR REPLACE FUNCTION waybill.refuse_revert(p_job uuid, p_problem jsonb)
RETURNS waybill.merge_result
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
SET lock_timeout = '3s'
AS $$
DECLARE
    v_job CONSTANT waybill.ingestion_jobs := waybill.lock_job(p_job);
BEGIN
    IF v_job.reverting THEN
        UPDATE waybill.ingestion_jobs SET reverting = false WHERE job_id = p_job;
        UPDATE waybill.revert_requests SET refusal = p_problem WHERE job_id = p_job;
        RETURN waybill.result_of(p_job, 'merged');
    END IF;
    RETURN waybill.result_of(p_job, 'ended');
END
$$;
