-- When the table refuses a write that every check had passed (an exclusion, a trigger that
-- raises): halve until the record is found, reject it, write the rest. Of two records that
-- exclude each other the earlier line stays.

-- Whether the same call may succeed later: a lost connection (08), a wrong transaction (25), a
-- conflict with another transaction (40), lack of resources (53), a lock or object in use (55),
-- an intervention (57), the file system (58), configuration (F0), PostgreSQL itself (XX).
CREATE OR REPLACE FUNCTION waybill.is_transient(p_sqlstate text) RETURNS boolean
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN left(p_sqlstate, 2) IN ('08', '25', '40', '53', '55', '57', '58', 'F0', 'XX');

-- Whether a routine of Waybill lacks a function, a table, a column or a type that a deployment has
-- dropped and is about to create again: innermost in the context is one, and its own statement, or
-- the name, is of Waybill. What the table's triggers lack does not come back by itself; functions with
-- a search path of their own, and those in SQL, are named without their schema. How long it is waited
-- for, and what else may be lacking, is decided in waybill/database/errors.py.
CREATE OR REPLACE FUNCTION waybill.is_being_replaced(p_sqlstate text, p_message text,
    p_context text)
RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN p_sqlstate IN ('42883', '42P01', '42703', '42704') AND coalesce((
    SELECT EXISTS (
            SELECT FROM pg_proc AS p
            WHERE p.pronamespace = 'waybill'::regnamespace
                AND x.at[1] IN (p.proname, 'waybill.' || p.proname))
        AND (x.at[2] NOT LIKE '%EXECUTE%' OR p_message LIKE '%waybill.%')
    FROM regexp_match(p_context, '(?n)^(?:PL/pgSQL|SQL) function "?([^\s("]+)(.*)$') AS x (at)),
    false);

-- Whether an error of a merge passes by itself, or is raised by it: it is not the table's refusal.
CREATE OR REPLACE FUNCTION waybill.is_no_refusal(p_sqlstate text, p_message text, p_context text)
RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN waybill.is_transient(p_sqlstate) OR p_sqlstate LIKE 'WB%'
    OR waybill.is_being_replaced(p_sqlstate, p_message, p_context);

-- Whether an error is about some record, so that the others may be written. A statement that
-- cannot run at all (42, 0A: of a trigger or an expression of the table) fails for every one.
CREATE OR REPLACE FUNCTION waybill.is_fault_of_data(p_sqlstate text) RETURNS boolean
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN NOT waybill.is_transient(p_sqlstate)
    AND left(p_sqlstate, 2) NOT IN ('42', '0A', 'WB');

-- Returns whether rows were written one by one.
CREATE OR REPLACE FUNCTION waybill.write(p_plan waybill.merge_plan) RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_last_level integer;
BEGIN
    BEGIN
        PERFORM waybill.write_as_set(p_plan);
        RETURN false;
    EXCEPTION
        WHEN OTHERS THEN
            -- Row by row, the foreign keys refuse records that wait for each other.
            IF p_plan.in_cycle OR NOT waybill.is_fault_of_data(SQLSTATE) THEN
                RAISE;
            END IF;
            RAISE LOG 'job %: written row by row, since SQLSTATE %', p_plan.job_id, SQLSTATE;
    END;
    PERFORM waybill.store_records();
    PERFORM waybill.assert_all_found(p_plan);
    v_last_level := waybill.order_writes(p_plan);
    ANALYZE pg_temp.merge_records;
    PERFORM waybill.add_needed_partitions(p_plan);
    FOR v_level IN 0..v_last_level LOOP
        IF v_level = v_last_level THEN
            PERFORM waybill.exchange_shifted(p_plan);
        END IF;
        PERFORM waybill.write_row_by_row(
            p_plan, v_level, min(_waybill_line), max(_waybill_line))
        FROM pg_temp.merge_records
        WHERE _waybill_level = v_level AND _waybill_class IN ('insert', 'update')
        HAVING count(*) > 0;
    END LOOP;
    PERFORM waybill.stamp_rows(p_plan);
    RETURN true;
END
$$;

-- Write the rows that exchange values as a set, or leave them to be refused one by one.
CREATE OR REPLACE FUNCTION waybill.exchange_shifted(p_plan waybill.merge_plan) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    PERFORM waybill.take_shifted(p_plan);
    PERFORM waybill.put_shifted(p_plan);
EXCEPTION
    WHEN OTHERS THEN
        IF NOT waybill.is_fault_of_data(SQLSTATE) THEN
            RAISE;
        END IF;
        DELETE FROM pg_temp.merge_shifted;
END
$$;

-- Write the records of a level and a range of lines; reject those that the table refuses.
CREATE OR REPLACE FUNCTION waybill.write_row_by_row(p_plan waybill.merge_plan,
    p_level integer, p_first bigint, p_last bigint)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_middle bigint;
    v_sqlstate text;
    v_message text;
    v_column text;
    v_constraint text;
BEGIN
    BEGIN
        PERFORM waybill.write_lines(p_plan, p_level, p_first, p_last);
        RETURN;
    EXCEPTION
        WHEN OTHERS THEN
            IF NOT waybill.is_fault_of_data(SQLSTATE) THEN
                RAISE;
            END IF;
            GET STACKED DIAGNOSTICS
                v_sqlstate = RETURNED_SQLSTATE,
                v_message = MESSAGE_TEXT,
                v_column = COLUMN_NAME,
                v_constraint = CONSTRAINT_NAME;
    END;
    IF p_first = p_last THEN
        INSERT INTO pg_temp.merge_rejects VALUES (
            p_first,
            nullif(v_column, ''),
            CASE WHEN v_constraint = '' THEN 'refused_by_table' ELSE 'constraint_violation' END,
            waybill.error_text(p_plan.contract, nullif(v_column, ''), v_sqlstate, v_message));
        UPDATE pg_temp.merge_records
        SET _waybill_class = 'rejected'
        WHERE _waybill_line = p_first;
        RETURN;
    END IF;
    SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY _waybill_line)
    INTO v_middle
    FROM pg_temp.merge_records
    WHERE _waybill_class IN ('insert', 'update')
        AND _waybill_level = p_level
        AND _waybill_line >= p_first
        AND _waybill_line <= p_last;
    PERFORM waybill.write_row_by_row(p_plan, p_level, p_first, v_middle);
    PERFORM waybill.write_row_by_row(p_plan, p_level, min(_waybill_line), p_last)
    FROM pg_temp.merge_records
    WHERE _waybill_class IN ('insert', 'update')
        AND _waybill_level = p_level
        AND _waybill_line > v_middle
        AND _waybill_line <= p_last
    HAVING count(*) > 0;
END
$$;

CREATE OR REPLACE FUNCTION waybill.write_lines(p_plan waybill.merge_plan, p_level integer,
    p_first bigint, p_last bigint)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_lines CONSTANT text := format(
        's._waybill_level = %s AND s._waybill_line >= %s AND s._waybill_line <= %s',
        p_level, p_first, p_last);
    v_inserts bigint;
BEGIN
    PERFORM waybill.update_rows(p_plan, v_lines);
    EXECUTE format(
        'SELECT count(*) FROM pg_temp.merge_records AS s'
        ' WHERE s._waybill_class = ''insert'' AND %s', v_lines)
    INTO v_inserts;
    PERFORM waybill.insert_records(p_plan, p_plan.target, v_lines, v_inserts);
    SET CONSTRAINTS ALL IMMEDIATE;
END
$$;
