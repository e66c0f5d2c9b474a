-- A table that takes the place of a partition: what it needs, so that ATTACH has nothing to check while
-- readers wait, and how they are made to.

-- Spares ATTACH the search for rows that are out of range.
CREATE OR REPLACE FUNCTION waybill.add_range_check(p_plan waybill.merge_plan, p_table regclass,
    p_lower timestamp, p_upper timestamp)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    PERFORM waybill.run_sql(format(
        'ALTER TABLE %s ADD CONSTRAINT _waybill_range'
        ' CHECK (%2$I IS NOT NULL AND %2$I >= %3$L AND %2$I < %4$L)',
        p_table, p_plan.partition_column,
        waybill.partition_bound(p_plan, p_lower),
        waybill.partition_bound(p_plan, p_upper)));
END
$$;

-- The foreign keys of the table, by their names. Writers of the referenced tables wait from here on.
CREATE OR REPLACE FUNCTION waybill.add_references(p_target regclass, p_table regclass)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_reference pg_constraint;
BEGIN
    FOR v_reference IN
        SELECT c.* FROM pg_constraint AS c
        WHERE c.conrelid = p_target AND c.contype = 'f' AND c.conparentid = 0
        ORDER BY c.confrelid::regclass::text COLLATE "C"
    LOOP
        PERFORM waybill.run_sql(format('ALTER TABLE %s ADD CONSTRAINT %I %s', p_table,
            v_reference.conname, pg_get_constraintdef(v_reference.oid)));
    END LOOP;
END
$$;

-- The table first, as a merge does, so that none can add a partition or write to one; then the
-- partitions, so that nobody writes to one directly.
CREATE OR REPLACE FUNCTION waybill.lock_partitions(p_target regclass, p_partitions regclass[],
    p_mode text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_table regclass;
BEGIN
    EXECUTE format('LOCK TABLE ONLY %s IN %s MODE', p_target, p_mode);
    FOREACH v_table IN ARRAY p_partitions LOOP
        EXECUTE format('LOCK TABLE %s IN %s MODE', v_table, p_mode);
    END LOOP;
END
$$;

-- Readers are let through before it waits again: whoever waits for this lock holds up all that come
-- after it. Less than `deadlock_timeout`, since a reader may hold one of the tables and want another.
CREATE OR REPLACE FUNCTION waybill.lock_out_readers(p_target regclass, p_partitions regclass[],
    p_tries integer)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
SET lock_timeout = '300ms'
AS $$
DECLARE
    v_referenced regclass;
BEGIN
    FOR v_try IN 1..p_tries LOOP
        BEGIN
            -- ATTACH and DETACH change the triggers of the referenced tables.
            FOR v_referenced IN
                SELECT DISTINCT c.confrelid::regclass FROM pg_constraint AS c
                WHERE c.conrelid = p_target AND c.contype = 'f'
                ORDER BY 1
            LOOP
                EXECUTE format('LOCK TABLE ONLY %s IN ACCESS EXCLUSIVE MODE', v_referenced);
            END LOOP;
            PERFORM waybill.lock_partitions(p_target, p_partitions, 'ACCESS EXCLUSIVE');
            RETURN;
        EXCEPTION WHEN lock_not_available THEN
            IF v_try = p_tries THEN
                RAISE;
            END IF;
            PERFORM pg_sleep(0.1 + random() / 5);
        END;
    END LOOP;
END
$$;
