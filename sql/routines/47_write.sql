-- The write as a set: updates and inserts, with new partitions filled on the side.

-- Everything at once, in the order of the table's secondary index.
CREATE OR REPLACE FUNCTION waybill.write_as_set(p_plan waybill.merge_plan) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_built CONSTANT jsonb := waybill.fill_new_partitions(p_plan);
    v_is_new CONSTANT text := waybill.is_in(v_built);
    v_skips_triggers CONSTANT boolean := p_plan.in_cycle
        OR waybill.may_skip_triggers(p_plan.target);
    v_new record;
BEGIN
    PERFORM waybill.take_shifted(p_plan);
    -- Until the end of this write only: back to origin below, or by the rollback.
    PERFORM waybill.set_replica(v_skips_triggers);
    PERFORM waybill.update_rows(p_plan, 'NOT ' || v_is_new);
    PERFORM waybill.insert_records(p_plan, p_plan.target, 'NOT ' || v_is_new,
        waybill.total_inserted(p_plan, v_built, p_is_new => false));
    PERFORM waybill.set_replica(false);
    FOR v_new IN SELECT * FROM waybill.built_partitions(v_built) LOOP
        PERFORM waybill.build_indexes(p_plan, v_new.partition_id);
    END LOOP;
    -- Writers of the referenced tables wait from here on. Copies take the places of their partitions
    -- later still, since readers wait for that, too.
    FOR v_new IN SELECT * FROM waybill.built_partitions(v_built - waybill.copied_starts()) LOOP
        PERFORM waybill.attach_partition(p_plan, v_new.partition_id, v_new.start);
    END LOOP;
    -- Rows that move to a new partition are updated once it is attached. A delete and an insert
    -- would fire the ON DELETE actions of tables that refer to them.
    PERFORM waybill.update_rows(p_plan, v_is_new);
    PERFORM waybill.put_shifted(p_plan);
    -- PostgreSQL checks the references of a row that this transaction wrote at its every update,
    -- and in a cycle the parent may be written later.
    PERFORM waybill.set_replica(p_plan.in_cycle);
    PERFORM waybill.stamp_rows(p_plan);
    PERFORM waybill.set_replica(false);
    SET CONSTRAINTS ALL IMMEDIATE;
END
$$;

-- Insert the new records that a condition picks; `p_expected` of them, or the merge is undone.
-- Sorted by partition and index, unless the table has no index yet.
CREATE OR REPLACE FUNCTION waybill.insert_records(p_plan waybill.merge_plan,
    p_table regclass, p_condition text, p_expected bigint, p_is_sorted boolean DEFAULT true)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_columns CONSTANT text[] := waybill.inserted_columns(p_plan);
BEGIN
    IF p_expected = 0 THEN
        RETURN;
    END IF;
    PERFORM waybill.assert_count('inserted', p_expected, waybill.write_rows(p_plan, format(
        $q$
        INSERT INTO %1$s (%2$s%3$s)
        SELECT %4$s%5$s
        FROM (%6$s) AS s
        $q$,
        p_table,
        waybill.ident_list(v_columns),
        CASE WHEN p_plan.is_stamped THEN ', _landed' END,
        waybill.ident_list(v_columns, 's.'),
        CASE WHEN p_plan.is_stamped THEN ', ' || p_plan.effective_order END,
        waybill.records_to_insert(p_plan, v_columns, p_condition, p_is_sorted))));
END
$$;

-- The new records as a query. What they are sorted by comes first in it, and other values of a fixed
-- width next: the sort then finds a value without reading the texts before it, which was a sixth of
-- the whole write.
CREATE OR REPLACE FUNCTION waybill.records_to_insert(p_plan waybill.merge_plan,
    p_columns text[], p_condition text, p_is_sorted boolean)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_order CONSTANT text[] := CASE WHEN p_is_sorted
        THEN CASE WHEN p_plan.partition_unit IS NOT NULL THEN '{_waybill_partition}' ELSE '{}' END
            ::text[] || waybill.write_columns(p_plan)
        ELSE '{}' END;
    v_names CONSTANT text[] := ARRAY(
        SELECT x.name
        FROM unnest(v_order || p_columns) WITH ORDINALITY AS x (name, n)
        LEFT JOIN pg_attribute AS a ON a.attrelid = p_plan.target AND a.attname = x.name
        GROUP BY x.name
        ORDER BY min(x.n) > cardinality(v_order), coalesce(min(a.attlen) < 0, false), min(x.n)
    );
BEGIN
    RETURN format(
        'SELECT %s FROM pg_temp.merge_records AS s WHERE s._waybill_class = %L AND %s %s',
        waybill.ident_list(v_names, 's.'),
        'insert',
        p_condition,
        CASE WHEN p_is_sorted THEN 'ORDER BY ' || waybill.ident_list(v_order, 's.') END);
END
$$;

-- Run an INSERT or UPDATE of the table; the number of rows. A virtual generated column is computed
-- only when it is read, so each written row is read: one whose column cannot be computed (1 / n
-- of 0) would make the table unreadable.
CREATE OR REPLACE FUNCTION waybill.write_rows(p_plan waybill.merge_plan, p_statement text)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_virtual CONSTANT text := (
        SELECT string_agg(quote_ident(a.attname), ', ')
        FROM pg_attribute AS a
        WHERE a.attrelid = p_plan.target AND a.attgenerated = 'v' AND NOT a.attisdropped);
    v_rows bigint;
BEGIN
    IF v_virtual IS NULL THEN
        RETURN waybill.run_sql(p_statement);
    END IF;
    EXECUTE format(
        'WITH written AS (%s RETURNING %s) SELECT count(*) FROM written', p_statement, v_virtual)
    INTO v_rows;
    RETURN v_rows;
END
$$;

CREATE OR REPLACE FUNCTION waybill.assert_count(p_what text, p_expected bigint,
    p_written bigint)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF p_expected <> p_written THEN
        RAISE EXCEPTION '% records were to be %, % were.', p_expected, p_what, p_written
            USING ERRCODE = 'WB005', HINT = 'A trigger of the table may have skipped some.';
    END IF;
END
$$;

-- What new records are sorted by: the columns of the first index that is not unique and has an order.
-- Its entries are then written side by side, which is where a bulk load spends most of its time.
CREATE OR REPLACE FUNCTION waybill.write_columns(p_plan waybill.merge_plan) RETURNS text[]
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN coalesce((
    SELECT k.names
    FROM pg_index AS i
    JOIN pg_class AS c ON c.oid = i.indexrelid
    -- Not those that it only includes: their types may have no order.
    CROSS JOIN LATERAL waybill.column_names(
        i.indrelid, (i.indkey::smallint[])[:i.indnkeyatts - 1]) AS k (names)
    WHERE i.indrelid = (p_plan).target
        AND NOT i.indisunique
        AND i.indexprs IS NULL
        AND pg_indexam_has_property(c.relam, 'can_order')
        AND (p_plan).columns @> k.names
    ORDER BY i.indexrelid
    LIMIT 1
), '{_waybill_line}');

-- The same as a list for ORDER BY.
CREATE OR REPLACE FUNCTION waybill.write_order(p_plan waybill.merge_plan) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN waybill.ident_list(waybill.write_columns(p_plan), 's.');

-- Update the rows of the changed records that a condition picks; all of them, or the merge is
-- undone.
CREATE OR REPLACE FUNCTION waybill.update_rows(p_plan waybill.merge_plan, p_condition text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_picked CONSTANT text := format(
        $q$
        s._waybill_class = 'update'
        AND %s
        AND NOT EXISTS (SELECT FROM pg_temp.merge_shifted AS m WHERE m.line = s._waybill_line)
        $q$, p_condition);
    v_expected bigint := 0;
BEGIN
    IF waybill.total_of(p_plan, 'update') > 0 THEN
        EXECUTE format('SELECT count(*) FROM pg_temp.merge_records AS s WHERE %s', v_picked)
        INTO v_expected;
    END IF;
    IF v_expected = 0 THEN
        RETURN;
    END IF;
    PERFORM waybill.assert_count('updated', v_expected, waybill.write_rows(p_plan, format(
        $q$
        UPDATE %1$s AS h
        SET %2$s, _landed = %3$s
        FROM pg_temp.merge_records AS s
        WHERE %4$s
            AND %5$s
        $q$,
        p_plan.target,
        waybill.set_list(waybill.updated_columns(p_plan), 's'),
        p_plan.effective_order,
        v_picked,
        waybill.equal_on(p_plan.natural_key, 'h', 's'))));
END
$$;

-- Stamp the rows that the file has as they are, so that an earlier-landed file that is still to
-- come does not overwrite them.
CREATE OR REPLACE FUNCTION waybill.stamp_rows(p_plan waybill.merge_plan) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    IF p_plan.stamp_unchanged AND p_plan.natural_key <> '{}' THEN
        PERFORM waybill.run_sql(format(
            $q$
            UPDATE %1$s AS h
            SET _landed = %2$s
            FROM pg_temp.merge_records AS s
            WHERE s._waybill_class = 'unchanged'
                AND h._landed < %2$s
                AND %3$s
            $q$,
            p_plan.target,
            p_plan.effective_order,
            waybill.equal_on(p_plan.natural_key, 'h', 's')));
    END IF;
END
$$;
