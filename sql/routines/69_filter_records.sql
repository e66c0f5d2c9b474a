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

-- Records whose columns are all as in an earlier line of the file; the first one stays. A column
-- that the file lacks says nothing, and a record that lacks one is none that has null there.
-- Called again when a record is rejected that others were duplicates of.
CREATE OR REPLACE FUNCTION waybill.filter_duplicates(p_plan waybill.merge_plan) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_rule CONSTANT jsonb := p_plan.contract -> 'transformation' -> 'drop_duplicates';
    v_compared CONSTANT text := (
        SELECT string_agg(concat_ws(', ', format('s.%I', x.name),
            CASE WHEN p_plan.has_absent
                THEN format('coalesce(s._waybill_absent ? %L, false)', x.name) END), ', ')
        FROM unnest(p_plan.columns) AS x (name)
        WHERE v_rule ? '*' OR v_rule ? x.name);
BEGIN
    IF v_rule IS NULL OR v_compared IS NULL THEN
        RETURN;
    END IF;
    DELETE FROM pg_temp.merge_rejects WHERE "column" = 'drop_duplicates' AND code IS NULL;
    PERFORM waybill.run_sql(format(
        $q$
        INSERT INTO pg_temp.merge_rejects
        SELECT x.line, 'drop_duplicates', NULL, NULL
        FROM (
            SELECT s._waybill_line AS line,
                row_number() OVER (PARTITION BY %s ORDER BY s._waybill_line) AS n
            FROM %s AS s
            WHERE NOT EXISTS (
                SELECT FROM pg_temp.merge_rejects AS b WHERE b.line = s._waybill_line)
        ) AS x
        WHERE x.n > 1
        $q$, v_compared, p_plan.source));
END
$$;
