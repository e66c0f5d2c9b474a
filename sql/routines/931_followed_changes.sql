-- Rows of other tables that may have followed those of a load by an action of a foreign key, and of
-- which no images are kept: nobody knows how they were.

-- Whether the rows of a table were kept as they were while the job was loaded, and still are.
CREATE OR REPLACE FUNCTION waybill.has_kept_images(p_table regclass, p_job waybill.ingestion_jobs)
RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN EXISTS (
    SELECT FROM waybill.datasets AS d
    WHERE d.target = p_table AND d.revertible_days > 0
        AND waybill.has_column(d.target, '_landed')
        AND coalesce(p_job.started_at, p_job.created_at) > d.images_since
        AND p_job.finished_at > clock_timestamp() - d.revertible_days * interval '1 day'
);

-- revert_conflicts: the tables that refer to rows which the load has deleted, or changed in what is
-- referred to, with an action. With images of their own they are found by these.
CREATE OR REPLACE FUNCTION waybill.find_unkept_followers(p_plan waybill.merge_plan,
    p_job waybill.ingestion_jobs, p_reference pg_constraint)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    c_actions CONSTANT text := 'cnd';
    v_to CONSTANT text[] := waybill.column_names(p_reference.confrelid, p_reference.confkey);
    v_is_same CONSTANT text := waybill.equal_on(p_plan.natural_key, 'h', 'i');
    v_changes text[] := '{}';
BEGIN
    IF p_reference.conrelid = p_plan.target
        OR waybill.has_kept_images(p_reference.conrelid, p_job)
    THEN
        RETURN;
    END IF;
    IF strpos(c_actions, p_reference.confdeltype::text) > 0 THEN
        v_changes := v_changes || format(
            'SELECT FROM pg_temp.revert_images AS i'
            ' WHERE NOT EXISTS (SELECT FROM %s AS h WHERE %s)', p_plan.target, v_is_same);
    END IF;
    IF strpos(c_actions, p_reference.confupdtype::text) > 0
        AND NOT v_to <@ p_plan.natural_key
    THEN
        v_changes := v_changes || format(
            'SELECT FROM pg_temp.revert_present AS h JOIN pg_temp.revert_images AS i ON %s WHERE %s',
            v_is_same,
            CASE WHEN v_to <@ p_plan.columns THEN format('ROW(%s) IS DISTINCT FROM ROW(%s)',
                    waybill.ident_list(v_to, 'h.'), waybill.ident_list(v_to, 'i.'))
                -- An image has no generated columns; they may be others if anything is.
                ELSE 'h._waybill_differs' END);
    END IF;
    IF v_changes <> '{}' THEN
        PERFORM waybill.run_sql(format(
            $q$
            INSERT INTO pg_temp.revert_conflicts
            SELECT 'other-table', NULL, %1$L, %2$L WHERE EXISTS (%3$s)
            $q$,
            p_job.job_id,
            format('The load may have changed rows of %s through a foreign key, of which it is not kept'
                ' how they were', p_reference.conrelid::regclass),
            array_to_string(v_changes, ' UNION ALL ')));
    END IF;
END
$$;
