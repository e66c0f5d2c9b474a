-- Records that the table would refuse are found as a set, before anything is written.

-- merge_rejects: a row for each reason, or one without a code for a record that is
-- filtered or of an erased person. Its records take no further part in the merge.
CREATE OR REPLACE FUNCTION waybill.check_records(p_plan waybill.merge_plan) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    PERFORM waybill.begin_checks();
    PERFORM waybill.check_values(p_plan);
    PERFORM waybill.check_rows(p_plan);
    IF p_plan.keeps_raw AND p_plan.contract ->> 'on_missing_parent' = 'reject' THEN
        PERFORM waybill.check_parents(p_plan);
    END IF;
    -- After the checks: a record is no duplicate of one that is rejected.
    PERFORM waybill.filter_duplicates(p_plan);
    PERFORM waybill.leave_out_erased(p_plan);
END
$$;

CREATE OR REPLACE FUNCTION waybill.begin_checks() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    DROP TABLE IF EXISTS pg_temp.merge_rejects;
    CREATE TEMP TABLE merge_rejects (
        line bigint,
        "column" text,
        code text,
        message text
    ) ON COMMIT DROP;
END
$$;

-- The records' own values, and the rule that leaves some out.
CREATE OR REPLACE FUNCTION waybill.check_values(p_plan waybill.merge_plan) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    IF p_plan.keeps_raw THEN
        PERFORM waybill.check_input(p_plan);
    END IF;
    PERFORM waybill.filter_by_condition(p_plan);
END
$$;

-- The rows that the records would become.
CREATE OR REPLACE FUNCTION waybill.check_rows(p_plan waybill.merge_plan) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    IF p_plan.keeps_raw THEN
        PERFORM waybill.check_generated(p_plan);
        PERFORM waybill.check_constraints(p_plan);
    END IF;
END
$$;

-- The error of a type's input function, also where it is not one that pg_input_error_info
-- returns: JSON that is nested too deep raises.
CREATE OR REPLACE FUNCTION waybill.input_error(p_value text, p_type text) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    RETURN (SELECT e.message FROM pg_input_error_info(p_value, p_type) AS e);
EXCEPTION
    WHEN OTHERS THEN
        IF NOT waybill.is_fault_of_data(SQLSTATE) THEN
            RAISE;
        END IF;
        RETURN SQLERRM;
END
$$;

CREATE OR REPLACE FUNCTION waybill.type_of(p_table regclass, p_column text) RETURNS oid
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (SELECT atttypid FROM pg_attribute WHERE attrelid = p_table AND attname = p_column);

-- Whether a type is one of times or dates, or an array, range or domain of them.
CREATE OR REPLACE FUNCTION waybill.holds_times(p_type oid) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH RECURSIVE parts AS (
        SELECT p_type AS type
        UNION
        SELECT x.type
        FROM parts AS p
        JOIN pg_type AS t ON t.oid = p.type
        LEFT JOIN pg_range AS r ON t.oid IN (r.rngtypid, r.rngmultitypid)
        CROSS JOIN LATERAL (VALUES (t.typbasetype), (t.typelem), (r.rngsubtype)) AS x (type)
        WHERE x.type <> 0
    )
    SELECT bool_or(p.type IN ('date'::regtype, 'time'::regtype, 'timetz'::regtype,
        'timestamp'::regtype, 'timestamptz'::regtype))
    FROM parts AS p;
END;

-- PostgreSQL takes `now` for the time of the load, and `1/2/2024` for the order of day and month
-- that the session happens to have.
CREATE OR REPLACE FUNCTION waybill.guessed_time(p_value text) RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN CASE
    WHEN p_value ~* '\m(now|today|tomorrow|yesterday|allballs)\M'
        THEN 'expected a time or date that does not depend on when the file is loaded'
    -- After a colon these are seconds, their decimals and the offset: `10:15:30.12-05:00`.
    WHEN p_value ~ '(^|[^0-9:])[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{2,4}'
        THEN 'expected dates as YYYY-MM-DD'
END;

-- Types that the loader does not check are checked by their input functions.
CREATE OR REPLACE FUNCTION waybill.check_input(p_plan waybill.merge_plan) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_column jsonb;
BEGIN
    FOR v_column IN
        SELECT c.col
        FROM jsonb_array_elements(p_plan.contract -> 'columns') AS c (col)
        WHERE c.col ->> 'name' = ANY (p_plan.columns)
            AND NOT waybill.trusts_loader(c.col)
    LOOP
        IF waybill.holds_times(waybill.type_of(p_plan.target, v_column ->> 'name')) THEN
            PERFORM waybill.reject_invalid(p_plan, v_column, 'waybill.guessed_time(%s)');
        END IF;
        BEGIN
            PERFORM waybill.reject_invalid(p_plan, v_column,
                '(SELECT message FROM pg_input_error_info(%s, %L))');
        EXCEPTION
            WHEN OTHERS THEN
                IF NOT waybill.is_fault_of_data(SQLSTATE) THEN
                    RAISE;
                END IF;
                -- Slower, since it takes a savepoint for each record.
                PERFORM waybill.reject_invalid(p_plan, v_column, 'waybill.input_error(%s, %L)');
        END;
    END LOOP;
END
$$;

-- Reject the records whose column has an error, by an expression of value and type.
CREATE OR REPLACE FUNCTION waybill.reject_invalid(p_plan waybill.merge_plan,
    p_column jsonb, p_error text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    PERFORM waybill.run_sql(format(
        $q$
        INSERT INTO pg_temp.merge_rejects
        SELECT x.line, %1$L, %2$L, %6$s
        FROM (
            SELECT s._waybill_line AS line, %3$s AS message
            FROM %4$s AS s
            WHERE s.%5$I IS NOT NULL
        ) AS x
        WHERE x.message IS NOT NULL
        $q$,
        p_column ->> 'name',
        'invalid_' || (p_column ->> 'kind'),
        format(p_error, format('s.%I::text', p_column ->> 'name'), p_column ->> 'type'),
        p_plan.source,
        p_column ->> 'name',
        -- The message quotes the value.
        CASE WHEN (p_column ->> 'personal')::boolean
            THEN quote_literal(format('expected a value of type %s', p_column ->> 'type'))
            ELSE 'x.message' END));
END
$$;

CREATE OR REPLACE FUNCTION waybill.check_constraints(p_plan waybill.merge_plan) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_check record;
BEGIN
    FOR v_check IN
        SELECT c.conname,
            pg_get_expr(c.conbin, c.conrelid) AS expression,
            waybill.column_names(c.conrelid, c.conkey) AS columns
        FROM pg_constraint AS c
        WHERE c.conrelid = p_plan.target AND c.contype = 'c'
        ORDER BY c.conname
    LOOP
        BEGIN
            PERFORM waybill.run_sql(format(
                $q$
                INSERT INTO pg_temp.merge_rejects
                SELECT s._waybill_line, %1$L, 'check_violation', %2$L
                FROM %3$s AS s
                WHERE (%4$s) IS FALSE
                $q$,
                CASE WHEN cardinality(v_check.columns) = 1 THEN v_check.columns[1] END,
                format('violates %s: %s', v_check.conname, v_check.expression),
                waybill.as_rows(p_plan, v_check.columns),
                v_check.expression));
        EXCEPTION
            -- The expression itself fails for some record (a division by zero): the write
            -- then finds that record row by row.
            WHEN OTHERS THEN
                IF NOT waybill.is_fault_of_data(SQLSTATE) THEN
                    RAISE;
                END IF;
                RAISE LOG 'check % cannot be evaluated as a set: SQLSTATE %', v_check.conname,
                    SQLSTATE;
        END;
    END LOOP;
END
$$;

-- For datasets whose contract rejects records without a parent, rather than keeping them.
CREATE OR REPLACE FUNCTION waybill.check_parents(p_plan waybill.merge_plan) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_reference jsonb;
    v_records text;
BEGIN
    FOR v_reference IN SELECT waybill.written_references(p_plan) LOOP
        v_records := waybill.as_rows(p_plan, waybill.text_array(v_reference -> 'columns'));
        PERFORM waybill.lock_parents(v_reference, v_records);
        PERFORM waybill.reject_orphans(p_plan, v_reference, v_records);
    END LOOP;
END
$$;
