-- Partitions by time, made on demand: built whole on the side and attached last.

CREATE OR REPLACE FUNCTION waybill.part_label(unit text, start timestamp) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog
RETURN to_char(start, CASE unit WHEN 'year' THEN 'YYYY' WHEN 'month' THEN 'YYYY-MM'
    ELSE 'YYYY-MM-DD' END);

-- A bound as the partition key's type writes it; times are UTC.
CREATE OR REPLACE FUNCTION waybill.part_bound(m waybill.merge_plan, start timestamp)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog
RETURN to_char(start, 'YYYY-MM-DD HH24:MI:SS') || CASE WHEN (
    SELECT a.atttypid = 'timestamptz'::regtype FROM pg_attribute AS a
    WHERE a.attrelid = (m).target AND a.attname = (m).part_column) THEN '+00' ELSE '' END;

-- The partition that takes a value, whoever made it and whatever its name; null if none does.
CREATE OR REPLACE FUNCTION waybill.partition_for(m waybill.merge_plan, start timestamp)
RETURNS regclass
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, waybill, pg_temp
SET timezone = 'UTC'
AS $$
DECLARE
    part regclass;
    takes boolean;
BEGIN
    FOR part IN SELECT inhrelid FROM pg_inherits WHERE inhparent = m.target LOOP
        EXECUTE format('SELECT %s FROM (SELECT %L::%s AS %I) AS x',
            pg_get_partition_constraintdef(part), waybill.part_bound(m, start),
            (SELECT format_type(a.atttypid, a.atttypmod) FROM pg_attribute AS a
                WHERE a.attrelid = m.target AND a.attname = m.part_column),
            m.part_column) INTO takes;
        IF takes THEN
            RETURN part;
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;

-- A standalone table like the partitioned one, without indexes: they are built in bulk once
-- it is filled.
CREATE OR REPLACE FUNCTION waybill.build_partition(m waybill.merge_plan, start timestamp)
RETURNS regclass
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    part text;
BEGIN
    SELECT format('%I.%I', n.nspname, left(c.relname, 50) || '_'
        || replace(waybill.part_label(m.part_unit, start), '-', '_')) INTO part
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = m.target;
    EXECUTE format('CREATE TABLE %s (LIKE %s INCLUDING DEFAULTS INCLUDING CONSTRAINTS'
        ' INCLUDING GENERATED INCLUDING STORAGE INCLUDING COMPRESSION)', part, m.target);
    RETURN part;
END
$$;

-- Indexes first, one by one, then ATTACH: it finds them, clones the foreign keys and checks
-- them as a set. It locks the referenced tables against writers until the commit, which is
-- why it comes last.
CREATE OR REPLACE FUNCTION waybill.attach_partition(m waybill.merge_plan, part regclass,
    start timestamp)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
SET maintenance_work_mem = '256MB'
AS $$
DECLARE
    statement text;
BEGIN
    FOR statement IN
        SELECT CASE WHEN c.oid IS NOT NULL
            THEN format('ALTER TABLE %s ADD %s', part, pg_get_constraintdef(c.oid))
            ELSE format('CREATE %s INDEX ON %s %s',
                CASE WHEN i.indisunique THEN 'UNIQUE' ELSE '' END, part,
                substring(pg_get_indexdef(i.indexrelid) FROM ' (USING .*)$')) END
        FROM pg_index AS i
        LEFT JOIN pg_constraint AS c ON c.conindid = i.indexrelid
            AND c.contype IN ('p', 'u', 'x') AND c.conrelid = i.indrelid
        WHERE i.indrelid = m.target ORDER BY i.indexrelid
    LOOP
        EXECUTE statement;
    END LOOP;
    EXECUTE format('ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)', m.target,
        part, waybill.part_bound(m, start),
        waybill.part_bound(m, start + ('1 ' || m.part_unit)::interval));
END
$$;

-- A partition that is there before anything is written to it.
CREATE OR REPLACE FUNCTION waybill.add_partition(m waybill.merge_plan, start timestamp)
RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, waybill, pg_temp
BEGIN ATOMIC
    SELECT waybill.attach_partition(m, waybill.build_partition(m, start), start);
END;

-- Years ahead: the first file of a new year then needs no new partition.
CREATE OR REPLACE FUNCTION waybill.ensure_partitions_ahead(units integer DEFAULT 1)
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
SET timezone = 'UTC'
SET lock_timeout = '2s'
AS $$
DECLARE
    d waybill.datasets;
    m waybill.merge_plan;
    start timestamp;
    made integer := 0;
BEGIN
    FOR d IN SELECT * FROM waybill.datasets WHERE partition_unit IS NOT NULL LOOP
        m.target := d.target;
        m.part_unit := d.partition_unit;
        m.part_column := waybill.partitioning(d) ->> 'column';
        FOR start IN SELECT generate_series(date_trunc(d.partition_unit, now()::timestamp),
            now()::timestamp + units * ('1 ' || d.partition_unit)::interval,
            ('1 ' || d.partition_unit)::interval)
        LOOP
            IF waybill.partition_for(m, start) IS NULL THEN
                PERFORM waybill.add_partition(m, start);
                made := made + 1;
            END IF;
        END LOOP;
    END LOOP;
    RETURN made;
END
$$;

GRANT EXECUTE ON FUNCTION waybill.ensure_partitions_ahead(integer) TO waybill_refresher;
