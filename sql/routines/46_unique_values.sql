-- Unique indexes other than that of the natural key, checked on the end state: values may be
-- passed on from row to row, or swapped, within one file.

-- The columns that an index reads, in keys, expressions and predicate.
CREATE OR REPLACE FUNCTION waybill.index_columns(p_index regclass) RETURNS text[]
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN ARRAY(
    SELECT a.attname::text
    FROM pg_index AS i
    JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum > 0
    WHERE i.indexrelid = p_index
        AND (
            a.attnum = ANY (i.indkey::smallint[])
            OR EXISTS (
                SELECT FROM pg_depend AS d
                WHERE d.classid = 'pg_class'::regclass
                    AND d.objid = i.indexrelid
                    AND d.refclassid = 'pg_class'::regclass
                    AND d.refobjid = i.indrelid
                    AND d.refobjsubid = a.attnum
            )
        )
);

-- Unique indexes that the file may break. One that leads to rows of one natural key cannot be,
-- since a merge writes one row for each key.
CREATE OR REPLACE FUNCTION waybill.unique_indexes(p_plan waybill.merge_plan)
RETURNS SETOF regclass
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT i.indexrelid::regclass
    FROM pg_index AS i
    WHERE i.indrelid = (p_plan).target
        AND i.indisunique
        AND (
            (p_plan).natural_key = '{}'
            OR i.indpred IS NOT NULL
            OR i.indexprs IS NOT NULL
            OR NOT waybill.column_names(i.indrelid, i.indkey::smallint[])
                @> (p_plan).natural_key
        )
        AND waybill.index_columns(i.indexrelid) && waybill.updated_columns(p_plan)
        -- A number that the table draws itself is new.
        AND NOT EXISTS (
            SELECT FROM pg_attribute AS a
            LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
            WHERE a.attrelid = i.indrelid
                AND a.attname = ANY (waybill.index_columns(i.indexrelid))
                AND a.attname <> ALL (waybill.updated_columns(p_plan))
                AND (a.attidentity <> '' OR pg_get_expr(d.adbin, d.adrelid) LIKE '%nextval(%')
        )
    ORDER BY i.indexrelid;
END;

-- The keys of an index as expressions over a row, named k1, k2, …, of the rows that it has.
CREATE OR REPLACE FUNCTION waybill.index_keys(p_index regclass, p_columns text, p_from text)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT format('SELECT * FROM (SELECT %s, %s FROM %s WHERE %s) AS x WHERE %s',
        p_columns,
        string_agg(format('%s AS _waybill_k%s', pg_get_indexdef(p_index, k, false), k), ', '
            ORDER BY k),
        p_from,
        coalesce(min(pg_get_expr(i.indpred, i.indrelid)), 'true'),
        CASE WHEN bool_or(i.indnullsnotdistinct) THEN 'true'
            ELSE string_agg(format('_waybill_k%s IS NOT NULL', k), ' AND ') END)
    FROM pg_index AS i
    CROSS JOIN generate_series(1, i.indnkeyatts::integer) AS k
    WHERE i.indexrelid = p_index
);

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
        RAISE LOG 'unique values cannot be compared as a set: %', SQLERRM;
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
            waybill.new_keys(p_plan, v_index),
            waybill.old_keys(p_plan, v_index),
            waybill.same_keys(v_index, 'n', 'o')));
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION waybill.new_keys(p_plan waybill.merge_plan, p_index regclass)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN waybill.index_keys(p_index, '_waybill_line, _waybill_class',
    format('(SELECT r.*%s FROM pg_temp.merge_records AS r'
        ' WHERE r._waybill_class IN (''insert'', ''update'')) AS s',
        CASE WHEN waybill.reads_generated(p_plan,
                jsonb_build_object('columns', to_jsonb(waybill.index_columns(p_index))))
            THEN waybill.generated_columns(p_plan) ELSE '' END));

-- The keys that the rows of updates have now.
CREATE OR REPLACE FUNCTION waybill.old_keys(p_plan waybill.merge_plan, p_index regclass)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN waybill.index_keys(p_index, '_waybill_line',
    format('(SELECT s._waybill_line, h.* FROM pg_temp.merge_records AS s JOIN %s AS h ON %s'
        ' WHERE s._waybill_class = ''update'') AS o',
        (p_plan).target, waybill.equal_on((p_plan).natural_key, 'h', 's')));

CREATE OR REPLACE FUNCTION waybill.same_keys(p_index regclass, p_left text, p_right text)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT string_agg(format('%1$s._waybill_k%3$s %4$s %2$s._waybill_k%3$s', p_left, p_right, k,
        CASE WHEN i.indnullsnotdistinct THEN 'IS NOT DISTINCT FROM' ELSE '=' END), ' AND ')
    FROM pg_index AS i
    CROSS JOIN generate_series(1, i.indnkeyatts::integer) AS k
    WHERE i.indexrelid = p_index
);

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

-- Whether rows may be deleted and inserted again in one transaction without anybody noticing:
-- nobody's trigger sees it, and rows of other tables refer to none of the columns that change.
CREATE OR REPLACE FUNCTION waybill.may_rewrite(p_plan waybill.merge_plan) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN NOT EXISTS (
        SELECT FROM pg_trigger AS t
        WHERE t.tgrelid = (p_plan).target AND NOT t.tgisinternal
    )
    AND NOT EXISTS (
        SELECT FROM pg_constraint AS c
        WHERE c.confrelid = (p_plan).target
            AND (
                NOT has_parameter_privilege('session_replication_role', 'SET')
                OR NOT waybill.column_names(c.confrelid, c.confkey)
                    <@ (p_plan).natural_key
            )
    );

-- merge_rewritten: the shifted rows, taken out of the table so that each value is free for its
-- next row.
CREATE OR REPLACE FUNCTION waybill.take_shifted(p_plan waybill.merge_plan) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    DROP TABLE IF EXISTS pg_temp.merge_rewritten;
    IF NOT EXISTS (SELECT FROM pg_temp.merge_shifted) OR NOT waybill.may_rewrite(p_plan) THEN
        DELETE FROM pg_temp.merge_shifted;
        RETURN;
    END IF;
    -- Replica: the ON DELETE actions of tables that refer to these rows must not run.
    PERFORM waybill.set_replica(true);
    PERFORM waybill.run_sql(format(
        'CREATE TEMP TABLE merge_rewritten (LIKE %s) ON COMMIT DROP', p_plan.target));
    PERFORM waybill.run_sql(format(
        $q$
        WITH taken AS (
            DELETE FROM %1$s AS h
            USING pg_temp.merge_records AS s, pg_temp.merge_shifted AS m
            WHERE s._waybill_line = m.line
                AND %2$s
            RETURNING h.*
        )
        INSERT INTO pg_temp.merge_rewritten
        SELECT * FROM taken
        $q$, p_plan.target, waybill.equal_on(p_plan.natural_key, 'h', 's')));
    PERFORM waybill.set_replica(false);
END
$$;

-- The shifted rows come back with their new values.
CREATE OR REPLACE FUNCTION waybill.put_shifted(p_plan waybill.merge_plan) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_expected CONSTANT bigint := (SELECT count(*) FROM pg_temp.merge_shifted);
    v_columns text;
BEGIN
    IF v_expected = 0 THEN
        RETURN;
    END IF;
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) INTO v_columns
    FROM pg_attribute AS a
    WHERE a.attrelid = p_plan.target
        AND a.attnum > 0
        AND NOT a.attisdropped
        AND a.attgenerated = '';
    PERFORM waybill.run_sql(format(
        $q$
        UPDATE pg_temp.merge_rewritten AS h
        SET %1$s, _landed = %2$s
        FROM pg_temp.merge_records AS s
        WHERE %3$s
        $q$,
        waybill.set_list(waybill.updated_columns(p_plan), 's'),
        p_plan.effective_order,
        waybill.equal_on(p_plan.natural_key, 'h', 's')));
    PERFORM waybill.set_replica(true);
    PERFORM waybill.assert_count('updated', v_expected, waybill.run_sql(format(
        $q$
        INSERT INTO %1$s (%2$s) OVERRIDING SYSTEM VALUE
        SELECT %2$s FROM pg_temp.merge_rewritten
        $q$, p_plan.target, v_columns)));
    PERFORM waybill.set_replica(false);
END
$$;

-- Turns the foreign key triggers off or on for this transaction, where that may be done.
CREATE OR REPLACE FUNCTION waybill.set_replica(p_on boolean) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    IF has_parameter_privilege('session_replication_role', 'SET') THEN
        PERFORM set_config('session_replication_role',
            CASE WHEN p_on THEN 'replica' ELSE 'origin' END, true);
    END IF;
END
$$;
