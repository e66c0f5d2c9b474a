-- How a fold copies partitions while they are in use, and takes their place.
--
-- All rows of transactions before `unseen_from` could be seen when the copy of a partition began.
-- If it has no row of a later one, while nobody can write, and as many rows as were copied, then it
-- has exactly those: none was inserted or updated since, and none deleted.

-- Copy the next pages (128 MB) of the next partition; false if all are copied.
CREATE OR REPLACE FUNCTION waybill.copy_pages(p_fold waybill.folds, p_plan waybill.merge_plan)
RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_pages CONSTANT bigint := 16384;
    v_partition regclass;
    v_part waybill.fold_parts;
    v_columns text;
    v_rows bigint;
BEGIN
    SELECT r.partition_id INTO v_partition
    FROM waybill.partition_ranges(p_plan) AS r
    WHERE r.lower >= p_fold.lower AND r.upper <= p_fold.upper
        AND NOT EXISTS (
            SELECT FROM waybill.fold_parts AS f
            WHERE f.fold_id = p_fold.fold_id AND f.partition_id = r.partition_id AND f.is_copied)
    ORDER BY r.lower
    LIMIT 1;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO waybill.fold_parts (fold_id, partition_id, filenode, unseen_from)
    VALUES (p_fold.fold_id, v_partition, pg_relation_filenode(v_partition),
        pg_snapshot_xmin(pg_current_snapshot()))
    ON CONFLICT DO NOTHING;
    SELECT * INTO v_part FROM waybill.fold_parts AS f
    WHERE f.fold_id = p_fold.fold_id AND f.partition_id = v_partition;
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) INTO v_columns
    FROM pg_attribute AS a
    WHERE a.attrelid = p_plan.target AND a.attnum > 0 AND NOT a.attisdropped
        AND a.attgenerated = '';
    v_rows := waybill.run_sql(format(
        'INSERT INTO %1$s (%2$s) SELECT %2$s FROM ONLY %3$s WHERE ctid >= %4$L AND ctid < %5$L',
        waybill.fold_table(p_fold.fold_id), v_columns, v_partition,
        format('(%s,0)', v_part.next_page), format('(%s,0)', v_part.next_page + v_pages)));
    UPDATE waybill.folds AS f SET copied_by = pg_current_xact_id() WHERE f.fold_id = p_fold.fold_id;
    UPDATE waybill.fold_parts AS f
    SET rows = f.rows + v_rows,
        next_page = f.next_page + v_pages,
        is_copied = f.next_page + v_pages
            >= pg_relation_size(v_partition) / current_setting('block_size')::bigint
    WHERE f.fold_id = p_fold.fold_id AND f.partition_id = v_partition;
    RETURN true;
END
$$;

-- Whether the copy of a partition has exactly its rows; called while nobody can write to it. Its
-- file is another one if its rows were written to other pages between two steps.
CREATE OR REPLACE FUNCTION waybill.is_copy_exact(p_part waybill.fold_parts,
    p_table text, p_in_range text)
RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_rows bigint;
    v_unseen bigint;
    v_copied bigint;
BEGIN
    -- The distance of two transactions is that of their ages, also where the numbers wrap around.
    EXECUTE format(
        $q$
        SELECT count(*),
            count(*) FILTER (WHERE age(t.xmin) BETWEEN $1 AND $2)
        FROM ONLY %s AS t
        $q$, p_part.partition_id::regclass)
    INTO v_rows, v_unseen
    USING age(pg_snapshot_xmax(pg_current_snapshot())::xid), age(p_part.unseen_from::xid);
    EXECUTE format('SELECT count(*) FROM %s WHERE %s', p_table, p_in_range) INTO v_copied;
    RETURN v_unseen = 0
        AND v_rows = p_part.rows
        AND v_copied = p_part.rows
        AND p_part.filenode = pg_relation_filenode(p_part.partition_id);
END
$$;

-- Put the copy in the place of the partitions, if it has exactly their rows: `folded`, else `changed`
-- or `given_up`. Writers wait from the comparison to the commit; readers only for the exchange.
CREATE OR REPLACE FUNCTION waybill.swap_partitions(p_fold waybill.folds,
    p_plan waybill.merge_plan)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_table CONSTANT text := waybill.fold_table(p_fold.fold_id);
    v_is_current boolean;
BEGIN
    EXECUTE format('LOCK TABLE ONLY %s IN SHARE ROW EXCLUSIVE MODE', p_plan.target);
    PERFORM waybill.lock_partitions(p_plan.target, ARRAY(
        SELECT p.partition_id FROM waybill.parts_of_fold(p_fold, p_plan) AS p),
        'SHARE ROW EXCLUSIVE');
    -- Again, now that nobody can take a partition away: the copy would bring its rows back.
    IF NOT waybill.is_fold_valid(p_fold, p_plan) THEN
        PERFORM waybill.drop_copy(p_fold);
        RETURN 'given_up';
    ELSIF waybill.forget_changed_parts(p_fold, p_plan) > 0 THEN
        UPDATE waybill.folds SET copies_left = copies_left - 1 WHERE fold_id = p_fold.fold_id;
        RETURN 'changed';
    END IF;
    PERFORM waybill.add_references(p_plan.target, v_table::regclass);
    PERFORM waybill.lock_out_readers(p_plan.target, ARRAY(
        SELECT p.partition_id FROM waybill.parts_of_fold(p_fold, p_plan) AS p), 10);
    SELECT c.filenodes <@ waybill.filenodes_of(p_plan.target) INTO v_is_current
    FROM waybill.current_contents AS c WHERE c.dataset = p_fold.dataset;
    PERFORM waybill.exchange_partitions(p_fold, p_plan);
    IF v_is_current THEN
        -- The rows are as they were, so a file that is a duplicate stays one.
        UPDATE waybill.current_contents AS c
        SET filenodes = waybill.filenodes_of(p_plan.target)
        WHERE c.dataset = p_fold.dataset;
    END IF;
    DELETE FROM waybill.folds WHERE fold_id = p_fold.fold_id;
    RETURN 'folded';
END
$$;

CREATE OR REPLACE FUNCTION waybill.parts_of_fold(p_fold waybill.folds,
    p_plan waybill.merge_plan, OUT partition_id regclass, OUT in_range text)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT r.partition_id, format('%1$I >= %2$L AND %1$I < %3$L', p_plan.partition_column,
        waybill.partition_bound(p_plan, r.lower), waybill.partition_bound(p_plan, r.upper))
    FROM waybill.partition_ranges(p_plan) AS r
    WHERE r.lower >= p_fold.lower AND r.upper <= p_fold.upper
    ORDER BY r.lower;
END
$$;

-- Remove from the copy what it has of partitions whose rows are others now, or that are new; how
-- many there are. They are copied again by the next steps.
CREATE OR REPLACE FUNCTION waybill.forget_changed_parts(p_fold waybill.folds,
    p_plan waybill.merge_plan)
RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_table CONSTANT text := waybill.fold_table(p_fold.fold_id);
    v_current record;
    v_part waybill.fold_parts;
    v_changed integer := 0;
BEGIN
    FOR v_current IN SELECT * FROM waybill.parts_of_fold(p_fold, p_plan) LOOP
        SELECT * INTO v_part FROM waybill.fold_parts AS f
        WHERE f.fold_id = p_fold.fold_id AND f.partition_id = v_current.partition_id;
        CONTINUE WHEN FOUND AND waybill.is_copy_exact(v_part, v_table, v_current.in_range);
        PERFORM waybill.run_sql(format('DELETE FROM %s WHERE %s', v_table, v_current.in_range));
        DELETE FROM waybill.fold_parts AS f
        WHERE f.fold_id = p_fold.fold_id AND f.partition_id = v_current.partition_id;
        v_changed := v_changed + 1;
    END LOOP;
    RETURN v_changed;
END
$$;

CREATE OR REPLACE FUNCTION waybill.exchange_partitions(p_fold waybill.folds,
    p_plan waybill.merge_plan)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_copy CONSTANT regclass := waybill.fold_table(p_fold.fold_id)::regclass;
    v_schema CONSTANT name := (
        SELECT c.relnamespace::regnamespace FROM pg_class AS c WHERE c.oid = p_plan.target
    );
    v_partition regclass;
BEGIN
    FOR v_partition IN SELECT p.partition_id FROM waybill.parts_of_fold(p_fold, p_plan) AS p LOOP
        PERFORM waybill.run_sql(format(
            'ALTER TABLE %s DETACH PARTITION %s', p_plan.target, v_partition));
        PERFORM waybill.run_sql(format('DROP TABLE %s', v_partition));
    END LOOP;
    PERFORM waybill.run_sql(format('ALTER TABLE %s RENAME TO %I', v_copy,
        (parse_ident(waybill.free_partition_name(
            p_plan, p_plan.history_unit, p_fold.lower)))[2]));
    PERFORM waybill.run_sql(format('ALTER TABLE %s SET SCHEMA %I', v_copy, v_schema));
    PERFORM waybill.attach_range(p_plan, p_plan.target, v_copy, p_fold.lower, p_fold.upper);
    PERFORM waybill.run_sql(format('ALTER TABLE %s DROP CONSTRAINT _waybill_range', v_copy));
END
$$;
