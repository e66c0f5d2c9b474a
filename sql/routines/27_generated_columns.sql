-- Generated columns that cannot be computed for some record (1 / n of 0): the record is rejected
-- before a foreign key on the column reads it.

CREATE OR REPLACE FUNCTION waybill.check_generated(p_plan waybill.merge_plan) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_column text;
BEGIN
    FOR v_column IN
        SELECT a.attname
        FROM pg_attribute AS a
        WHERE a.attrelid = p_plan.target AND a.attgenerated <> '' AND NOT a.attisdropped
        ORDER BY a.attnum
    LOOP
        IF waybill.generation_error(p_plan, v_column, 'true') IS NOT NULL THEN
            PERFORM waybill.reject_not_computed(p_plan, v_column);
        END IF;
    END LOOP;
END
$$;

-- The error of computing a column for the accepted records that a condition picks; null if there
-- is none.
CREATE OR REPLACE FUNCTION waybill.generation_error(p_plan waybill.merge_plan, p_column text,
    p_condition text)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    EXECUTE format('SELECT count(s.%I) FROM %s AS s WHERE %s', p_column,
        waybill.as_rows(p_plan, ARRAY[p_column]), p_condition);
    RETURN NULL;
EXCEPTION
    WHEN OTHERS THEN
        IF NOT waybill.is_fault_of_data(SQLSTATE) THEN
            RAISE;
        END IF;
        RETURN waybill.error_text(p_plan.contract, p_column, SQLSTATE, SQLERRM);
END
$$;

-- Halve the records until each that has an error is found.
CREATE OR REPLACE FUNCTION waybill.reject_not_computed(p_plan waybill.merge_plan,
    p_column text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_ranges int8range[];
    v_range int8range;
    v_middle bigint;
    v_error text;
BEGIN
    -- Each range looks its records up: without an index the cost would grow with the square of
    -- their number.
    -- The few records of a preview do without.
    IF NOT waybill.is_preview(p_plan) THEN
        PERFORM waybill.run_sql(format('CREATE INDEX ON %s (_waybill_line)', p_plan.source));
        PERFORM waybill.run_sql(format('ANALYZE %s', p_plan.source));
    END IF;
    EXECUTE format('SELECT ARRAY[int8range(min(_waybill_line), max(_waybill_line), ''[]'')] FROM %s',
        p_plan.source) INTO v_ranges;
    WHILE v_ranges <> '{}' LOOP
        v_range := v_ranges[1];
        v_ranges := v_ranges[2:];
        v_error := waybill.generation_error(p_plan, p_column, format(
            's._waybill_line >= %s AND s._waybill_line < %s', lower(v_range), upper(v_range)));
        IF v_error IS NULL THEN
            CONTINUE;
        ELSIF upper(v_range) - lower(v_range) = 1 THEN
            INSERT INTO pg_temp.merge_rejects
            VALUES (lower(v_range), p_column, 'refused_by_table', v_error);
        ELSE
            v_middle := (lower(v_range) + upper(v_range)) / 2;
            v_ranges := ARRAY[int8range(lower(v_range), v_middle),
                int8range(v_middle, upper(v_range))] || v_ranges;
        END IF;
    END LOOP;
END
$$;
