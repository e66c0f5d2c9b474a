-- Writes the classified records of a batch to their table from its JSON.

-- Write the records of these lines, as `write_as_set`.
CREATE OR REPLACE FUNCTION waybill.write_json(p_plan waybill.merge_plan, p_rows jsonb,
    p_inserts bigint[], p_updates bigint[], p_unchanged bigint[])
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_columns CONSTANT text[] := waybill.inserted_columns(p_plan);
    v_records CONSTANT text := format('(%s) AS s', p_plan.source);
    v_is_same_key CONSTANT text := waybill.equal_on(p_plan.natural_key, 'h', 's');
    v_order CONSTANT text :=
        CASE WHEN waybill.is_small(p_rows) THEN '$3' ELSE p_plan.effective_order::text END;
    -- PostgreSQL plans every statement of the session again after each of these changes, which
    -- takes longer than the triggers of a few rows.
    v_skips_triggers CONSTANT boolean := cardinality(p_inserts) + cardinality(p_updates) > 500
        AND waybill.may_skip_triggers(p_plan.target);
BEGIN
    IF v_skips_triggers THEN
        PERFORM waybill.set_replica(true);
    END IF;
    IF p_updates <> '{}' THEN
        PERFORM waybill.write_lines_by_size(p_plan, 'updated', p_rows, p_updates, format(
            'UPDATE %s AS h SET %s, _landed = %s FROM %s WHERE s._waybill_line = ANY ($2) AND %s',
            p_plan.target, waybill.set_list(v_columns, 's'), v_order, v_records, v_is_same_key));
    END IF;
    IF p_inserts <> '{}' THEN
        PERFORM waybill.write_lines_by_size(p_plan, 'inserted', p_rows, p_inserts, format(
            'INSERT INTO %s (%s, _landed) SELECT %s, %s FROM %s'
            ' WHERE s._waybill_line = ANY ($2) ORDER BY %s, %s',
            p_plan.target, waybill.ident_list(v_columns), waybill.ident_list(v_columns, 's.'),
            v_order, v_records, waybill.partition_start_of(p_plan, 's'),
            waybill.write_order(p_plan)));
    END IF;
    IF v_skips_triggers THEN
        PERFORM waybill.set_replica(false);
    END IF;
    IF p_unchanged <> '{}' THEN
        -- They are as their rows are, so the partition of each is known.
        PERFORM waybill.write_lines_by_size(p_plan, NULL, p_rows, p_unchanged, format(
            'UPDATE %1$s AS h SET _landed = %2$s FROM %3$s'
            ' WHERE s._waybill_line = ANY ($2) AND h._landed < %2$s AND %4$s AND %5$s',
            p_plan.target, v_order, v_records, v_is_same_key,
            CASE WHEN p_plan.partition_column = ANY (p_plan.columns)
                THEN waybill.equal_on(ARRAY[p_plan.partition_column], 'h', 's')
                ELSE 'true' END));
    END IF;
    SET CONSTRAINTS ALL IMMEDIATE;
END
$$;

-- Run a statement that writes the records ($1) of these lines ($2); of a small batch with the place
-- in the landing order ($3), as a kept statement. With `p_what`, each line must be written.
CREATE OR REPLACE FUNCTION waybill.write_lines_by_size(p_plan waybill.merge_plan, p_what text,
    p_rows jsonb, p_lines bigint[], p_statement text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_written bigint;
BEGIN
    -- A kept statement writes in a WITH clause, which a table with rules refuses.
    IF waybill.is_small(p_rows)
        AND NOT (SELECT c.relhasrules FROM pg_class AS c WHERE c.oid = p_plan.target)
    THEN
        v_written := waybill.write_kept(p_statement, p_rows, p_lines, p_plan.effective_order);
    ELSE
        EXECUTE p_statement USING p_rows, p_lines, p_plan.effective_order;
        GET DIAGNOSTICS v_written = ROW_COUNT;
    END IF;
    IF p_what IS NOT NULL THEN
        PERFORM waybill.assert_count(p_what, cardinality(p_lines), v_written);
    END IF;
END
$$;

-- Run it as a kept statement, for tables of any size, as in `classify_kept`.
CREATE OR REPLACE FUNCTION waybill.write_kept(p_statement text, p_rows jsonb, p_lines bigint[],
    p_order bigint)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
DECLARE
    -- EXECUTE has no row count of its own.
    v_counted CONSTANT text :=
        format('WITH w AS (%s RETURNING 1) SELECT count(*) FROM w', p_statement);
    v_written bigint;
BEGIN
    EXECUTE waybill.call_of_kept(
        waybill.keep_statement(v_counted, 'pg_catalog.jsonb, bigint[], bigint'), p_rows,
        format('%L, %L', p_lines, p_order))
    INTO v_written;
    RETURN v_written;
END
$$;
