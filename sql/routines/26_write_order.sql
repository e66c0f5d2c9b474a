-- The order in which records are written one by one: a record that needs a value which a row has
-- now, or a parent of the same file, comes after the record that frees or brings it.

-- Adds _waybill_level to merge_records: 0 for those that wait for no other, and one more than the
-- highest that it waits for of each of the rest. Records that wait for each other, and those
-- behind them, have the last level; their updates are left in merge_shifted, to be written
-- together. Returns the last level. Takes time in proportion to the number of dependencies.
CREATE OR REPLACE FUNCTION waybill.order_writes(p_plan waybill.merge_plan) RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
SET client_min_messages = warning
AS $$
DECLARE
    v_level integer := 0;
    v_written bigint[];
    v_freed bigint[];
    v_waiting bigint[];
BEGIN
    ALTER TABLE pg_temp.merge_records ADD COLUMN _waybill_level integer NOT NULL DEFAULT 0;
    -- For the ranges that are written, which would otherwise each read all records. Before the
    -- levels are set: this transaction could not use an index that is built after such updates.
    CREATE INDEX ON pg_temp.merge_records (_waybill_level, _waybill_line);
    PERFORM waybill.find_dependencies(p_plan);
    DROP TABLE IF EXISTS pg_temp.merge_levels;
    CREATE TEMP TABLE merge_levels (line bigint, level integer) ON COMMIT DROP;
    v_written := ARRAY(
        SELECT DISTINCT d.needs FROM pg_temp.merge_dependencies AS d
        WHERE NOT EXISTS (
            SELECT FROM pg_temp.merge_dependencies AS w WHERE w.line = d.needs
        )
    );
    WHILE v_written <> '{}' LOOP
        v_level := v_level + 1;
        WITH satisfied AS (
            DELETE FROM pg_temp.merge_dependencies WHERE needs = ANY (v_written) RETURNING line
        )
        SELECT array_agg(DISTINCT line) INTO v_freed FROM satisfied;
        -- A statement of its own, which sees what is left.
        v_written := ARRAY(
            SELECT line FROM unnest(v_freed) AS f (line)
            WHERE NOT EXISTS (
                SELECT FROM pg_temp.merge_dependencies AS d WHERE d.line = f.line
            )
        );
        INSERT INTO pg_temp.merge_levels SELECT line, v_level FROM unnest(v_written) AS w (line);
    END LOOP;
    INSERT INTO pg_temp.merge_levels
    SELECT DISTINCT line, v_level + 1 FROM pg_temp.merge_dependencies;
    UPDATE pg_temp.merge_records AS s SET _waybill_level = l.level
    FROM pg_temp.merge_levels AS l WHERE l.line = s._waybill_line;
    v_waiting := ARRAY(
        SELECT line FROM pg_temp.merge_shifted
        WHERE line IN (SELECT line FROM pg_temp.merge_dependencies)
    );
    -- Deleted rows would be read again for each level.
    TRUNCATE pg_temp.merge_shifted;
    INSERT INTO pg_temp.merge_shifted SELECT unnest(v_waiting);
    RETURN v_level + 1;
END
$$;

-- merge_dependencies: a line and one that must be written before it.
CREATE OR REPLACE FUNCTION waybill.find_dependencies(p_plan waybill.merge_plan) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
SET client_min_messages = warning
AS $$
DECLARE
    v_index regclass;
BEGIN
    DROP TABLE IF EXISTS pg_temp.merge_dependencies;
    CREATE TEMP TABLE merge_dependencies (line bigint, needs bigint) ON COMMIT DROP;
    IF p_plan.keeps_raw THEN
        FOR v_index IN SELECT waybill.unique_indexes(p_plan) LOOP
            PERFORM waybill.find_freed_values(p_plan, v_index);
        END LOOP;
    END IF;
    IF waybill.refers_to_itself(p_plan) THEN
        PERFORM waybill.link_records(p_plan, waybill.written_rows(p_plan));
        INSERT INTO pg_temp.merge_dependencies
        SELECT child, parent FROM pg_temp.merge_links WHERE child <> parent;
    END IF;
    CREATE INDEX ON pg_temp.merge_dependencies (line);
    CREATE INDEX ON pg_temp.merge_dependencies (needs);
    ANALYZE pg_temp.merge_dependencies;
EXCEPTION
    -- An expression of an index fails for some record: the order is then that of the lines.
    WHEN OTHERS THEN
        IF NOT waybill.is_fault_of_data(SQLSTATE) THEN
            RAISE;
        END IF;
        RAISE LOG 'values of unique indexes cannot be compared: SQLSTATE %', SQLSTATE;
        CREATE TEMP TABLE IF NOT EXISTS merge_dependencies (line bigint, needs bigint)
            ON COMMIT DROP;
        DELETE FROM pg_temp.merge_dependencies;
END
$$;

-- Records whose value of a unique index is now that of a row which another record updates.
-- Without nested loops, as in find_shifted.
CREATE OR REPLACE FUNCTION waybill.find_freed_values(p_plan waybill.merge_plan,
    p_index regclass)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
SET enable_nestloop = off
AS $$
BEGIN
    PERFORM waybill.run_sql(format(
        $q$
        WITH new AS (%1$s), old AS (%2$s)
        INSERT INTO pg_temp.merge_dependencies
        SELECT n._waybill_line, o._waybill_line
        FROM new AS n
        JOIN old AS o ON %3$s
        WHERE n._waybill_line <> o._waybill_line
        $q$,
        waybill.new_keys(p_plan, p_index),
        waybill.old_keys(p_plan, p_index),
        waybill.same_keys(p_index, 'n', 'o')));
END
$$;
