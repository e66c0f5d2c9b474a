-- Rows whose values of a unique index shift from one to the other within a file: they are taken
-- out of the table and inserted again.

-- merge_rewritten: the shifted rows, deleted from the table so that each value is free for its
-- next row; merge_taken: the same, as they were.
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
    DROP TABLE IF EXISTS pg_temp.merge_taken;
    CREATE TEMP TABLE merge_taken ON COMMIT DROP AS TABLE pg_temp.merge_rewritten;
END
$$;

-- Insert the shifted rows again, with their new values.
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
    PERFORM waybill.assert_count('updated', v_expected, waybill.write_rows(p_plan, format(
        $q$
        INSERT INTO %1$s (%2$s) OVERRIDING SYSTEM VALUE
        SELECT %2$s FROM pg_temp.merge_rewritten
        $q$, p_plan.target, v_columns)));
    PERFORM waybill.set_replica(false);
    PERFORM waybill.follow_shifted(p_plan, r)
    FROM waybill.references_to_shifted(p_plan) AS r;
END
$$;

-- The foreign keys of other tables that refer to columns which a merge may change.
CREATE OR REPLACE FUNCTION waybill.references_to_shifted(p_plan waybill.merge_plan)
RETURNS SETOF pg_constraint
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT c
    FROM pg_constraint AS c
    WHERE c.contype = 'f'
        AND c.confrelid = (p_plan).target
        AND c.conparentid = 0
        AND NOT waybill.column_names(c.confrelid, c.confkey) <@ (p_plan).natural_key;
END;

-- What the foreign key of another table does when the row that it refers to is updated: its
-- triggers were off.
CREATE OR REPLACE FUNCTION waybill.follow_shifted(p_plan waybill.merge_plan,
    p_reference pg_constraint)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_from CONSTANT text[] := waybill.column_names(p_reference.conrelid, p_reference.conkey);
    v_to CONSTANT text[] := waybill.column_names(p_reference.confrelid, p_reference.confkey);
    v_followers CONSTANT text := (
        SELECT format(
            $q$
            pg_temp.merge_taken AS o
            JOIN pg_temp.merge_rewritten AS n ON %s
            WHERE %s AND ROW(%s) IS DISTINCT FROM ROW(%s)
            $q$,
            waybill.equal_on(p_plan.natural_key, 'o', 'n'),
            string_agg(format('r.%I = o.%I', x.source, x.target), ' AND '),
            waybill.ident_list(v_to, 'o.'),
            waybill.ident_list(v_to, 'n.'))
        FROM unnest(v_from, v_to) AS x (source, target)
    );
    v_is_referred_to boolean;
BEGIN
    IF p_reference.confupdtype IN ('c', 'n', 'd') THEN
        PERFORM waybill.run_sql(format('UPDATE %s AS r SET %s FROM %s',
            p_reference.conrelid::regclass,
            (
                SELECT string_agg(format(
                    CASE p_reference.confupdtype
                        WHEN 'c' THEN '%I = n.%I'
                        WHEN 'n' THEN '%I = NULL'
                        ELSE '%I = DEFAULT'
                    END, x.source, x.target), ', ')
                FROM unnest(v_from, v_to) AS x (source, target)
            ),
            v_followers));
        RETURN;
    END IF;
    EXECUTE format('SELECT EXISTS (SELECT FROM %s AS r, %s AND %s)',
        p_reference.conrelid::regclass,
        v_followers,
        CASE p_reference.confupdtype
            WHEN 'r' THEN 'true'
            -- NO ACTION: another row may have the value now.
            ELSE format('NOT EXISTS (SELECT FROM %s AS h WHERE %s)',
                p_plan.target, waybill.equal_on(v_to, 'h', 'o'))
        END)
    INTO v_is_referred_to;
    IF v_is_referred_to THEN
        RAISE EXCEPTION 'Rows of % refer to a value that the file changes.',
            p_reference.conrelid::regclass
            USING ERRCODE = '23503', CONSTRAINT = p_reference.conname;
    END IF;
END
$$;

-- Whether rows may be deleted and inserted again in one transaction without side effects: there
-- are no triggers, rows of other tables can be made to follow, and every foreign key was checked
-- as a set (of MATCH FULL a partly null reference is not).
CREATE OR REPLACE FUNCTION waybill.may_rewrite(p_plan waybill.merge_plan) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN NOT waybill.has_triggers((p_plan).target)
    AND NOT EXISTS (
        SELECT FROM pg_constraint AS c
        WHERE c.confrelid = (p_plan).target
            AND (
                NOT has_parameter_privilege('session_replication_role', 'SET')
                OR NOT waybill.column_names(c.confrelid, c.confkey)
                        <@ (p_plan).natural_key
                    AND (
                        c.conrelid = (p_plan).target
                        OR NOT has_table_privilege(c.conrelid, 'SELECT')
                        OR NOT has_table_privilege(c.conrelid, 'UPDATE')
                    )
            )
    )
    AND NOT EXISTS (
        SELECT FROM pg_constraint AS c
        WHERE c.conrelid = (p_plan).target AND c.contype = 'f' AND c.confmatchtype = 'f'
    );

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
