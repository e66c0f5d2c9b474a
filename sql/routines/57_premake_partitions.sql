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
    FOR v_plan IN SELECT p.* FROM waybill.partitioned_tables() AS p LOOP
        PERFORM waybill.drop_empty_partitions(v_plan);
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

-- Drop partitions that are empty and neither recent nor made ahead, such as those of rows that
-- were deleted, once nobody sees them. A table in use is skipped.
CREATE OR REPLACE FUNCTION waybill.drop_empty_partitions(p_plan waybill.merge_plan)
RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
SET lock_timeout = '100ms'
AS $$
DECLARE
    v_range record;
    v_dropped integer := 0;
BEGIN
    FOR v_range IN
        SELECT * FROM waybill.partition_ranges(p_plan) AS r
        WHERE NOT r.is_default
            AND isfinite(r.lower) AND isfinite(r.upper)
            AND NOT tsrange(r.lower, r.upper)
                && tsrange(now()::timestamp - interval '1 year', now()::timestamp + interval '10 years')
    LOOP
        BEGIN
            CONTINUE WHEN NOT waybill.is_empty_for_all(v_range.partition_id);
            -- No row may be inserted between the check and the drop.
            EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', p_plan.target);
            IF waybill.is_empty_for_all(v_range.partition_id) THEN
                -- Detached first: the foreign keys of other tables depend on a partition.
                PERFORM waybill.run_sql(format('ALTER TABLE %s DETACH PARTITION %s',
                    p_plan.target, v_range.partition_id));
                PERFORM waybill.run_sql(format('DROP TABLE %s', v_range.partition_id));
                v_dropped := v_dropped + 1;
            END IF;
        EXCEPTION
            WHEN lock_not_available THEN
                RAISE LOG 'partition % is in use and was left', v_range.partition_id;
                RETURN v_dropped;
            WHEN dependent_objects_still_exist THEN
                RAISE LOG 'partition % was left: SQLSTATE %', v_range.partition_id, SQLSTATE;
        END;
    END LOOP;
    RETURN v_dropped;
END
$$;
