-- Which partitions the records of a merge need, and how new ones are filled.

-- Starts of the partitions that records need and that are not there, with the reason why one
-- cannot be made: it is archived, its time is not plausible by the dataset's registration, or the
-- table has as many as it may have. Those with the most records are made first.
CREATE OR REPLACE FUNCTION waybill.needed_partitions(p_plan waybill.merge_plan,
    OUT start timestamp, OUT code text, OUT refusal text)
RETURNS SETOF record
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_range daterange;
    v_dataset text;
    v_room CONSTANT bigint := waybill.max_partitions(p_plan.target) - (
        SELECT count(*) FROM pg_inherits AS i WHERE i.inhparent = p_plan.target
    );
BEGIN
    SELECT d.name, d.partition_range INTO STRICT v_dataset, v_range
    FROM waybill.datasets AS d
    WHERE d.target = p_plan.target;
    RETURN QUERY
    WITH needed AS (
        SELECT t.partition_start AS start, sum(t.records) AS records
        FROM unnest(p_plan.totals) AS t
        WHERE t.class IN ('insert', 'update') AND t.partition_start IS NOT NULL
        GROUP BY 1
    ), missing AS (
        SELECT n.start,
            n.records,
            a.label,
            (waybill.new_range(p_plan, n.start)).lower AS range_start,
            isfinite(n.start) AND n.start::date <@ v_range AS is_plausible
        FROM needed AS n
        -- A default partition would take the record.
        LEFT JOIN waybill.archived_partitions AS a
            ON a.dataset = v_dataset AND waybill.is_in_lake(a.state)
            AND n.start >= a.lower AND n.start < a.upper
        WHERE a.label IS NOT NULL OR NOT EXISTS (
            SELECT FROM waybill.partition_ranges(p_plan) AS r
            WHERE n.start >= r.lower AND n.start < r.upper
        )
    ), ranges AS (
        SELECT m.range_start,
            m.is_plausible,
            row_number() OVER (
                PARTITION BY m.is_plausible ORDER BY sum(m.records) DESC, m.range_start
            ) AS place
        FROM missing AS m
        WHERE m.label IS NULL
        GROUP BY 1, 2
    )
    SELECT m.start,
        CASE WHEN m.label IS NULL THEN 'no_partition' ELSE 'partition_archived' END,
        CASE
            WHEN m.label IS NOT NULL
                THEN format('is in a partition that is archived; restore it first:'
                    ' waybill restore-partition %s %s', v_dataset, m.label)
            WHEN NOT m.is_plausible
                THEN format('is not between %s and %s', lower(v_range), upper(v_range))
            WHEN g.place > v_room
                THEN format('needs a new partition, but the table may have only %s',
                    waybill.max_partitions(p_plan.target))
        END
    FROM missing AS m
    LEFT JOIN ranges AS g USING (range_start, is_plausible)
    ORDER BY m.start;
END
$$;

-- Reject the records whose partition cannot be made; how many they were.
CREATE OR REPLACE FUNCTION waybill.check_partitions(p_plan waybill.merge_plan) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_rejected bigint;
BEGIN
    IF p_plan.partition_unit IS NULL OR NOT EXISTS (
        SELECT FROM waybill.needed_partitions(p_plan) AS n WHERE n.refusal IS NOT NULL
    ) THEN
        RETURN 0;
    END IF;
    PERFORM waybill.store_records();
    WITH refused AS (
        SELECT n.start, n.code, n.refusal
        FROM waybill.needed_partitions(p_plan) AS n
        WHERE n.refusal IS NOT NULL
    ), rejected AS (
        UPDATE pg_temp.merge_records AS s
        SET _waybill_class = 'rejected'
        FROM refused AS r
        WHERE s._waybill_partition = r.start
            AND s._waybill_class IN ('insert', 'update')
        RETURNING s._waybill_line, r.code, r.refusal
    )
    INSERT INTO pg_temp.merge_rejects
    SELECT _waybill_line, p_plan.partition_column, code, refusal
    FROM rejected;
    GET DIAGNOSTICS v_rejected = ROW_COUNT;
    RETURN v_rejected;
END
$$;

-- Add the partitions that records need.
CREATE OR REPLACE FUNCTION waybill.add_needed_partitions(p_plan waybill.merge_plan)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_start timestamp;
BEGIN
    FOR v_start IN SELECT n.start FROM waybill.needed_partitions(p_plan) AS n LOOP
        -- One of a year of history is there for all of its months.
        CONTINUE WHEN waybill.partition_for(p_plan, v_start) IS NOT NULL;
        PERFORM waybill.add_partition(p_plan, v_start);
    END LOOP;
END
$$;

-- Whether a record `s` goes to one of the partitions {start: oid}, as a condition.
CREATE OR REPLACE FUNCTION waybill.is_in(p_built jsonb) RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN CASE
    WHEN p_built = '{}' THEN '(false)'
    ELSE format('(s._waybill_partition IS NOT NULL AND s._waybill_partition = ANY (%L::timestamp[]))',
        ARRAY(SELECT jsonb_object_keys(p_built)::timestamp))
END;

-- The partitions {start: oid}, each with the first of its starts: one of history has several.
CREATE OR REPLACE FUNCTION waybill.built_partitions(p_built jsonb,
    OUT start timestamp, OUT partition_id regclass)
RETURNS SETOF record
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT min(b.key::timestamp), b.value::oid::regclass
    FROM jsonb_each_text(p_built) AS b
    GROUP BY 2
    ORDER BY 1;
END;

-- How many records are inserted into the partitions {start: oid}, or elsewhere.
CREATE OR REPLACE FUNCTION waybill.total_inserted(p_plan waybill.merge_plan, p_built jsonb,
    p_is_new boolean)
RETURNS bigint
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT coalesce(sum(t.records), 0)::bigint
    FROM unnest((p_plan).totals) AS t
    WHERE t.class = 'insert'
        AND coalesce(p_built ? t.partition_start::text, false) = p_is_new
);

-- Whether rows must be written to the table itself: in a cycle the foreign keys do not hold until all
-- is written; the table's triggers, rules and policies see only what is written to it; and who decodes
-- the server's log would miss rows of a table that is not published, or not know it.
CREATE OR REPLACE FUNCTION waybill.is_written_through_table(p_plan waybill.merge_plan) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (p_plan).in_cycle
    OR waybill.has_triggers((p_plan).target)
    OR current_setting('wal_level') = 'logical'
    OR EXISTS (
        SELECT FROM pg_class AS c
        WHERE c.oid = (p_plan).target AND (c.relrowsecurity OR c.relhasrules)
    );

-- Builds and fills the partitions that are missing, and copies of those that are empty: {start: oid}.
CREATE OR REPLACE FUNCTION waybill.fill_new_partitions(p_plan waybill.merge_plan)
RETURNS jsonb
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_root CONSTANT text := format('staging.%I', 'root_' || replace(p_plan.job_id::text, '-', ''));
    v_start timestamp;
    v_lower timestamp;
    v_ranges jsonb := '{}';
    v_built jsonb := '{}';
BEGIN
    IF p_plan.partition_unit IS NULL THEN
        RETURN v_built;
    ELSIF waybill.is_written_through_table(p_plan) THEN
        -- Attached while they are empty.
        PERFORM waybill.add_needed_partitions(p_plan);
        RETURN v_built;
    END IF;
    FOR v_start IN SELECT n.start FROM waybill.needed_partitions(p_plan) AS n LOOP
        v_lower := (waybill.new_range(p_plan, v_start)).lower;
        IF NOT v_ranges ? v_lower::text THEN
            v_ranges := v_ranges || jsonb_build_object(
                v_lower::text, waybill.build_partition(p_plan, v_start)::oid);
        END IF;
        v_built := v_built || jsonb_build_object(v_start::text, v_ranges -> v_lower::text);
    END LOOP;
    v_built := v_built || waybill.build_copies(p_plan);
    IF v_built <> '{}' THEN
        PERFORM waybill.build_root(p_plan, v_root, v_built);
        PERFORM waybill.insert_records(p_plan, v_root::regclass,
            CASE
                WHEN waybill.total_inserted(p_plan, v_built, p_is_new => false) = 0 THEN 'true'
                ELSE waybill.is_in(v_built)
            END,
            waybill.total_inserted(p_plan, v_built, p_is_new => true), p_is_sorted => false);
        PERFORM waybill.drop_root(v_root, v_built);
    END IF;
    RETURN v_built;
END
$$;

-- A partitioned table for the write only, of the partitions {start: oid}: one statement fills all
-- of them, while the table itself is not locked and they have no index yet.
CREATE OR REPLACE FUNCTION waybill.build_root(p_plan waybill.merge_plan, p_root text,
    p_built jsonb)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_built record;
BEGIN
    PERFORM waybill.run_sql(format(
        'CREATE TABLE %s (LIKE %s INCLUDING DEFAULTS INCLUDING GENERATED)'
        ' PARTITION BY RANGE (%I)',
        p_root, p_plan.target, p_plan.partition_column));
    FOR v_built IN
        -- A copy has the range of its partition.
        SELECT b.partition_id, coalesce(r.lower, n.lower) AS lower, coalesce(r.upper, n.upper) AS upper
        FROM waybill.built_partitions(p_built) AS b
        CROSS JOIN LATERAL waybill.new_range(p_plan, b.start) AS n
        LEFT JOIN waybill.partition_ranges(p_plan) AS r
            ON b.start >= r.lower AND b.start < r.upper AND NOT r.is_default
    LOOP
        PERFORM waybill.attach_range(
            p_plan, p_root::regclass, v_built.partition_id, v_built.lower, v_built.upper);
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION waybill.drop_root(p_root text, p_built jsonb) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_partition regclass;
BEGIN
    FOR v_partition IN SELECT b.partition_id FROM waybill.built_partitions(p_built) AS b LOOP
        PERFORM waybill.run_sql(format(
            'ALTER TABLE %s DETACH PARTITION %s', p_root, v_partition));
    END LOOP;
    PERFORM waybill.run_sql(format('DROP TABLE %s', p_root));
END
$$;
