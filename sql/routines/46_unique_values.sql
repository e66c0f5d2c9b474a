-- Unique indexes other than that of the natural key, checked on the end state: within one file
-- rows may exchange values.

-- Rejects the records whose values another record or row has in the end state: of two records
-- the earlier line stays. A record that is rejected leaves its row as it was, and with it the
-- value that another record may have counted on, hence the recursion.
-- merge_shifted: updates to a value that another updated row has now.
CREATE OR REPLACE FUNCTION waybill.check_unique(p_plan waybill.merge_plan) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    DROP TABLE IF EXISTS pg_temp.merge_shifted;
    CREATE TEMP TABLE merge_shifted (line bigint PRIMARY KEY) ON COMMIT DROP;
    IF NOT p_plan.keeps_raw THEN
        RETURN;
    END IF;
    PERFORM waybill.reject_duplicates_of_unique_indexes(p_plan);
EXCEPTION
    -- An expression of an index or of a generated column fails for some record: the write then
    -- finds that record row by row.
    WHEN OTHERS THEN
        IF NOT waybill.is_fault_of_data(SQLSTATE) THEN
            RAISE;
        END IF;
        RAISE LOG 'unique values cannot be compared as a set: SQLSTATE %', SQLSTATE;
        CREATE TEMP TABLE IF NOT EXISTS merge_shifted (line bigint PRIMARY KEY) ON COMMIT DROP;
        DELETE FROM pg_temp.merge_shifted;
END
$$;

CREATE OR REPLACE FUNCTION waybill.reject_duplicates_of_unique_indexes(p_plan waybill.merge_plan) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_index regclass;
    v_rejected bigint;
BEGIN
    LOOP
        v_rejected := 0;
        FOR v_index IN SELECT waybill.unique_indexes(p_plan) LOOP
            v_rejected := v_rejected + waybill.reject_duplicates(p_plan, v_index);
        END LOOP;
        EXIT WHEN v_rejected = 0;
    END LOOP;
    FOR v_index IN SELECT waybill.unique_indexes(p_plan) LOOP
        PERFORM waybill.find_shifted(p_plan, v_index);
    END LOOP;
END
$$;

-- The updates to a value of the index that another updated row has now. Without nested loops,
-- which the planner prefers where it expects one record, and which compare each pair.
CREATE OR REPLACE FUNCTION waybill.find_shifted(p_plan waybill.merge_plan, p_index regclass)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
SET enable_nestloop = off
AS $$
BEGIN
    PERFORM waybill.run_sql(format(
        $q$
        WITH new AS (%1$s), old AS (%2$s)
        INSERT INTO pg_temp.merge_shifted
        SELECT DISTINCT n._waybill_line
        FROM new AS n
        JOIN old AS o ON %3$s
        WHERE n._waybill_class = 'update'
            AND n._waybill_line <> o._waybill_line
        ON CONFLICT DO NOTHING
        $q$,
        waybill.new_keys(p_plan, p_index),
        waybill.old_keys(p_plan, p_index),
        waybill.same_keys(p_index, 'n', 'o')));
END
$$;

CREATE OR REPLACE FUNCTION waybill.reject_duplicates(p_plan waybill.merge_plan,
    p_index regclass)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_keys CONSTANT integer := (
        SELECT i.indnkeyatts FROM pg_index AS i WHERE i.indexrelid = p_index
    );
    v_before CONSTANT bigint := (
        SELECT count(*) FROM pg_temp.merge_records WHERE _waybill_class = 'rejected'
    );
BEGIN
    PERFORM waybill.run_sql(format(
        $q$
        WITH RECURSIVE new AS MATERIALIZED (%1$s),
        old AS MATERIALIZED (%2$s),
        -- Rows that no record of the file changes.
        kept AS (%3$s),
        refused (line) AS (
            SELECT n._waybill_line
            FROM (
                SELECT *, row_number() OVER (PARTITION BY %4$s ORDER BY _waybill_line) AS nth
                FROM new
            ) AS n
            WHERE n.nth > 1
                OR EXISTS (SELECT FROM kept AS k WHERE %5$s)
            UNION
            SELECT w._waybill_line
            FROM refused AS r
            JOIN old AS o ON o._waybill_line = r.line
            JOIN new AS w ON %6$s
        ),
        rejected AS (
            UPDATE pg_temp.merge_records AS t
            SET _waybill_class = 'rejected'
            FROM refused AS r
            WHERE t._waybill_line = r.line
            RETURNING r.line
        )
        INSERT INTO pg_temp.merge_rejects
        SELECT line, %7$L, 'constraint_violation', %8$L
        FROM rejected
        $q$,
        waybill.new_keys(p_plan, p_index),
        waybill.old_keys(p_plan, p_index),
        waybill.index_keys(p_index, '1 AS _waybill_row', format(
            '(SELECT * FROM %s AS h WHERE NOT EXISTS (SELECT FROM pg_temp.merge_records AS s'
            ' WHERE s._waybill_class = ''update'' AND %s)) AS h',
            p_plan.target, waybill.equal_on(p_plan.natural_key, 'h', 's'))),
        (SELECT string_agg('_waybill_k' || k, ', ') FROM generate_series(1, v_keys) AS k),
        waybill.same_keys(p_index, 'k', 'n'),
        waybill.same_keys(p_index, 'w', 'o'),
        CASE WHEN v_keys = 1 THEN (waybill.index_columns(p_index))[1] END,
        format('duplicate value of the unique index %s', p_index)));
    RETURN (
        SELECT count(*) FROM pg_temp.merge_records WHERE _waybill_class = 'rejected'
    ) - v_before;
END
$$;

-- Let the records that another one kept out be classified anew; false if there are none. Not where
-- the file, or a later one, replaces rows: those that it lacks are deleted by then.
CREATE OR REPLACE FUNCTION waybill.take_back_refused(p_plan waybill.merge_plan) RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_are_there boolean;
BEGIN
    IF p_plan.disposition = 'replace' OR p_plan.replaced_later <> '{}'
        -- Then every key has one record.
        OR p_plan.left_out > 0
    THEN
        RETURN false;
    END IF;
    DELETE FROM pg_temp.merge_rejects WHERE code = 'duplicate_key';
    PERFORM waybill.filter_duplicates(p_plan);
    EXECUTE format(
        $q$
        SELECT EXISTS (
            SELECT FROM %s AS t
            WHERE NOT EXISTS (
                    SELECT FROM pg_temp.merge_rejects AS r WHERE r.line = t._waybill_line
                )
                AND NOT EXISTS (
                    SELECT FROM pg_temp.merge_records AS s WHERE s._waybill_line = t._waybill_line
                )
        )
        $q$, p_plan.source)
    INTO v_are_there;
    IF NOT v_are_there THEN
        PERFORM waybill.reject_present_keys(p_plan);
    END IF;
    RETURN v_are_there;
END
$$;

-- The class of each record, with what only the rows and the other records of the file decide. A
-- record that is rejected here supersedes none, and none is a duplicate of it: then all are
-- classified again without it, at most ten times, since each takes all records.
CREATE OR REPLACE FUNCTION waybill.accept_records(p_plan waybill.merge_plan)
RETURNS waybill.merge_plan
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_before bigint;
    v_rejected bigint;
BEGIN
    FOR v_pass IN 1..10 LOOP
        v_before := waybill.count_refusals();
        p_plan.left_out := waybill.classify_briefly(p_plan);
        PERFORM waybill.set_pending(p_plan);
        p_plan.totals := coalesce(waybill.staged_totals(p_plan), waybill.totals_of_records(p_plan));
        v_rejected := waybill.check_partitions(p_plan);
        IF v_pass = 1 THEN
            PERFORM waybill.delete_absent(p_plan);
        END IF;
        LOOP
            PERFORM waybill.check_unique(p_plan);
            -- The parent of a record may be one that has just been rejected. A record that is then
            -- pending leaves its row as it was, so its values are compared again.
            EXIT WHEN NOT waybill.refers_to_itself(p_plan)
                OR waybill.set_orphans_pending(p_plan) = 0;
        END LOOP;
        IF v_rejected > 0 OR p_plan.keeps_raw OR waybill.refers_to_itself(p_plan) THEN
            p_plan.totals := waybill.totals_of_records(p_plan);
        END IF;
        EXIT WHEN v_pass = 10 OR waybill.count_refusals() = v_before
            OR NOT waybill.take_back_refused(p_plan);
        -- Staged again for a late file, the records would not be classified in the same way.
        p_plan.stamp_unchanged := true;
    END LOOP;
    RETURN p_plan;
END
$$;
