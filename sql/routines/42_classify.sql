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

-- The records `s` beside the rows of their keys. Keys above the table's largest are not looked
-- up: a branch of their own, since the planner does not split the join by itself.
CREATE OR REPLACE FUNCTION waybill.matched_records(p_plan waybill.merge_plan,
    p_last_key bigint)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_join CONSTANT text := format(
        $q$
        SELECT s.*%1$s,
            h._landed AS _waybill_stamp,
            %2$s AS _waybill_differs,
            %3$s AS _waybill_old_partition
        FROM s
        LEFT JOIN %4$s AS h ON %5$s
        $q$,
        waybill.defaulted_values(p_plan, 'h'),
        waybill.differs(p_plan, 'h', 's'),
        waybill.partition_start_of(p_plan, 'h'),
        p_plan.target,
        waybill.equal_on(p_plan.natural_key, 'h', 's'));
BEGIN
    IF p_last_key IS NULL THEN
        RETURN v_join;
    END IF;
    RETURN format(
        $q$
        %1$s WHERE s.%3$I <= %4$s
        UNION ALL
        %2$s WHERE s.%3$I > %4$s
        $q$,
        v_join,
        waybill.unmatched_records(p_plan),
        p_plan.natural_key[1],
        p_last_key);
END
$$;

-- `, value AS name` of the columns that the file lacks and that the merge completes.
CREATE OR REPLACE FUNCTION waybill.defaulted_values(p_plan waybill.merge_plan, p_row text)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN coalesce((
    SELECT string_agg(
        format(', %s AS %I', waybill.absent_column(p_plan, x.name, p_row), x.name),
        '' ORDER BY x.n)
    FROM unnest((p_plan).defaulted) WITH ORDINALITY AS x (name, n)
), '');

-- Whether a later-landed file has replaced the partition that a record goes to, as a condition.
CREATE OR REPLACE FUNCTION waybill.covered_by_replace(p_plan waybill.merge_plan,
    p_partition text)
RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN CASE
    WHEN (p_plan).replaced_later = '{}' THEN 'false'
    WHEN '' = ANY ((p_plan).replaced_later) THEN 'true'
    ELSE format('%s = ANY (%L::timestamp[])', p_partition, (p_plan).replaced_later)
END;

-- The accepted records; of several with one key, the last, or the first where none is updated.
CREATE OR REPLACE FUNCTION waybill.last_records(p_plan waybill.merge_plan,
    p_is_repeated boolean)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_accepted CONSTANT text := waybill.accepted_records(p_plan);
    v_keys CONSTANT text := waybill.ident_list(p_plan.natural_key);
BEGIN
    IF NOT p_is_repeated THEN
        RETURN v_accepted;
    ELSIF p_plan.has_absent AND NOT waybill.is_insert_only(p_plan) THEN
        RETURN waybill.completed_records(
            p_plan, waybill.combined_records(p_plan, waybill.typed_records(p_plan)));
    END IF;
    RETURN format(
        $q$
        SELECT DISTINCT ON (%1$s) *
        FROM (%2$s) AS t
        ORDER BY %1$s, _waybill_line %3$s
        $q$, v_keys, v_accepted,
        CASE WHEN waybill.is_insert_only(p_plan) THEN 'ASC' ELSE 'DESC' END);
END
$$;

-- Start, in UTC, of the partition that a row of the alias belongs to.
CREATE OR REPLACE FUNCTION waybill.partition_start_of(p_plan waybill.merge_plan,
    p_alias text)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN CASE
    WHEN (p_plan).partition_unit IS NULL OR p_alias IS NULL THEN 'NULL::timestamp'
    ELSE (
        SELECT format(
            CASE
                WHEN a.atttypid = 'timestamptz'::regtype
                    THEN $q$date_trunc(%L, %s.%I AT TIME ZONE 'UTC')$q$
                ELSE $q$date_trunc(%L, %s.%I::timestamp)$q$
            END, (p_plan).partition_unit, p_alias, a.attname)
        FROM pg_attribute AS a
        WHERE a.attrelid = (p_plan).target
            AND a.attname = (p_plan).partition_column
    )
END;

-- The records `s` as those of no row.
CREATE OR REPLACE FUNCTION waybill.unmatched_records(p_plan waybill.merge_plan) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN format(
    $q$
    SELECT s.*%1$s,
        NULL::bigint AS _waybill_stamp,
        NULL::boolean AS _waybill_differs,
        %2$s AS _waybill_old_partition
    FROM s
    $q$,
    waybill.defaulted_values(p_plan, NULL),
    waybill.partition_start_of(p_plan, NULL));
