-- Copies that were filled take the places of empty partitions.

-- Whether they took their places; if not, nothing has changed. Readers wait from the lock to the commit.
CREATE OR REPLACE FUNCTION waybill.take_places(p_plan waybill.merge_plan) RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_copy regclass;
BEGIN
    FOR v_copy IN SELECT c.copy FROM waybill.copied_partitions(p_plan) AS c LOOP
        PERFORM waybill.add_references(p_plan.target, v_copy);
    END LOOP;
    PERFORM waybill.lock_out_readers(p_plan.target, ARRAY(
        SELECT c.partition_id FROM waybill.copied_partitions(p_plan) AS c), 3);
    -- Again, now that nobody can write to one, or give it something of its own.
    IF EXISTS (
        SELECT FROM waybill.copied_partitions(p_plan) AS c
        WHERE NOT waybill.is_without_pages(c.partition_id)
            OR NOT waybill.is_plain_partition(p_plan.target, c.partition_id, c.copy)
    ) THEN
        RAISE EXCEPTION 'A partition has changed.' USING ERRCODE = '55P03';
    END IF;
    PERFORM waybill.take_place(p_plan, c.copy, c.partition_id, c.lower, c.upper)
    FROM waybill.copied_partitions(p_plan) AS c;
    RETURN true;
EXCEPTION
    -- A lock, or what else may keep it from that.
    WHEN OTHERS THEN
        RAISE LOG 'job %: copies are inserted, since SQLSTATE %', p_plan.job_id, SQLSTATE;
        RETURN false;
END
$$;

CREATE OR REPLACE FUNCTION waybill.take_place(p_plan waybill.merge_plan, p_copy regclass,
    p_partition regclass, p_lower timestamp, p_upper timestamp)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_name CONSTANT name := (SELECT c.relname FROM pg_class AS c WHERE c.oid = p_partition);
    -- {index of the table: name}
    v_names CONSTANT jsonb := (
        SELECT jsonb_object_agg(i.inhparent::text, c.relname)
        FROM pg_index AS x
        JOIN pg_class AS c ON c.oid = x.indexrelid
        JOIN pg_inherits AS i ON i.inhrelid = x.indexrelid
        WHERE x.indrelid = p_partition);
    v_index record;
BEGIN
    PERFORM waybill.run_sql(format('DROP TABLE %s', p_partition));
    PERFORM waybill.run_sql(format('ALTER TABLE %s RENAME TO %I', p_copy, v_name));
    PERFORM waybill.attach_range(p_plan, p_plan.target, p_copy, p_lower, p_upper);
    PERFORM waybill.run_sql(format('ALTER TABLE %s DROP CONSTRAINT _waybill_range', p_copy));
    FOR v_index IN
        SELECT x.indexrelid::regclass AS id, v_names ->> i.inhparent::text AS name
        FROM pg_index AS x
        JOIN pg_inherits AS i ON i.inhrelid = x.indexrelid
        WHERE x.indrelid = p_copy
    LOOP
        PERFORM waybill.run_sql(format('ALTER INDEX %s RENAME TO %I', v_index.id, v_index.name));
    END LOOP;
END
$$;

-- Insert the rows of the copies into the table, in the order in which the merge would have; all of them,
-- or the merge is undone. Whoever writes to a partition directly may have one of its values: the next
-- attempt finds that row.
CREATE OR REPLACE FUNCTION waybill.insert_copies(p_plan waybill.merge_plan) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_columns text;
    v_copy regclass;
    v_rows bigint;
BEGIN
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) INTO v_columns
    FROM pg_attribute AS a
    WHERE a.attrelid = p_plan.target AND a.attnum > 0 AND NOT a.attisdropped
        AND a.attgenerated = '';
    PERFORM waybill.set_replica(waybill.may_skip_triggers(p_plan.target));
    FOR v_copy IN SELECT c.copy FROM waybill.copied_partitions(p_plan) AS c LOOP
        EXECUTE format('SELECT count(*) FROM %s', v_copy) INTO v_rows;
        PERFORM waybill.assert_count('inserted', v_rows, waybill.run_sql(format(
            'INSERT INTO %s (%s) SELECT %2$s FROM %s AS s ORDER BY %s',
            p_plan.target, v_columns, v_copy, coalesce(waybill.ident_list(
                array_remove(waybill.write_columns(p_plan), '_waybill_line'), 's.'), 's.ctid'))));
        PERFORM waybill.run_sql(format('DROP TABLE %s', v_copy));
    END LOOP;
    PERFORM waybill.set_replica(false);
EXCEPTION
    WHEN integrity_constraint_violation THEN
        RAISE EXCEPTION 'A partition of % was written to during the merge.', p_plan.target
            USING ERRCODE = '55P03', SCHEMA = 'waybill';
END
$$;
