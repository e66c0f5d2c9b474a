-- The class of each record, by its key, against the rows that are in the table.

-- merge_records: the last record of each key, in the table's types, with
--   _waybill_class          what becomes of it
--   _waybill_missing        the reference whose parent is missing, of a pending one
--   _waybill_absent         the columns that it lacks, if others of the file have them
--   _waybill_partition      start of the partition that it goes to
--   _waybill_old_partition  start of the partition that its row is in now
CREATE OR REPLACE FUNCTION waybill.classify(p_plan waybill.merge_plan) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    PERFORM waybill.classify_briefly(p_plan, p_is_complete => true);
END
$$;

-- The same without copies that nobody needs. Where no key is in the table already it may be a view
-- of the staged records: who changes a class calls `store_records` first, and who asked for it calls
-- `drop_records` last. Where keys are, it may lack the records that are as their rows are; returns
-- how many these are.
CREATE OR REPLACE FUNCTION waybill.classify_briefly(p_plan waybill.merge_plan,
    p_is_complete boolean DEFAULT false)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_keys CONSTANT record := waybill.inspect_keys(p_plan);
    v_may CONSTANT boolean := NOT p_is_complete AND NOT v_keys.is_repeated;
    v_is_view CONSTANT boolean :=
        v_may AND NOT v_keys.is_searched AND waybill.may_stay_staged(p_plan);
    v_leaves_out CONSTANT boolean :=
        v_may AND v_keys.is_searched AND waybill.may_leave_out(p_plan);
BEGIN
    PERFORM waybill.create_records(p_plan, v_keys.is_repeated, v_keys.is_searched,
        v_keys.last_key,
        CASE WHEN v_is_view THEN 'VIEW merge_records'
            ELSE 'TABLE merge_records ON COMMIT DROP' END,
        CASE WHEN v_leaves_out THEN $q$r._waybill_class <> 'unchanged'$q$ ELSE 'true' END);
    IF NOT v_leaves_out THEN
        RETURN 0;
    END IF;
    -- Not its rows: where two rows of the table have one key their record is there twice, and the
    -- counts must show it.
    RETURN waybill.count_staged(p_plan)
        - (SELECT count(DISTINCT s._waybill_line) FROM pg_temp.merge_records AS s);
END
$$;

-- Creates merge_records of the records that a condition on their classes picks.
CREATE OR REPLACE FUNCTION waybill.create_records(p_plan waybill.merge_plan,
    p_is_repeated boolean, p_is_searched boolean, p_last_key bigint, p_relation text,
    p_condition text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_partition CONSTANT text := waybill.partition_start_of(p_plan, 'r');
BEGIN
    PERFORM waybill.drop_records();
    PERFORM waybill.run_sql(format(
        $q$
        CREATE TEMP %7$s AS
        WITH s AS NOT MATERIALIZED (%1$s)
        SELECT r.* FROM (
            SELECT r._waybill_line,
                r._waybill_raw,
                %2$s,
                %3$s AS _waybill_class,
                NULL::jsonb AS _waybill_missing,
                %6$s AS _waybill_absent,
                %4$s AS _waybill_partition,
                r._waybill_old_partition
            FROM (%5$s) AS r
        ) AS r
        WHERE %8$s
        $q$,
        waybill.last_records(p_plan, p_is_repeated),
        waybill.ident_list(waybill.inserted_columns(p_plan), 'r.'),
        waybill.class_of_record(p_plan, v_partition),
        v_partition,
        CASE
            WHEN p_is_searched THEN waybill.matched_records(p_plan, p_last_key)
            ELSE waybill.unmatched_records(p_plan)
        END,
        CASE WHEN p_plan.has_absent THEN 'r._waybill_absent' ELSE 'NULL::jsonb' END,
        p_relation,
        p_condition));
    IF p_is_searched OR p_is_repeated THEN
        PERFORM waybill.reject_present_keys(p_plan);
    END IF;
END
$$;

-- The class of a record `r`, as an expression; `p_partition` is that of its partition.
CREATE OR REPLACE FUNCTION waybill.class_of_record(p_plan waybill.merge_plan, p_partition text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    RETURN format(
        $q$
        CASE
            -- Each of the type: to cast the result would look its name up for every record.
            WHEN %1$s AND r._waybill_stamp IS NOT NULL THEN 'rejected'::waybill.record_class
            WHEN %2$s THEN 'superseded'::waybill.record_class
            WHEN r._waybill_stamp IS NULL THEN 'insert'::waybill.record_class
            WHEN r._waybill_stamp > %3$s THEN 'superseded'::waybill.record_class
            WHEN r._waybill_differs THEN 'update'::waybill.record_class
            ELSE 'unchanged'::waybill.record_class
        END
        $q$,
        waybill.is_insert_only(p_plan)::text,
        waybill.covered_by_replace(p_plan, p_partition),
        p_plan.effective_order);
END
$$;

-- Appending to a table with a key only inserts: a record whose key is there already, in the
-- table or on an earlier line, is rejected.
CREATE OR REPLACE FUNCTION waybill.is_insert_only(p_plan waybill.merge_plan) RETURNS boolean
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN (p_plan).disposition = 'append' AND (p_plan).natural_key <> '{}';

CREATE OR REPLACE FUNCTION waybill.reject_present_keys(p_plan waybill.merge_plan)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    IF NOT waybill.is_insert_only(p_plan) THEN
        RETURN;
    END IF;
    PERFORM waybill.run_sql(format(
        $q$
        INSERT INTO pg_temp.merge_rejects
        SELECT t._waybill_line, %1$L, 'duplicate_key', 'the key is in the table, or on an earlier line'
        FROM (%2$s) AS t
        WHERE NOT EXISTS (
            SELECT FROM pg_temp.merge_records AS s
            WHERE s._waybill_line = t._waybill_line
                AND s._waybill_class <> 'rejected'
        )
        $q$,
        CASE WHEN cardinality(p_plan.natural_key) = 1 THEN p_plan.natural_key[1] END,
        waybill.accepted_records(p_plan)));
END
$$;
