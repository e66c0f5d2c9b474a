-- Two ways in which an ended job is looked at again: its pending records are taken in when
-- their parents are there, and its unchanged rows are stamped when an earlier file comes late.

-- Stage a job's pending records again and apply them at the job's own place in the order.
CREATE OR REPLACE FUNCTION waybill.resolve_pending(p_job uuid) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
SET timezone = 'UTC'
SET lock_timeout = '2s'
SET work_mem = '128MB'
SET jit = off
AS $$
DECLARE
    job waybill.ingestion_jobs;
    n jsonb;
BEGIN
    -- As in merge_job: one at a time, the others come back.
    SELECT * INTO job FROM waybill.ingestion_jobs WHERE job_id = p_job FOR UPDATE NOWAIT;
    IF NOT FOUND OR job.pending_reference = 0 OR waybill.is_dry(job) THEN
        RETURN jsonb_build_object('outcome', 'ended', 'state', job.state,
            'dataset', job.dataset, 'wake', '[]'::jsonb, 'adopt', '[]'::jsonb);
    END IF;
    PERFORM waybill.lock_merge(job.dataset);
    PERFORM waybill.restage_pending(job);
    DELETE FROM waybill.pending_references WHERE job_id = p_job;
    n := waybill.apply_records(waybill.plan_merge(job, 'pg_temp.pending_rows'), job.dataset);
    UPDATE waybill.ingestion_jobs AS j SET
        inserted = j.inserted + (n ->> 'inserted')::bigint,
        updated = j.updated + (n ->> 'updated')::bigint,
        unchanged = j.unchanged + (n ->> 'unchanged')::bigint,
        superseded = j.superseded + (n ->> 'superseded')::bigint,
        rejected = j.rejected + (n ->> 'rejected')::bigint,
        pending_reference = (n ->> 'pending_reference')::bigint,
        state = CASE WHEN j.rejected + (n ->> 'rejected')::bigint > 0
            THEN 'COMPLETED_WITH_REJECTS' ELSE j.state END,
        resolved_at = CASE WHEN (n ->> 'inserted')::bigint + (n ->> 'updated')::bigint > 0
            THEN clock_timestamp() ELSE j.resolved_at END
    WHERE j.job_id = p_job RETURNING * INTO job;
    IF (n ->> 'inserted')::bigint + (n ->> 'updated')::bigint = 0 THEN
        -- Nothing was taken in: nothing to tell, and nobody to wake, or two jobs that wait
        -- for a parent that never comes would wake each other for ever.
        RETURN jsonb_build_object('outcome', 'ended', 'state', job.state,
            'dataset', job.dataset, 'wake', '[]'::jsonb, 'adopt', '[]'::jsonb);
    END IF;
    PERFORM waybill.emit_job_finished(p_job, job.dataset, job.state);
    RETURN jsonb_build_object('outcome', 'merged', 'state', job.state,
        'dataset', job.dataset) || waybill.unblocked_jobs(job);
END
$$;

CREATE OR REPLACE FUNCTION waybill.restage_pending(job waybill.ingestion_jobs) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    DROP TABLE IF EXISTS pg_temp.pending_rows;
    EXECUTE (
        SELECT format('CREATE TEMP TABLE pending_rows ON COMMIT DROP AS SELECT NULL::integer'
            ' AS _chunk, line AS _line, raw AS _raw, %s FROM waybill.pending_references'
            ' WHERE job_id = %L', string_agg(format('(record ->> %1$L)::%2$s AS %1$I',
                col ->> 'name', col ->> 'stage'), ', '), job.job_id)
        FROM jsonb_array_elements(job.contract -> 'columns') AS col);
END
$$;

-- Later-landed jobs that merged without stamping what they found unchanged: a file that
-- comes late would overwrite those rows. Their objects are staged again first. Returns the
-- chunks to send, per job.
CREATE OR REPLACE FUNCTION waybill.request_restamps(late waybill.ingestion_jobs) RETURNS jsonb
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    job waybill.ingestion_jobs;
    asked jsonb := '[]';
BEGIN
    FOR job IN SELECT * FROM waybill.ingestion_jobs AS j
        WHERE j.dataset = late.dataset
            AND j.landed_seq > coalesce(late.effective_order, late.landed_seq)
            AND j.state IN ('COMPLETED', 'COMPLETED_WITH_REJECTS') AND NOT j.stamped
        ORDER BY j.landed_seq FOR UPDATE
    LOOP
        IF NOT job.restamping THEN
            UPDATE waybill.ingestion_jobs SET restamping = true WHERE job_id = job.job_id;
            UPDATE waybill.chunks SET done = false WHERE job_id = job.job_id;
            PERFORM waybill.drop_stage(job.job_id);
            PERFORM waybill.open_stage(job.job_id, job.contract);
        END IF;
        asked := asked || jsonb_build_object('job_id', job.job_id, 'chunks', ARRAY(
            SELECT c.chunk FROM waybill.chunks AS c
            WHERE c.job_id = job.job_id AND NOT c.done ORDER BY c.chunk));
    END LOOP;
    RETURN asked;
END
$$;

-- Stamp the rows that are as this job's file has them, and only those.
CREATE OR REPLACE FUNCTION waybill.restamp_job(job waybill.ingestion_jobs) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    m waybill.merge_plan := waybill.plan_merge(job,
        format('staging.%I', waybill.stage_name(job.job_id)));
BEGIN
    -- As in apply_records: no row may change between its class and its stamp.
    EXECUTE format('LOCK TABLE ONLY %s IN SHARE ROW EXCLUSIVE MODE', m.target);
    m.bump := true;
    PERFORM waybill.check_records(m);
    PERFORM waybill.classify(m);
    PERFORM waybill.stamp_rows(m);
    UPDATE waybill.ingestion_jobs SET restamping = false, stamped = true
    WHERE job_id = job.job_id;
    PERFORM waybill.drop_stage(job.job_id);
END
$$;

GRANT EXECUTE ON FUNCTION waybill.resolve_pending(uuid) TO waybill_loader;
