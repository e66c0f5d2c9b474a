-- Partitions by time that are made ahead, and empty ones that are dropped.

-- Partitions ahead of time: the first file of a new year then needs no new one.
CREATE OR REPLACE FUNCTION waybill.premake_partitions(p_units integer DEFAULT 1)
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
SET timezone = 'UTC'
SET lock_timeout = '2s'
AS $$
DECLARE
    v_plan waybill.merge_plan;
    v_start timestamp;
    v_made integer := 0;
BEGIN
    -- All tables that lack partitions are locked before the first is changed: attaching one also
    -- locks the tables that it refers to, for which a merge may wait that holds the next table.
    FOR v_plan IN
        SELECT p.* FROM waybill.partitioned_tables() AS p
        WHERE EXISTS (SELECT FROM waybill.units_without_partition(p, p_units))
        ORDER BY p.target::text COLLATE "C"
    LOOP
        EXECUTE format('LOCK TABLE ONLY %s IN SHARE UPDATE EXCLUSIVE MODE', v_plan.target);
    END LOOP;
    PERFORM waybill.drop_empty_partitions();
    FOR v_plan IN SELECT p.* FROM waybill.partitioned_tables() AS p LOOP
        FOR v_start IN SELECT * FROM waybill.units_without_partition(v_plan, p_units) LOOP
            PERFORM waybill.add_partition(v_plan, v_start);
            v_made := v_made + 1;
        END LOOP;
    END LOOP;
    RETURN v_made;
END
$$;

-- The tables that Waybill partitions by time, each with its unit and column.
CREATE OR REPLACE FUNCTION waybill.partitioned_tables() RETURNS SETOF waybill.merge_plan
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_dataset waybill.datasets;
    v_plan waybill.merge_plan;
BEGIN
    FOR v_dataset IN SELECT * FROM waybill.datasets WHERE partition_unit IS NOT NULL LOOP
        v_plan.target := v_dataset.target;
        v_plan.partition_unit := v_dataset.partition_unit;
        v_plan.history_unit := v_dataset.history_unit;
        v_plan.partition_column := waybill.partitioning(v_dataset) ->> 'column';
        RETURN NEXT v_plan;
    END LOOP;
END
$$;

-- Starts of the current unit and the next ones, of those that have no partition.
CREATE OR REPLACE FUNCTION waybill.units_without_partition(p_plan waybill.merge_plan,
    p_units integer)
RETURNS SETOF timestamp
LANGUAGE sql STABLE
SET search_path = pg_catalog, waybill, pg_temp
AS $$
    SELECT u.start
    FROM generate_series(
        date_trunc(p_plan.partition_unit, now()::timestamp),
        now()::timestamp + p_units * ('1 ' || p_plan.partition_unit)::interval,
        ('1 ' || p_plan.partition_unit)::interval) AS u (start)
    WHERE waybill.partition_for(p_plan, u.start) IS NULL
$$;

-- Drop partitions that are empty and neither recent nor made ahead, such as those of rows that were
-- deleted; how many there were. Called before the transaction writes: whatever begins then would have
-- an older snapshot.
CREATE OR REPLACE FUNCTION waybill.drop_empty_partitions() RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
SET lock_timeout = '100ms'
AS $$
DECLARE
    v_empty regclass[] := waybill.lock_empty_partitions();
    v_last CONSTANT xid8 := (pg_snapshot_xmax(pg_current_snapshot())::text::numeric - 1)::text::xid8;
    v_dropped integer := 0;
    v_partition regclass;
BEGIN
    -- Whoever began before a row was deleted would miss it.
    IF EXISTS (SELECT FROM unnest(v_empty) AS e (id) WHERE NOT waybill.is_without_pages(e.id))
        AND waybill.older_process_after(v_last, '2s') IS NOT NULL
    THEN
        v_empty := ARRAY(SELECT e.id FROM unnest(v_empty) AS e (id) WHERE waybill.is_without_pages(e.id));
    END IF;
    FOREACH v_partition IN ARRAY v_empty LOOP
        v_dropped := v_dropped + waybill.drop_empty_partition(v_partition)::integer;
    END LOOP;
    RETURN v_dropped;
END
$$;

-- Old empty partitions, locked: no row is inserted until the end. One in use is left.
CREATE OR REPLACE FUNCTION waybill.lock_empty_partitions() RETURNS regclass[]
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_empty regclass[] := '{}';
    v_partition regclass;
BEGIN
    FOR v_partition IN
        SELECT r.partition_id
        FROM waybill.partitioned_tables() AS p
        CROSS JOIN LATERAL waybill.partition_ranges(p) AS r
        WHERE NOT r.is_default
            AND isfinite(r.lower) AND isfinite(r.upper)
            AND NOT tsrange(r.lower, r.upper)
                && tsrange(now()::timestamp - interval '1 year', now()::timestamp + interval '10 years')
        ORDER BY p.target::text COLLATE "C", r.lower
    LOOP
        BEGIN
            CONTINUE WHEN waybill.has_rows(v_partition);
            EXECUTE format('LOCK TABLE %s IN SHARE MODE', v_partition);
            CONTINUE WHEN waybill.has_rows(v_partition);
            v_empty := v_empty || v_partition;
        EXCEPTION
            WHEN lock_not_available OR undefined_table THEN
                RAISE LOG 'partition % is in use and was left', v_partition;
        END;
    END LOOP;
    RETURN v_empty;
END
$$;

CREATE OR REPLACE FUNCTION waybill.has_rows(p_table regclass) RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_has_rows boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM %s)', p_table) INTO v_has_rows;
    RETURN v_has_rows;
END
$$;

-- Whether it could be dropped.
CREATE OR REPLACE FUNCTION waybill.drop_empty_partition(p_partition regclass) RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_target CONSTANT regclass := (
        SELECT i.inhparent FROM pg_inherits AS i WHERE i.inhrelid = p_partition);
BEGIN
    EXECUTE format('LOCK TABLE ONLY %s IN ACCESS EXCLUSIVE MODE', v_target);
    -- Detached first: the foreign keys of other tables depend on a partition.
    PERFORM waybill.run_sql(format('ALTER TABLE %s DETACH PARTITION %s', v_target, p_partition));
    PERFORM waybill.run_sql(format('DROP TABLE %s', p_partition));
    RETURN true;
EXCEPTION
    WHEN lock_not_available OR dependent_objects_still_exist THEN
        RAISE LOG 'partition % was left: SQLSTATE %', p_partition, SQLSTATE;
        RETURN false;
END
$$;
