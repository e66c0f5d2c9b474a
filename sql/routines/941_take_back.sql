-- Takes loads back, one or all of an archive: rows that were inserted are removed, rows that were
-- updated, stamped or deleted are as before. All of it in one transaction, or none.

-- Lock the job of a load; raises if it cannot be taken back, whatever its rows are.
CREATE OR REPLACE FUNCTION waybill.lock_load(p_job uuid) RETURNS waybill.ingestion_jobs
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_job CONSTANT waybill.ingestion_jobs := waybill.lock_job(p_job);
    v_problem text;
BEGIN
    IF v_job.restamping THEN
        RAISE EXCEPTION 'Rows of job % are being stamped.', p_job
            USING ERRCODE = '55P03', SCHEMA = 'waybill';
    END IF;
    v_problem := waybill.revert_problem(v_job);
    IF v_problem IS NOT NULL THEN
        RAISE EXCEPTION '%', v_problem USING ERRCODE = 'WB020';
    END IF;
    RETURN v_job;
END
$$;

-- revert_beside: the other jobs that may be in the way of the loads that are taken back together,
-- read once for all of them. None of those, since all of them end as if they had not been.
CREATE OR REPLACE FUNCTION waybill.collect_beside(p_dataset text, p_jobs uuid[]) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    PERFORM waybill.fill_for_revert('revert_beside', format(
        $q$
        WITH taken AS (
            SELECT coalesce(j.effective_order, j.landing_order) AS place
            FROM waybill.ingestion_jobs AS j WHERE j.job_id = ANY (%1$L::uuid[])
        ), others AS (
            SELECT j.job_id, j.landing_order, j.finished_at,
                coalesce(j.effective_order, j.landing_order) AS place,
                j.deleted > 0 AS has_deleted,
                EXISTS (SELECT FROM waybill.superseded_keys AS s WHERE s.job_id = j.job_id)
                    AS has_superseded,
                j.state IN ('COMPLETED', 'COMPLETED_WITH_REJECTS', 'DUPLICATE')
                    AND NOT j.stamped AND j.unchanged > 0 AND NOT waybill.is_dry(j)
                    AS has_repeated,
                j.inserted + j.updated > 0 AND NOT waybill.is_dry(j) AS has_written
            FROM waybill.ingestion_jobs AS j
            WHERE j.dataset = %2$L AND j.state <> 'REVERTED' AND j.job_id <> ALL (%1$L::uuid[])
        )
        SELECT o.* FROM others AS o
        WHERE o.has_deleted OR o.has_superseded OR o.has_repeated
            OR o.has_written AND o.place IN (SELECT t.place FROM taken AS t)
        $q$, p_jobs, p_dataset));
END
$$;

-- The waybill of a revert whose rows are written; its constraint compares the sum.
CREATE OR REPLACE FUNCTION waybill.count_reverted(p_job waybill.ingestion_jobs,
    p_plan waybill.merge_plan, p_removed bigint, p_changed bigint, p_reinserted bigint)
RETURNS waybill.reverts
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_revert waybill.reverts;
BEGIN
    SELECT count(*) INTO v_revert.restamped
    FROM pg_temp.revert_present AS p WHERE NOT p._waybill_differs;
    v_revert.removed := p_removed;
    v_revert.restored := p_changed - v_revert.restamped;
    v_revert.reinserted := p_reinserted;
    v_revert.erased := waybill.erased_rows(p_plan, p_job) + p_job.deleted - p_reinserted;
    -- Of what the load counted.
    v_revert.taken := p_job.inserted + (
        SELECT count(*) FROM pg_temp.revert_images) + (
        SELECT count(*) FROM waybill.row_images AS i
        WHERE i.job_id = p_job.job_id AND i.dataset = p_job.dataset AND i.record IS NULL
            AND i.landed <> p_plan.effective_order);
    RETURN v_revert;
END
$$;

-- Take loads of a dataset back, the last-landed first: all, or none. One that is refused names its
-- rows. Linear in the loads: what they need of other jobs is read once, and a block with handlers in
-- the loop would be a subtransaction for each.
CREATE OR REPLACE FUNCTION waybill.take_back(p_dataset text, p_jobs uuid[]) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
SET timezone = 'UTC'
SET datestyle = 'ISO, YMD'
SET intervalstyle = 'postgres'
SET extra_float_digits = 1
SET work_mem = '128MB'
SET jit = off
AS $$
DECLARE
    v_step text;
    v_id uuid;
    v_job waybill.ingestion_jobs;
    v_plan waybill.merge_plan;
    v_revert waybill.reverts;
    v_written record;
    v_taken bigint := 0;
BEGIN
    DROP TABLE IF EXISTS pg_temp.revert_images, pg_temp.revert_present, pg_temp.revert_removed,
        pg_temp.revert_conflicts, pg_temp.revert_beside, pg_temp.revert_stamped;
    FOREACH v_id IN ARRAY p_jobs LOOP
        v_job := waybill.lock_load(v_id);
        v_plan := waybill.plan_revert(v_job);
        IF v_id = p_jobs[1] THEN
            -- As a merge that deletes rows: nobody may write rows, or refer to them, between the
            -- look for conflicts and the commit.
            PERFORM waybill.lock_merge(p_dataset);
            PERFORM waybill.lock_for_merge(v_plan.target, p_dataset, 'replace');
            PERFORM waybill.collect_beside(p_dataset, p_jobs);
            PERFORM waybill.collect_stamped(v_plan, p_jobs);
        END IF;
        v_step := 'Rows as they were before job % are not of the table''s types now';
        PERFORM waybill.collect_images(v_plan, p_dataset);
        v_step := NULL;
        PERFORM waybill.collect_rows(v_plan);
        PERFORM waybill.find_conflicts(v_plan, v_job);
        PERFORM waybill.assert_no_conflicts(v_job);
        v_step := 'The table refuses the rows as they were before job %';
        PERFORM set_config('waybill.images', 'off', true);
        v_written := waybill.restore_rows(v_plan);
        PERFORM set_config('waybill.images', 'on', true);
        v_step := NULL;
        IF v_written.removed <> (SELECT count(*) FROM pg_temp.revert_removed) THEN
            RAISE EXCEPTION 'With the rows of job % the table removes others.', v_id
                USING ERRCODE = 'WB020';
        END IF;
        PERFORM waybill.add_stamped(v_plan);
        v_revert := waybill.count_reverted(v_job, v_plan, v_written.removed, v_written.changed,
            v_written.reinserted);
        IF v_revert.taken > 0 THEN
            PERFORM waybill.mark_reverted(v_plan, p_dataset);
        END IF;
        PERFORM waybill.write_revert(v_job, v_revert);
        v_taken := v_taken + v_revert.taken;
    END LOOP;
    IF v_taken > 0 THEN
        PERFORM waybill.mark_followers_stale(p_dataset, v_id),
            waybill.begin_generation(p_dataset);
    END IF;
EXCEPTION
    WHEN OTHERS THEN
        IF v_step IS NULL OR NOT waybill.is_fault_of_data(SQLSTATE) THEN
            RAISE;
        END IF;
        RAISE EXCEPTION '%: SQLSTATE %.', replace(v_step, '%', v_id::text), SQLSTATE
            USING ERRCODE = 'WB020';
END
$$;

-- Take a load back. Safe to call again: a job that is reverted stays so.
CREATE OR REPLACE FUNCTION waybill.revert_job(p_job uuid) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
SET lock_timeout = '3s'
AS $$
DECLARE
    v_job CONSTANT waybill.ingestion_jobs := waybill.lock_job(p_job);
BEGIN
    IF v_job.state <> 'REVERTED' THEN
        PERFORM waybill.take_back(v_job.dataset, ARRAY[p_job]);
    END IF;
    RETURN waybill.revert_document(p_job);
END
$$;

-- Tables that were registered before images were kept.
SELECT waybill.keep_images(d.target, true)
FROM waybill.datasets AS d
WHERE d.revertible_days > 0 AND waybill.has_column(d.target, '_landed');
