-- Partitions of a table. New ones are filled and indexed as tables of their own, and attached
-- last.

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

-- Whether partitions between these times are archived, or on their way there or back.
CREATE OR REPLACE FUNCTION waybill.overlaps_archived(p_target regclass, p_lower timestamp,
    p_upper timestamp)
RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN EXISTS (
    SELECT FROM waybill.archived_partitions AS a
    JOIN waybill.datasets AS d ON d.name = a.dataset
    WHERE d.target = p_target AND a.state NOT IN ('RESTORED', 'FAILED')
        AND a.lower < p_upper AND a.upper > p_lower
);

-- The range of a partition that is made for a value: of the dataset's unit, or, once the period has
-- ended, the whole period of its `history_unit`, unless that has partitions already.
CREATE OR REPLACE FUNCTION waybill.new_range(p_plan waybill.merge_plan, p_start timestamp,
    OUT lower timestamp, OUT upper timestamp, OUT unit text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, waybill, pg_temp
SET timezone = 'UTC'
AS $$
BEGIN
    IF p_plan.history_unit IS NOT NULL AND isfinite(p_start) THEN
        unit := p_plan.history_unit;
        lower := date_trunc(unit, p_start);
        upper := lower + ('1 ' || unit)::interval;
        IF upper <= now()::timestamp AND NOT EXISTS (
            SELECT FROM waybill.partition_ranges(p_plan) AS r
            WHERE r.lower < new_range.upper AND r.upper > new_range.lower AND NOT r.is_default
        ) AND NOT waybill.overlaps_archived(p_plan.target, lower, upper) THEN
            RETURN;
        END IF;
    END IF;
    unit := p_plan.partition_unit;
    lower := date_trunc(unit, p_start);
    upper := lower + ('1 ' || unit)::interval;
END
$$;

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

-- `table_2021`, in the table's schema; with a number behind it where that name is taken.
CREATE OR REPLACE FUNCTION waybill.free_partition_name(p_plan waybill.merge_plan,
    p_unit text, p_start timestamp)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_label CONSTANT text := replace(
        waybill.partition_label(p_unit, p_start), '-', '_');
    v_schema text;
    v_table text;
    v_name text;
BEGIN
    SELECT n.nspname, c.relname INTO STRICT v_schema, v_table
    FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.oid = p_plan.target;
    -- A name has at most 63 bytes.
    WHILE octet_length(v_table) > 46 LOOP
        v_table := left(v_table, -1);
    END LOOP;
    FOR v_number IN 1..1000 LOOP
        v_name := format('%I.%I', v_schema, concat(
            v_table, '_', v_label, CASE WHEN v_number > 1 THEN '_' || v_number END));
        IF to_regclass(v_name) IS NULL AND to_regtype(v_name) IS NULL THEN
            RETURN v_name;
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;

-- A table like the partitioned one, standing alone and without indexes: they are built in bulk
-- once it is filled.
CREATE OR REPLACE FUNCTION waybill.build_partition(p_plan waybill.merge_plan,
    p_start timestamp)
RETURNS regclass
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_range CONSTANT record := waybill.new_range(p_plan, p_start);
BEGIN
    RETURN waybill.create_alike(p_plan,
        waybill.free_partition_name(p_plan, v_range.unit, v_range.lower));
END
$$;

CREATE OR REPLACE FUNCTION waybill.create_alike(p_plan waybill.merge_plan, p_name text)
RETURNS regclass
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    PERFORM waybill.run_sql(format(
        $q$
        CREATE TABLE %s (
            LIKE %s
            INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED
            INCLUDING STORAGE INCLUDING COMPRESSION
        )
        $q$, p_name, p_plan.target));
    RETURN p_name;
END
$$;

-- ATTACH finds the indexes that the partition has, clones the foreign keys and checks them as a set.
-- It locks the referenced tables against writers until the commit, so it comes last.
CREATE OR REPLACE FUNCTION waybill.attach_partition(p_plan waybill.merge_plan,
    p_partition regclass, p_start timestamp)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_range CONSTANT record := waybill.new_range(p_plan, p_start);
BEGIN
    PERFORM waybill.attach_range(p_plan, p_plan.target, p_partition, v_range.lower, v_range.upper);
END
$$;

CREATE OR REPLACE FUNCTION waybill.build_indexes(p_plan waybill.merge_plan,
    p_partition regclass)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
SET maintenance_work_mem = '256MB'
AS $$
DECLARE
    v_statement text;
BEGIN
    FOR v_statement IN SELECT * FROM waybill.index_statements(p_plan.target, p_partition) LOOP
        PERFORM waybill.run_sql(v_statement);
    END LOOP;
END
$$;

-- A constraint that has an index, with the parameters of that: PostgreSQL shows them for an exclusion.
CREATE OR REPLACE FUNCTION waybill.index_constraint(p_constraint oid) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT CASE
        WHEN i.reloptions IS NULL OR c.contype = 'x' THEN x.definition
        ELSE regexp_replace(x.definition, '( DEFERRABLE.*)?$',
            format(' WITH (%s)\1', array_to_string(i.reloptions, ', ')))
    END
    FROM pg_constraint AS c
    JOIN pg_class AS i ON i.oid = c.conindid
    CROSS JOIN pg_get_constraintdef(c.oid) AS x (definition)
    WHERE c.oid = p_constraint
);

-- What gives a table the indexes of another, in their order.
CREATE OR REPLACE FUNCTION waybill.index_statements(p_like regclass, p_table regclass)
RETURNS SETOF text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT CASE
        WHEN c.oid IS NOT NULL
            THEN format('ALTER TABLE %s ADD %s', p_table, waybill.index_constraint(c.oid))
        ELSE format('CREATE %s INDEX ON %s %s',
            CASE WHEN i.indisunique THEN 'UNIQUE' ELSE '' END,
            p_table,
            substring(pg_get_indexdef(i.indexrelid) FROM ' (USING .*)$'))
    END
    FROM pg_index AS i
    LEFT JOIN pg_constraint AS c
        ON c.conindid = i.indexrelid
        AND c.contype IN ('p', 'u', 'x')
        AND c.conrelid = i.indrelid
    WHERE i.indrelid = p_like
    ORDER BY i.indexrelid;
END;

CREATE OR REPLACE FUNCTION waybill.attach_range(p_plan waybill.merge_plan, p_root regclass,
    p_partition regclass, p_lower timestamp, p_upper timestamp)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    PERFORM waybill.run_sql(format(
        'ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)',
        p_root,
        p_partition,
        waybill.partition_bound(p_plan, p_lower),
        waybill.partition_bound(p_plan, p_upper)));
END
$$;

-- A partition that is there before anything is written to it.
CREATE OR REPLACE FUNCTION waybill.add_partition(p_plan waybill.merge_plan,
    p_start timestamp)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_partition CONSTANT regclass := waybill.build_partition(p_plan, p_start);
BEGIN
    PERFORM waybill.build_indexes(p_plan, v_partition);
    PERFORM waybill.attach_partition(p_plan, v_partition, p_start);
END
$$;
