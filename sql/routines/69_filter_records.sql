-- Records that a rule of the dataset leaves out once their values are known: those for which
-- `where` does not hold, and duplicates. Like rejects they take no further part in the merge, but
-- they have no reason, and count as filtered.

CREATE OR REPLACE FUNCTION waybill.count_filtered() RETURNS bigint
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT count(DISTINCT line) FROM pg_temp.merge_rejects
        WHERE code IS NULL AND message IS NULL);
END
$$;

-- The records in the table's types, with every column that files may fill; one that this file
-- lacks is null.
CREATE OR REPLACE FUNCTION waybill.condition_records(p_plan waybill.merge_plan) RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    RETURN format('(SELECT t.*%s FROM (%s) AS t)', (
        SELECT string_agg(format(', NULL::%s AS %I', format_type(a.atttypid, a.atttypmod),
            a.attname), '')
        FROM pg_attribute AS a
        WHERE a.attrelid = p_plan.target AND a.attnum > 0 AND NOT a.attisdropped
            AND a.attgenerated = ''
            AND a.attname <> ALL (waybill.updated_columns(p_plan))
    ), waybill.typed_records(p_plan));
END
$$;

CREATE OR REPLACE FUNCTION waybill.filter_by_condition(p_plan waybill.merge_plan) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_condition CONSTANT text := p_plan.contract -> 'transformation' ->> 'where';
BEGIN
    IF v_condition IS NULL THEN
        RETURN;
    END IF;
    PERFORM waybill.run_sql(format(
        $q$
        INSERT INTO pg_temp.merge_rejects
        SELECT s._waybill_line, NULL, NULL, NULL
        FROM %s AS s
        WHERE (%s) IS NOT TRUE
        $q$, waybill.condition_records(p_plan), v_condition));
EXCEPTION
    WHEN OTHERS THEN
        IF NOT waybill.is_fault_of_data(SQLSTATE) THEN
            RAISE;
        END IF;
        -- The condition fails for some record (a division by zero): it is tried one by one.
        PERFORM waybill.filter_one_by_one(p_plan, v_condition);
END
$$;

-- A record for which the condition cannot be computed is rejected.
CREATE OR REPLACE FUNCTION waybill.filter_one_by_one(p_plan waybill.merge_plan,
    p_condition text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    PERFORM waybill.run_sql(format(
        $q$
        INSERT INTO pg_temp.merge_rejects
        SELECT s._waybill_line, NULL, CASE WHEN x.error IS NOT NULL THEN 'condition_failed' END,
            'where cannot be computed: ' || x.error
        FROM %s AS s
        CROSS JOIN LATERAL waybill.try_condition(to_jsonb(s.*), %L, %L, %L) AS x
        WHERE x.holds IS NOT TRUE
        $q$, waybill.condition_records(p_plan), p_condition, (
            SELECT string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ')
            FROM pg_attribute AS a
            WHERE a.attrelid = p_plan.target AND a.attnum > 0 AND NOT a.attisdropped
                AND a.attgenerated = ''), p_plan.contract));
END
$$;

-- Whether a condition holds for a record, or the error; `p_columns` are its names and types.
CREATE OR REPLACE FUNCTION waybill.try_condition(p_record jsonb, p_condition text, p_columns text,
    p_contract jsonb, OUT holds boolean, OUT error text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    EXECUTE format('SELECT (%s) FROM jsonb_to_record($1) AS s (%s)', p_condition, p_columns)
    INTO holds USING p_record;
EXCEPTION
    WHEN OTHERS THEN
        IF NOT waybill.is_fault_of_data(SQLSTATE) THEN
            RAISE;
        END IF;
        error := waybill.error_text(p_contract, NULL, SQLSTATE, SQLERRM);
END
$$;

-- The columns of the records `s` by which the rule of the dataset compares them; null if it has none,
-- or the records have none of them.
CREATE OR REPLACE FUNCTION waybill.compared_columns(p_plan waybill.merge_plan) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT string_agg(concat_ws(', ', format('s.%I', x.name),
        CASE WHEN (p_plan).has_absent
            THEN format('coalesce(s._waybill_absent ? %L, false)', x.name) END),
        ', ' ORDER BY x.name COLLATE "C")
    FROM unnest((p_plan).columns) AS x (name)
    WHERE (p_plan).contract #> '{transformation,drop_duplicates}' ?| ARRAY['*', x.name]
);

-- Records whose columns are all as in an earlier line of the file; the first one stays. A column
-- that the file lacks says nothing, and a record that lacks one is none that has null there.
-- Called again when a record is rejected that others were duplicates of.
CREATE OR REPLACE FUNCTION waybill.filter_duplicates(p_plan waybill.merge_plan) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_compared CONSTANT text := waybill.compared_columns(p_plan);
BEGIN
    IF v_compared IS NULL THEN
        RETURN;
    END IF;
    DELETE FROM pg_temp.merge_rejects WHERE "column" = 'drop_duplicates' AND code IS NULL;
    PERFORM waybill.run_sql(format(
        $q$
        INSERT INTO pg_temp.merge_rejects
        SELECT x.line, 'drop_duplicates', NULL, NULL
        FROM (
            SELECT s._waybill_line AS line,
                row_number() OVER (PARTITION BY %1$s ORDER BY s._waybill_line) AS n,
                %2$s AS is_in_batch
            FROM %3$s AS s
            WHERE NOT EXISTS (
                SELECT FROM pg_temp.merge_rejects AS b WHERE b.line = s._waybill_line)
        ) AS x
        WHERE x.n > 1 OR x.is_in_batch
        $q$,
        v_compared,
        CASE WHEN to_regclass('pg_temp.batch_compared') IS NULL THEN 'false'
            ELSE format(
                'EXISTS (SELECT FROM pg_temp.batch_compared AS c WHERE c.record = %s)',
                waybill.compared_record(p_plan)) END,
        p_plan.source));
END
$$;

-- What is compared of a record `s`, as one text: by name, since other records have other columns.
CREATE OR REPLACE FUNCTION waybill.compared_record(p_plan waybill.merge_plan) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, waybill, pg_temp
RETURN format('concat(%L, ROW(%s))', waybill.compared_columns(p_plan),
    waybill.compared_columns(p_plan));

-- batch_compared: the accepted records of a batch so far, if records of its later groups may be
-- duplicates of them. With `*` they are none: each group has fields of its own.
CREATE OR REPLACE FUNCTION waybill.begin_comparing(p_contract jsonb) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    IF to_regclass('pg_temp.batch_compared') IS NOT NULL THEN
        DROP TABLE pg_temp.batch_compared;
    END IF;
    IF waybill.compares_across_groups(p_contract) THEN
        CREATE TEMP TABLE batch_compared (record text NOT NULL) ON COMMIT DROP;
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION waybill.compares_across_groups(p_contract jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN coalesce(NOT p_contract #> '{transformation,drop_duplicates}' ? '*', false);

CREATE OR REPLACE FUNCTION waybill.keep_comparing(p_plan waybill.merge_plan) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    IF to_regclass('pg_temp.batch_compared') IS NULL
        OR waybill.compared_columns(p_plan) IS NULL
    THEN
        RETURN;
    END IF;
    PERFORM waybill.run_sql(format(
        $q$
        INSERT INTO pg_temp.batch_compared
        SELECT %s
        FROM %s AS s
        WHERE s._waybill_line NOT IN (SELECT b.line FROM pg_temp.merge_rejects AS b)
        $q$, waybill.compared_record(p_plan), p_plan.source));
END
$$;
