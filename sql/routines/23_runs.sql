-- Runs: one row for each attempt of a step at a job.

CREATE OR REPLACE FUNCTION waybill.start_run(p_job uuid, p_step text, p_chunk integer)
RETURNS bigint
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
BEGIN ATOMIC
    INSERT INTO waybill.job_runs (job_id, step, chunk, attempt)
    SELECT p_job, p_step, p_chunk, 1 + count(*)
    FROM waybill.job_runs
    WHERE job_id = p_job AND step = p_step AND chunk IS NOT DISTINCT FROM p_chunk
    RETURNING run_id;
END;

-- The attempts that were killed: they never ended, and by now no Lambda can still be running.
CREATE OR REPLACE FUNCTION waybill.count_killed_runs(p_job uuid, p_step text, p_chunk integer)
RETURNS integer
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
BEGIN ATOMIC
    SELECT count(*)::integer
    FROM waybill.job_runs
    WHERE job_id = p_job
        AND step = p_step
        AND chunk IS NOT DISTINCT FROM p_chunk
        -- A new request to revert a load begins anew.
        AND (p_step <> 'revert' OR started_at >= (
            SELECT q.requested_at FROM waybill.revert_requests AS q WHERE q.job_id = p_job))
        AND (
            finished_at IS NULL AND started_at < clock_timestamp() - interval '15 minutes'
            OR error ->> 'type' = 'run-abandoned'
        );
END;

-- The attempts since the last successful one that failed with this type of problem. Counted here
-- and not with a message: a job may have several messages.
CREATE OR REPLACE FUNCTION waybill.count_failed_runs(p_job uuid, p_step text, p_chunk integer,
    p_type text)
RETURNS integer
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
BEGIN ATOMIC
    SELECT count(*)::integer
    FROM waybill.job_runs AS r
    WHERE r.job_id = p_job
        AND r.step = p_step
        AND r.chunk IS NOT DISTINCT FROM p_chunk
        AND r.outcome = 'retry'
        AND r.error ->> 'type' = p_type
        AND r.run_id > coalesce((
            SELECT max(o.run_id)
            FROM waybill.job_runs AS o
            WHERE o.job_id = p_job
                AND o.step = p_step
                AND o.chunk IS NOT DISTINCT FROM p_chunk
                AND o.outcome = 'ok'), 0);
END;

CREATE OR REPLACE FUNCTION waybill.end_run(p_run bigint, p_outcome text, p_problem jsonb)
RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
BEGIN ATOMIC
    UPDATE waybill.job_runs
    SET outcome = p_outcome, error = p_problem, finished_at = clock_timestamp()
    WHERE run_id = p_run;
END;
