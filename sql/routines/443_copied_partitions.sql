-- Copies of empty partitions: filled without indexes, they take their places at the end of the merge.

-- The copies of a merge, {start: oid}, from their making to the exchange; undone with what made them.
CREATE OR REPLACE FUNCTION waybill.keep_copies(p_copies jsonb) RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT set_config('waybill.copies', p_copies::text, true);
END;

CREATE OR REPLACE FUNCTION waybill.copies() RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN coalesce(nullif(current_setting('waybill.copies', true), ''), '{}')::jsonb;

CREATE OR REPLACE FUNCTION waybill.copied_starts() RETURNS text[]
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN ARRAY(SELECT jsonb_object_keys(waybill.copies()));

-- A copy of each empty partition that records go to: {start: oid}; none where it does not pay, or where
-- none can be made: a table may be in a schema in which Waybill may not create any.
CREATE OR REPLACE FUNCTION waybill.build_copies(p_plan waybill.merge_plan) RETURNS jsonb
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    IF waybill.total_of(p_plan, 'insert') < waybill.fewest_copied_records()
        OR NOT waybill.may_exchange(p_plan)
        OR (SELECT coalesce(sum(e.records), 0) FROM waybill.empty_partitions(p_plan) AS e)
            < waybill.fewest_copied_records()
    THEN
        RETURN '{}';
    END IF;
    PERFORM waybill.keep_copies(waybill.create_copies(p_plan));
    RETURN waybill.copies();
EXCEPTION
    WHEN OTHERS THEN
        RAISE LOG 'job %: no copies are made, since SQLSTATE %', p_plan.job_id, SQLSTATE;
        RETURN '{}';
END
$$;

CREATE OR REPLACE FUNCTION waybill.create_copies(p_plan waybill.merge_plan) RETURNS jsonb
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_empty record;
    v_copy regclass;
    v_copies jsonb := '{}';
BEGIN
    FOR v_empty IN SELECT * FROM waybill.empty_partitions(p_plan) LOOP
        v_copy := coalesce(v_copy, waybill.create_alike(p_plan, waybill.free_partition_name(
            p_plan, p_plan.partition_unit, v_empty.lower)));
        IF waybill.is_plain_partition(p_plan.target, v_empty.partition_id, v_copy) THEN
            PERFORM waybill.add_range_check(p_plan, v_copy, v_empty.lower, v_empty.upper);
            v_copies := v_copies || (
                SELECT jsonb_object_agg(s.start, v_copy::oid) FROM unnest(v_empty.starts) AS s (start));
            v_copy := NULL;
        END IF;
    END LOOP;
    IF v_copy IS NOT NULL THEN
        PERFORM waybill.run_sql(format('DROP TABLE %s', v_copy));
    END IF;
    RETURN v_copies;
END
$$;

-- The copies, each with the partition that it is for.
CREATE OR REPLACE FUNCTION waybill.copied_partitions(p_plan waybill.merge_plan,
    OUT copy regclass, OUT partition_id regclass, OUT lower timestamp, OUT upper timestamp)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT b.partition_id, r.partition_id, r.lower, r.upper
    FROM waybill.built_partitions(waybill.copies()) AS b
    JOIN waybill.partition_ranges(p_plan) AS r ON b.start >= r.lower AND b.start < r.upper
    ORDER BY r.lower;
END
$$;

-- Put each copy in the place of its partition. Where readers or writers hold the tables for long, its
-- rows are inserted into the partition instead.
CREATE OR REPLACE FUNCTION waybill.exchange_copies(p_plan waybill.merge_plan) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    IF waybill.copies() <> '{}' AND NOT waybill.take_places(p_plan) THEN
        PERFORM waybill.insert_copies(p_plan);
    END IF;
    PERFORM waybill.keep_copies('{}');
END
$$;
