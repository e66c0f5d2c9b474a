-- A file that comes late would overwrite rows that later-landed files found unchanged and did
-- not stamp. The objects of those files are staged again first, and their rows stamped.

-- Returns the chunks to stage of each later job, [{job_id, chunks}].
CREATE OR REPLACE FUNCTION waybill.request_restamps(p_late waybill.ingestion_jobs)
RETURNS jsonb
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_job waybill.ingestion_jobs;
    v_requested jsonb := '[]';
BEGIN
    FOR v_job IN
        SELECT * FROM waybill.ingestion_jobs AS j
        WHERE j.dataset = p_late.dataset
            AND j.landed_seq > coalesce(p_late.effective_order, p_late.landed_seq)
            AND j.state IN ('COMPLETED', 'COMPLETED_WITH_REJECTS')
            AND NOT j.stamped
        ORDER BY j.landed_seq
        -- A second late file must not empty the staging table that this one makes.
        FOR UPDATE
    LOOP
        IF NOT v_job.restamping THEN
            UPDATE waybill.ingestion_jobs SET restamping = true WHERE job_id = v_job.job_id;
            UPDATE waybill.chunks SET done = false WHERE job_id = v_job.job_id;
            PERFORM waybill.drop_stage(v_job.job_id);
            PERFORM waybill.create_stage(v_job);
        END IF;
        v_requested := v_requested || jsonb_build_object('job_id', v_job.job_id, 'chunks', ARRAY(
            SELECT c.chunk
            FROM waybill.chunks AS c
            WHERE c.job_id = v_job.job_id AND NOT c.done
            ORDER BY c.chunk
        ));
    END LOOP;
    RETURN v_requested;
END
$$;

-- Stamp the rows that are as this job's file has them, and only those.
CREATE OR REPLACE FUNCTION waybill.restamp_job(p_job waybill.ingestion_jobs) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_plan waybill.merge_plan := waybill.plan_merge(p_job,
        format('staging.%I', waybill.stage_name(p_job.job_id)));
BEGIN
    -- As in apply_records: no row may change between its class and its stamp.
    EXECUTE format('LOCK TABLE ONLY %s IN SHARE ROW EXCLUSIVE MODE', v_plan.target);
    v_plan.stamp_unchanged := true;
    PERFORM waybill.check_records(v_plan);
    PERFORM waybill.classify(v_plan);
    PERFORM waybill.stamp_rows(v_plan);
    UPDATE waybill.ingestion_jobs
    SET restamping = false, stamped = true
    WHERE job_id = p_job.job_id;
    PERFORM waybill.drop_stage(p_job.job_id);
END
$$;
