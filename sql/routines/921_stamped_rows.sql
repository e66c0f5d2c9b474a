-- The rows with the stamps of the loads that a revert takes back.

-- The columns by which rows that the job inserted are found: those of the key, and those that others
-- refer to.
CREATE OR REPLACE FUNCTION waybill.revert_columns(p_plan waybill.merge_plan) RETURNS text[]
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN ARRAY(
    SELECT unnest((p_plan).natural_key)
    UNION
    SELECT unnest(waybill.column_names(c.confrelid, c.confkey))
    FROM pg_constraint AS c WHERE c.contype = 'f' AND c.confrelid = (p_plan).target);

-- revert_stamped: the rows with the stamps of loads that are taken back together, found in one scan of
-- the table. Not made for rows without a key, or that others refer to by columns no image has.
CREATE OR REPLACE FUNCTION waybill.collect_stamped(p_plan waybill.merge_plan, p_jobs uuid[])
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    IF cardinality(p_jobs) = 1 OR p_plan.natural_key = '{}'
        OR NOT waybill.revert_columns(p_plan) <@ p_plan.columns
    THEN
        RETURN;
    END IF;
    PERFORM waybill.fill_for_revert('revert_stamped', format(
        $q$
        SELECT %1$s FROM %2$s AS h
        WHERE h._landed = ANY (ARRAY(
            SELECT coalesce(j.effective_order, j.landing_order)
            FROM waybill.ingestion_jobs AS j WHERE j.job_id = ANY (%3$L::uuid[])))
        $q$, waybill.stamped_columns(p_plan), p_plan.target, p_jobs));
    CREATE INDEX ON pg_temp.revert_stamped (_landed);
END
$$;

CREATE OR REPLACE FUNCTION waybill.stamped_columns(p_plan waybill.merge_plan) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, waybill, pg_temp
RETURN waybill.ident_list(ARRAY(
    SELECT x.name FROM unnest(waybill.revert_columns(p_plan) || (p_plan).partition_column
        || '_landed'::text) AS x (name)
    WHERE x.name IS NOT NULL GROUP BY x.name ORDER BY x.name));

-- Rows that are as before may have the stamp of a load that is taken back next.
CREATE OR REPLACE FUNCTION waybill.add_stamped(p_plan waybill.merge_plan) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    IF to_regclass('pg_temp.revert_stamped') IS NOT NULL THEN
        PERFORM waybill.run_sql(format(
            'INSERT INTO pg_temp.revert_stamped (%1$s) SELECT %1$s FROM pg_temp.revert_images',
            waybill.stamped_columns(p_plan)));
    END IF;
END
$$;

-- revert_removed: the rows that the job inserted. revert_present: the rows that it updated or stamped,
-- as they are now.
CREATE OR REPLACE FUNCTION waybill.collect_rows(p_plan waybill.merge_plan) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_names CONSTANT text := coalesce(
        waybill.ident_list(waybill.revert_columns(p_plan), 'h.') || ', ', '');
    v_is_same CONSTANT text := waybill.equal_on(p_plan.natural_key, 'h', 'i');
BEGIN
    PERFORM waybill.fill_for_revert('revert_present', format(
        $q$
        SELECT %1$s %2$s AS _waybill_partition, %3$s AS _waybill_old_partition,
            record_image_ne(ROW(%4$s), ROW(%5$s)) AS _waybill_differs
        FROM %6$s AS h JOIN pg_temp.revert_images AS i ON %7$s
        WHERE h._landed = %8$s
        $q$,
        v_names, waybill.partition_start_of(p_plan, 'h'), waybill.partition_start_of(p_plan, 'i'),
        waybill.ident_list(array_remove(p_plan.columns, '_landed'), 'h.'),
        waybill.ident_list(array_remove(p_plan.columns, '_landed'), 'i.'),
        p_plan.target, v_is_same, p_plan.effective_order));
    PERFORM waybill.fill_for_revert('revert_removed', format(
        $q$
        SELECT %1$s %2$s AS _waybill_partition
        FROM %3$s AS h
        WHERE h._landed = %4$s
            AND NOT EXISTS (SELECT FROM pg_temp.revert_images AS i WHERE %5$s)
        $q$,
        v_names, waybill.partition_start_of(p_plan, 'h'),
        coalesce(to_regclass('pg_temp.revert_stamped'), p_plan.target), p_plan.effective_order,
        v_is_same));
END
$$;
