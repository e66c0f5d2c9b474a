-- The records of a file by their keys: the last of each, and beside the row of the table.

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
