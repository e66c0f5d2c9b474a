-- Partitions by time, made on demand: filled and indexed on the side, attached last.

CREATE OR REPLACE FUNCTION waybill.partition_label(p_unit text, p_start timestamp)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN to_char(p_start, CASE p_unit
    WHEN 'year' THEN 'YYYY'
    WHEN 'month' THEN 'YYYY-MM'
    ELSE 'YYYY-MM-DD'
END);

-- A bound as the partition key's type writes it; times are UTC.
CREATE OR REPLACE FUNCTION waybill.partition_bound(p_plan waybill.merge_plan,
    p_start timestamp)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN to_char(p_start, 'YYYY-MM-DD HH24:MI:SS') || CASE
    WHEN EXISTS (
        SELECT FROM pg_attribute AS a
        WHERE a.attrelid = (p_plan).target
            AND a.attname = (p_plan).partition_column
            AND a.atttypid = 'timestamptz'::regtype
    )
    THEN '+00'
    ELSE ''
END;

-- The table's partitions with the range of each, in UTC; a default partition takes what no other
-- does.
CREATE OR REPLACE FUNCTION waybill.partition_ranges(p_plan waybill.merge_plan,
    OUT partition_id regclass, OUT lower timestamp, OUT upper timestamp, OUT is_default boolean)
RETURNS SETOF record
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
BEGIN ATOMIC
    SELECT c.oid::regclass,
        coalesce(b.bounds[1]::timestamptz AT TIME ZONE 'UTC', '-infinity'),
        coalesce(b.bounds[2]::timestamptz AT TIME ZONE 'UTC', 'infinity'),
        pg_get_expr(c.relpartbound, c.oid) = 'DEFAULT'
    FROM pg_inherits AS i
    JOIN pg_class AS c ON c.oid = i.inhrelid
    CROSS JOIN LATERAL (
        SELECT regexp_match(pg_get_expr(c.relpartbound, c.oid),
            $r$FROM \((?:'([^']+)'|MINVALUE)\) TO \((?:'([^']+)'|MAXVALUE)\)$r$)
    ) AS b (bounds)
    WHERE i.inhparent = (p_plan).target;
END;

-- The partition that takes a value, whoever made it and whatever its name; null if none does.
CREATE OR REPLACE FUNCTION waybill.partition_for(p_plan waybill.merge_plan,
    p_start timestamp)
RETURNS regclass
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT r.partition_id
    FROM waybill.partition_ranges(p_plan) AS r
    WHERE p_start >= r.lower AND p_start < r.upper
    ORDER BY r.is_default
    LIMIT 1
);

-- `table_2021`, in the table's schema; with a number behind it where that name is taken.
CREATE OR REPLACE FUNCTION waybill.free_partition_name(p_plan waybill.merge_plan,
    p_start timestamp)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT x.name
    FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    CROSS JOIN generate_series(1, 1000) AS i
    CROSS JOIN LATERAL format('%I.%I', n.nspname, concat(
        -- A name has at most 63 bytes.
        (
            SELECT left(c.relname::text, n)
            FROM generate_series(46, 1, -1) AS n
            WHERE octet_length(left(c.relname::text, n)) <= 46
            LIMIT 1
        ),
        '_', replace(waybill.partition_label(p_plan.partition_unit, p_start), '-', '_'),
        CASE WHEN i > 1 THEN '_' || i END)) AS x (name)
    WHERE c.oid = (p_plan).target
        AND to_regclass(x.name) IS NULL
        AND to_regtype(x.name) IS NULL
    ORDER BY i
    LIMIT 1
);

-- A table like the partitioned one, standing alone and without indexes: they are built in bulk
-- once it is filled.
CREATE OR REPLACE FUNCTION waybill.build_partition(p_plan waybill.merge_plan,
    p_start timestamp)
RETURNS regclass
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_name CONSTANT text := waybill.free_partition_name(p_plan, p_start);
BEGIN
    PERFORM waybill.run_sql(format(
        $q$
        CREATE TABLE %s (
            LIKE %s
            INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED
            INCLUDING STORAGE INCLUDING COMPRESSION
        )
        $q$, v_name, p_plan.target));
    RETURN v_name;
END
$$;

-- Indexes first, one by one, then ATTACH, which finds them, clones the foreign keys and checks
-- them as a set. It locks the referenced tables against writers until the commit, so it comes
-- last.
CREATE OR REPLACE FUNCTION waybill.attach_partition(p_plan waybill.merge_plan,
    p_partition regclass, p_start timestamp)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
SET maintenance_work_mem = '256MB'
AS $$
DECLARE
    v_statement text;
BEGIN
    FOR v_statement IN
        SELECT CASE
            WHEN c.oid IS NOT NULL
                THEN format('ALTER TABLE %s ADD %s', p_partition, pg_get_constraintdef(c.oid))
            ELSE format('CREATE %s INDEX ON %s %s',
                CASE WHEN i.indisunique THEN 'UNIQUE' ELSE '' END,
                p_partition,
                substring(pg_get_indexdef(i.indexrelid) FROM ' (USING .*)$'))
        END
        FROM pg_index AS i
        LEFT JOIN pg_constraint AS c
            ON c.conindid = i.indexrelid
            AND c.contype IN ('p', 'u', 'x')
            AND c.conrelid = i.indrelid
        WHERE i.indrelid = p_plan.target
        ORDER BY i.indexrelid
    LOOP
        PERFORM waybill.run_sql(v_statement);
    END LOOP;
    PERFORM waybill.run_sql(format(
        'ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)',
        p_plan.target,
        p_partition,
        waybill.partition_bound(p_plan, p_start),
        waybill.partition_bound(p_plan,
            p_start + ('1 ' || p_plan.partition_unit)::interval)));
END
$$;

-- A partition that is there before anything is written to it.
CREATE OR REPLACE FUNCTION waybill.add_partition(p_plan waybill.merge_plan,
    p_start timestamp)
RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, waybill, pg_temp
BEGIN ATOMIC
    SELECT waybill.attach_partition(
        p_plan, waybill.build_partition(p_plan, p_start), p_start);
END;

-- How many partitions a table may have. A query of all of them locks each with its indexes; the
-- server's lock table has room for four of those at once.
CREATE OR REPLACE FUNCTION waybill.max_partitions(p_table regclass) RETURNS bigint
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT current_setting('max_locks_per_transaction')::bigint
        * current_setting('max_connections')::bigint
        / (4 * (1 + count(*)))
    FROM pg_index AS i
    WHERE i.indrelid = p_table
);

-- Starts of the partitions that records need and that are not there, with the reason why one
-- cannot be made: its time is not plausible by the dataset's registration, or the table has as
-- many as it may have. Those with the most records are made first.
CREATE OR REPLACE FUNCTION waybill.needed_partitions(p_plan waybill.merge_plan,
    OUT start timestamp, OUT refusal text)
RETURNS SETOF record
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_range daterange;
    v_room CONSTANT bigint := waybill.max_partitions(p_plan.target) - (
        SELECT count(*) FROM pg_inherits AS i WHERE i.inhparent = p_plan.target
    );
BEGIN
    SELECT d.partition_range INTO STRICT v_range
    FROM waybill.datasets AS d
    WHERE d.target = p_plan.target;
    RETURN QUERY
    -- Materialised: the partition is looked up once for each start, not for each record.
    WITH needed AS MATERIALIZED (
        SELECT _waybill_partition AS start, count(*) AS records
        FROM pg_temp.merge_records
        WHERE _waybill_class IN ('insert', 'update') AND _waybill_partition IS NOT NULL
        GROUP BY 1
    ), missing AS (
        SELECT n.start,
            n.records,
            isfinite(n.start) AND n.start::date <@ v_range AS is_plausible
        FROM needed AS n
        WHERE NOT EXISTS (
            SELECT FROM waybill.partition_ranges(p_plan) AS r
            WHERE n.start >= r.lower AND n.start < r.upper
        )
    )
    SELECT m.start,
        CASE
            WHEN NOT m.is_plausible
                THEN format('is not between %s and %s', lower(v_range), upper(v_range))
            WHEN row_number() OVER (
                    PARTITION BY m.is_plausible ORDER BY m.records DESC, m.start
                ) > v_room
                THEN format('needs a new partition, but the table may have only %s',
                    waybill.max_partitions(p_plan.target))
        END
    FROM missing AS m
    ORDER BY m.start;
END
$$;

-- Reject the records whose partition cannot be made.
CREATE OR REPLACE FUNCTION waybill.check_partitions(p_plan waybill.merge_plan) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    IF p_plan.partition_unit IS NULL THEN
        RETURN;
    END IF;
    WITH refused AS (
        SELECT n.start, n.refusal
        FROM waybill.needed_partitions(p_plan) AS n
        WHERE n.refusal IS NOT NULL
    ), rejected AS (
        UPDATE pg_temp.merge_records AS s
        SET _waybill_class = 'rejected'
        FROM refused AS r
        WHERE s._waybill_partition = r.start
            AND s._waybill_class IN ('insert', 'update')
        RETURNING s._waybill_line, r.refusal
    )
    INSERT INTO pg_temp.merge_rejects
    SELECT _waybill_line, p_plan.partition_column, 'no_partition', refusal
    FROM rejected;
END
$$;

-- Drop partitions that are empty and neither recent nor made ahead, such as those of rows that
-- were deleted. It waits for nobody: a table in use is skipped.
CREATE OR REPLACE FUNCTION waybill.drop_empty_partitions(p_plan waybill.merge_plan)
RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
SET lock_timeout = '100ms'
AS $$
DECLARE
    v_range record;
    v_is_empty boolean;
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
            EXECUTE format('SELECT NOT EXISTS (SELECT FROM %s)', v_range.partition_id)
            INTO v_is_empty;
            CONTINUE WHEN NOT v_is_empty;
            -- No row may come in between the look and the drop.
            EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', p_plan.target);
            EXECUTE format('SELECT NOT EXISTS (SELECT FROM %s)', v_range.partition_id)
            INTO v_is_empty;
            IF v_is_empty THEN
                PERFORM waybill.run_sql(format('DROP TABLE %s', v_range.partition_id));
                v_dropped := v_dropped + 1;
            END IF;
        EXCEPTION
            WHEN lock_not_available THEN
                RAISE LOG 'partition % is in use and was left', v_range.partition_id;
                RETURN v_dropped;
        END;
    END LOOP;
    RETURN v_dropped;
END
$$;

-- Partitions ahead of time: the first file of a new year then needs no new one.
CREATE OR REPLACE FUNCTION waybill.premake_partitions(p_units integer DEFAULT 1)
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
SET timezone = 'UTC'
SET lock_timeout = '2s'
AS $$
DECLARE
    v_dataset waybill.datasets;
    v_plan waybill.merge_plan;
    v_step interval;
    v_start timestamp;
    v_made integer := 0;
BEGIN
    FOR v_dataset IN SELECT * FROM waybill.datasets WHERE partition_unit IS NOT NULL LOOP
        v_plan.target := v_dataset.target;
        v_plan.partition_unit := v_dataset.partition_unit;
        v_plan.partition_column := waybill.partitioning(v_dataset) ->> 'column';
        v_step := ('1 ' || v_dataset.partition_unit)::interval;
        PERFORM waybill.drop_empty_partitions(v_plan);
        FOR v_start IN
            SELECT generate_series(
                date_trunc(v_dataset.partition_unit, now()::timestamp),
                now()::timestamp + p_units * v_step,
                v_step)
        LOOP
            IF waybill.partition_for(v_plan, v_start) IS NULL THEN
                PERFORM waybill.add_partition(v_plan, v_start);
                v_made := v_made + 1;
            END IF;
        END LOOP;
    END LOOP;
    RETURN v_made;
END
$$;

GRANT EXECUTE ON FUNCTION waybill.premake_partitions(integer) TO waybill_refresher;
