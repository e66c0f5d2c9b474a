-- Which loads can be taken back, how their rows are restored, and the waybill of that.

-- Whether the images that a revert needs are all there.
CREATE OR REPLACE FUNCTION waybill.has_images(p_job waybill.ingestion_jobs) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN EXISTS (
    SELECT FROM waybill.datasets AS d
    WHERE d.name = p_job.dataset
        AND waybill.has_column(d.target, '_landed')
        AND p_job.finished_at > d.images_since
        AND coalesce(p_job.started_at, p_job.created_at) > d.images_since
        AND p_job.finished_at > clock_timestamp() - d.revertible_days * interval '1 day'
);

-- Whether none of its rows count, or ever will.
CREATE OR REPLACE FUNCTION waybill.is_unloaded(p_job waybill.ingestion_jobs) RETURNS boolean
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN waybill.is_dry(p_job)
    OR p_job.state IN ('FAILED', 'CANCELLED', 'EXPIRED', 'REVERTED');

-- Why a job cannot be taken back, whatever its rows are; null if it may be.
CREATE OR REPLACE FUNCTION waybill.revert_problem(p_job waybill.ingestion_jobs) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN CASE
    WHEN NOT waybill.is_loaded(p_job.state)
        THEN format('Job %s is %s; only a loaded file is reverted.', p_job.job_id, p_job.state)
    WHEN waybill.is_dry(p_job)
        THEN format('Job %s was a dry run: there is nothing to revert.', p_job.job_id)
    WHEN NOT waybill.has_images(p_job) THEN format(
        'The rows that job %s replaced are not kept, or not any more'
        ' (revertible_days of the dataset).', p_job.job_id)
    ELSE (
        SELECT format('Revert first what belongs to job %s: %s.', p_job.job_id,
            string_agg(format('job %s', x.job_id), ', '))
        FROM (
            SELECT c.job_id FROM waybill.ingestion_jobs AS c
            WHERE c.parent_job_id = p_job.job_id AND NOT waybill.is_unloaded(c)
            UNION ALL
            SELECT c.job_id FROM waybill.ingestion_jobs AS c
            WHERE c.archive_job_id = p_job.job_id AND NOT waybill.is_unloaded(c)
            UNION
            -- Its rejects are in an archive of replays that are not all jobs yet.
            -- Looked up one by one: a join may read all jobs, for each member of an archive.
            SELECT r.job_id FROM waybill.replayed_members AS r
            WHERE r.member_job_id = p_job.job_id AND NOT waybill.is_final(
                (SELECT c.state FROM waybill.ingestion_jobs AS c WHERE c.job_id = r.job_id))
            ORDER BY 1 LIMIT 20
        ) AS x
        HAVING count(*) > 0
    )
END;

-- Refuse the revert if there are conflicts: the first twenty, with personal keys masked.
CREATE OR REPLACE FUNCTION waybill.assert_no_conflicts(p_job waybill.ingestion_jobs)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_personal CONSTANT text[] := waybill.personal_columns_of(p_job.dataset);
    v_conflicts CONSTANT jsonb := (
        SELECT jsonb_agg(jsonb_build_object('code', x.code, 'message', x.text))
        FROM (
            SELECT c.code, coalesce((
                    SELECT 'The row (' || string_agg(format('%s = %s', k.key,
                        CASE WHEN k.key = ANY (v_personal) THEN '[masked]'
                            ELSE left(k.value, 200) END), ', ' ORDER BY k.key) || ') '
                    FROM jsonb_each_text(c.row_key) AS k
                ), '') || c.message || '.' AS text
            FROM pg_temp.revert_conflicts AS c
            LIMIT 20
        ) AS x);
BEGIN
    IF v_conflicts IS NOT NULL THEN
        RAISE EXCEPTION 'Rows of job % were touched since: %', CASE
                WHEN p_job.archive_job_id IS NULL THEN p_job.job_id::text
                ELSE format('%s (%L)', p_job.job_id, left(p_job.filename, 100))
            END,
            v_conflicts -> 0 ->> 'message'
            USING ERRCODE = 'WB020', DETAIL = v_conflicts::text;
    END IF;
END
$$;

-- Delete, update and insert; the numbers of rows. Rows that refer to each other are restored
-- before those that they would refer to are deleted; otherwise deleted rows free their values
-- of unique indexes first.
CREATE OR REPLACE FUNCTION waybill.restore_rows(p_plan waybill.merge_plan, OUT removed bigint,
    OUT changed bigint, OUT reinserted bigint)
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_is_same CONSTANT text := waybill.equal_on(p_plan.natural_key, 'h', 'i');
    v_refers_to_itself CONSTANT boolean := EXISTS (SELECT FROM pg_constraint AS c
        WHERE c.contype = 'f' AND c.conrelid = p_plan.target AND c.confrelid = p_plan.target);
    v_update CONSTANT text := format(
        'UPDATE %s AS h SET %s FROM pg_temp.revert_images AS i WHERE %s AND h._landed = %s',
        p_plan.target,
        waybill.set_list(ARRAY(
            SELECT a.attname::text FROM pg_attribute AS a
            WHERE a.attrelid = p_plan.target AND a.attname = ANY (p_plan.columns)
                AND a.attidentity <> 'a' ORDER BY a.attnum), 'i'),
        v_is_same, p_plan.effective_order);
BEGIN
    changed := 0;
    IF v_refers_to_itself THEN
        changed := waybill.run_sql(v_update);
    END IF;
    IF to_regclass('pg_temp.revert_stamped') IS NULL THEN
        removed := waybill.run_sql(format(
            'DELETE FROM %s AS h WHERE h._landed = %s'
            ' AND NOT EXISTS (SELECT FROM pg_temp.revert_images AS i WHERE %s)',
            p_plan.target, p_plan.effective_order, v_is_same));
    ELSE
        removed := waybill.run_sql(format(
            'DELETE FROM %s AS h USING pg_temp.revert_removed AS i WHERE %s AND h._landed = %s',
            p_plan.target, v_is_same, p_plan.effective_order));
    END IF;
    IF NOT v_refers_to_itself THEN
        changed := waybill.run_sql(v_update);
    END IF;
    reinserted := waybill.run_sql(format(
        'INSERT INTO %1$s (%2$s) OVERRIDING SYSTEM VALUE SELECT %2$s FROM pg_temp.revert_images AS i'
        ' WHERE NOT EXISTS (SELECT FROM %1$s AS h WHERE %3$s)',
        p_plan.target, waybill.ident_list(p_plan.columns), v_is_same));
    SET CONSTRAINTS ALL IMMEDIATE;
END
$$;

-- The state and the waybill of the revert. Pending records of the load are dropped with it.
CREATE OR REPLACE FUNCTION waybill.write_revert(p_job waybill.ingestion_jobs,
    p_revert waybill.reverts)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    p_revert.job_id := p_job.job_id;
    p_revert.reverted_at := clock_timestamp();
    p_revert.withdrawn := p_job.pending_reference;
    INSERT INTO waybill.reverts SELECT p_revert.*;
    UPDATE waybill.ingestion_jobs
    SET state = 'REVERTED',
        reverting = false,
        replaced = NULL,
        -- Records that waited for its pending ones may go on.
        written_by = pg_current_xact_id(),
        pending_reference = 0,
        withdrawn = p_job.pending_reference
    WHERE job_id = p_job.job_id;
    -- What a replay corrected can be replayed again.
    UPDATE waybill.validation_errors SET replayed_by = NULL WHERE replayed_by = p_job.job_id;
    DELETE FROM waybill.pending_references WHERE job_id = p_job.job_id;
    DELETE FROM waybill.row_images WHERE job_id = p_job.job_id;
    DELETE FROM waybill.unchanged_keys WHERE job_id = p_job.job_id;
    DELETE FROM waybill.superseded_keys WHERE job_id = p_job.job_id;
    PERFORM waybill.record_audit('job.reverted', p_dataset => p_job.dataset,
        p_job => p_job.job_id, p_detail => waybill.revert_document(p_job.job_id));
    PERFORM waybill.emit_job_finished(p_job.job_id, p_job.dataset, 'REVERTED');
    PERFORM waybill.notify('reverted', p_job.dataset, NULL, p_job.job_id, jsonb_build_object(
        'state', 'REVERTED', 'finished_at', waybill.rfc3339(p_revert.reverted_at),
        'records', '{}'::jsonb));
END
$$;
