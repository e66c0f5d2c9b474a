-- Jobs without progress, for the health check, the metric and its alarm.

-- The number of open jobs in which no step has succeeded for so many minutes and none is
-- running. A job that only waits for an earlier one is not counted: the earlier one is. A step
-- that was killed never ends its run, so runs count for as long as a Lambda can last.
CREATE OR REPLACE FUNCTION waybill.count_stuck_jobs(p_minutes integer) RETURNS integer
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
BEGIN ATOMIC
    SELECT count(*)::integer
    FROM waybill.ingestion_jobs AS j
    CROSS JOIN LATERAL (
        SELECT
            max(r.finished_at) FILTER (WHERE r.outcome = 'ok') AS last_success,
            coalesce(bool_or(
                r.finished_at IS NULL
                AND r.started_at > clock_timestamp() - interval '15 minutes'), false) AS is_running
        FROM waybill.job_runs AS r
        WHERE r.job_id = j.job_id
    ) AS runs
    WHERE (j.state IN ('LANDED', 'LOADING', 'MERGING') OR j.reverting)
        AND NOT runs.is_running
        AND greatest(j.created_at, j.started_at, runs.last_success,
            (SELECT q.requested_at FROM waybill.revert_requests AS q WHERE q.job_id = j.job_id))
            < clock_timestamp() - p_minutes * interval '1 minute'
        AND NOT (j.state = 'MERGING' AND waybill.earlier_open(j) <> '{}');
END;
