-- Pending records of a job that has ended are applied when their parents are there.

-- Stage a job's pending records and apply them at the job's own place in the landing order.
CREATE OR REPLACE FUNCTION waybill.resolve_pending(p_job uuid) RETURNS waybill.merge_result
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
SET timezone = 'UTC'
SET lock_timeout = '2s'
SET work_mem = '128MB'
SET jit = off
AS $$
DECLARE
    v_job waybill.ingestion_jobs;
    v_counts waybill.merge_counts;
BEGIN
    -- As in merge_job: one at a time, the others come back.
    SELECT * INTO v_job FROM waybill.ingestion_jobs WHERE job_id = p_job FOR UPDATE NOWAIT;
    IF NOT FOUND OR v_job.pending_reference = 0 OR waybill.is_dry(v_job) THEN
        RETURN waybill.empty_result(v_job, 'ended');
    END IF;
    PERFORM waybill.lock_merge(v_job.dataset);
    UPDATE waybill.ingestion_jobs SET parents_seen = pg_current_snapshot()
    WHERE job_id = p_job;
    PERFORM waybill.stage_pending(v_job);
    DELETE FROM waybill.pending_references WHERE job_id = p_job;
    v_counts := waybill.apply_records(
        waybill.plan_merge(v_job, 'pg_temp.pending_rows'), v_job.dataset);
    v_job := waybill.add_to_waybill(v_job, v_counts);
    IF v_counts.inserted + v_counts.updated = 0 THEN
        -- Nothing was written, so nobody is named: two jobs that wait for a parent that never
        -- comes would otherwise retry each other forever.
        RETURN waybill.empty_result(v_job, 'ended');
    END IF;
    PERFORM waybill.emit_job_finished(p_job, v_job.dataset, v_job.state);
    RETURN waybill.result_of(p_job, 'merged');
END
$$;

CREATE OR REPLACE FUNCTION waybill.add_to_waybill(p_job waybill.ingestion_jobs,
    p_counts waybill.merge_counts)
RETURNS waybill.ingestion_jobs
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    UPDATE waybill.ingestion_jobs AS j
    SET inserted = j.inserted + p_counts.inserted,
        updated = j.updated + p_counts.updated,
        unchanged = j.unchanged + p_counts.unchanged,
        superseded = j.superseded + p_counts.superseded,
        rejected = j.rejected + p_counts.rejected,
        pending_reference = p_counts.pending_reference,
        state = CASE
            WHEN j.rejected + p_counts.rejected > 0 THEN 'COMPLETED_WITH_REJECTS'
            ELSE j.state
        END,
        resolved_at = CASE
            WHEN p_counts.inserted + p_counts.updated > 0 THEN clock_timestamp()
            ELSE j.resolved_at
        END,
        written_by = CASE
            WHEN p_counts.inserted + p_counts.updated > 0 THEN pg_current_xact_id()
            ELSE j.written_by
        END
    WHERE j.job_id = p_job.job_id
    RETURNING * INTO p_job;
    RETURN p_job;
END
$$;

CREATE OR REPLACE FUNCTION waybill.stage_pending(p_job waybill.ingestion_jobs) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    DROP TABLE IF EXISTS pg_temp.pending_rows;
    PERFORM waybill.run_sql(format(
        $q$
        CREATE TEMP TABLE pending_rows ON COMMIT DROP AS
        SELECT NULL::integer AS _waybill_chunk,
            line AS _waybill_line,
            raw AS _waybill_raw,
            %s
        FROM waybill.pending_references
        WHERE job_id = %L
        $q$,
        (
            SELECT string_agg(format('(record ->> %1$L)::%2$s AS %1$I',
                c.col ->> 'name', c.col ->> 'stage'), ', ')
            FROM jsonb_array_elements(p_job.contract -> 'columns') AS c (col)
        ),
        p_job.job_id));
END
$$;

-- Whether a job of a dataset that this one refers to has written since its pending records were
-- last tried. Only jobs that wrote count: otherwise jobs of a table that refers to itself would
-- retry each other forever. A parent that finished before the try, but committed after it, is
-- told by its transaction. A dry run brings nothing and waits for nothing.
CREATE OR REPLACE FUNCTION waybill.parents_came_from(p_child waybill.ingestion_jobs,
    p_parent waybill.ingestion_jobs)
RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog
RETURN waybill.refers_to(p_child.contract, p_parent.dataset)
    AND p_parent.inserted + p_parent.updated > 0
    AND NOT waybill.is_dry(p_parent)
    AND NOT waybill.is_dry(p_child)
    AND (
        greatest(p_parent.finished_at, p_parent.resolved_at) > coalesce(
            (
                SELECT max(r.started_at)
                FROM waybill.job_runs AS r
                WHERE r.job_id = p_child.job_id
                    AND r.step = 'adopt'
                    AND r.outcome = 'ok'
            ),
            p_child.finished_at)
        OR p_parent.job_id <> p_child.job_id
            AND NOT coalesce(
                pg_visible_in_snapshot(p_parent.written_by, p_child.parents_seen), true)
    );

GRANT EXECUTE ON FUNCTION waybill.resolve_pending(uuid) TO waybill_loader;
