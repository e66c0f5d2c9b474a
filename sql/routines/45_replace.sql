-- A file that is the whole table, or whole partitions of it: rows that it lacks are deleted.

-- merge_deleted: the partition of each deleted row. Rows of later-landed files stay. A row
-- that an earlier file had of a pending record is deleted too; otherwise the result would depend
-- on which of the two is merged first.
CREATE OR REPLACE FUNCTION waybill.delete_absent(p_plan waybill.merge_plan) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_deleted bigint;
BEGIN
    DROP TABLE IF EXISTS pg_temp.merge_deleted;
    CREATE TEMP TABLE merge_deleted (partition_start timestamp) ON COMMIT DROP;
    v_deleted := waybill.delete_covered(p_plan);
    IF p_plan.disposition <> 'replace' THEN
        RETURN v_deleted;
    END IF;
    RETURN v_deleted + waybill.run_sql(format(
        $q$
        WITH deleted AS (
            DELETE FROM %1$s AS h
            WHERE h._landed <= %2$s
                AND NOT EXISTS (
                    SELECT FROM pg_temp.merge_records AS s
                    WHERE s._waybill_class <> 'pending'
                        AND %3$s
                )
                AND %4$s
            RETURNING %5$s AS partition_start
        )
        INSERT INTO pg_temp.merge_deleted
        SELECT partition_start FROM deleted
        $q$,
        p_plan.target,
        p_plan.effective_order,
        waybill.equal_on(p_plan.natural_key, 'h', 's'),
        waybill.in_scope(p_plan, 'h'),
        waybill.partition_start_of(p_plan, 'h')));
END
$$;

-- A record moves its row to a partition that a later-landed file has replaced: that file, without a
-- record of its key, would have deleted the row there. A row of a partition that was replaced, too,
-- is one that the later file has.
CREATE OR REPLACE FUNCTION waybill.delete_covered(p_plan waybill.merge_plan) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_partition CONSTANT text := waybill.partition_start_of(p_plan, 'h');
BEGIN
    IF p_plan.replaced_later = '{}' OR p_plan.natural_key = '{}' THEN
        RETURN 0;
    END IF;
    RETURN waybill.run_sql(format(
        $q$
        WITH deleted AS (
            DELETE FROM %1$s AS h
            USING pg_temp.merge_records AS s
            WHERE s._waybill_class = 'superseded' AND h._landed <= %2$s AND %3$s AND NOT (%5$s)
            RETURNING %4$s AS partition_start
        )
        INSERT INTO pg_temp.merge_deleted
        SELECT partition_start FROM deleted
        $q$,
        p_plan.target,
        p_plan.effective_order,
        waybill.equal_on(p_plan.natural_key, 'h', 's'),
        v_partition,
        waybill.covered_by_replace(p_plan, v_partition)));
END
$$;

-- Rows that the file replaces: all, or those of the partitions that its records are in;
-- never those of a partition that a later-landed file has replaced.
CREATE OR REPLACE FUNCTION waybill.in_scope(p_plan waybill.merge_plan, p_alias text)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN format('NOT (%s)',
        waybill.covered_by_replace(p_plan, waybill.partition_start_of(p_plan, p_alias)))
    || CASE
        WHEN (p_plan).contract ->> 'replace_scope' = 'partition'
            THEN format(' AND %s IN (SELECT _waybill_partition FROM pg_temp.merge_records)',
                waybill.partition_start_of(p_plan, p_alias))
        ELSE ''
    END;

-- Stored with the job, for files that arrive late.
CREATE OR REPLACE FUNCTION waybill.replaced_partitions(p_plan waybill.merge_plan)
RETURNS text[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    RETURN CASE
        WHEN p_plan.disposition <> 'replace' THEN NULL
        WHEN p_plan.contract ->> 'replace_scope' = 'table' THEN ARRAY['']
        ELSE ARRAY(
            SELECT DISTINCT _waybill_partition::text
            FROM pg_temp.merge_records
            WHERE _waybill_partition IS NOT NULL
        )
    END;
END
$$;
