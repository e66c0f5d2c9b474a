-- An archived partition comes back: a table of its own is filled from the files, compared, and
-- attached last.

-- Ask for a partition to be restored; it is not archived again for so many days. Safe to call again.
CREATE OR REPLACE FUNCTION waybill.restore_partition(p_dataset text, p_label text,
    p_keep_days integer)
RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
SET lock_timeout = '3s'
AS $$
DECLARE
    v_partition waybill.archived_partitions;
BEGIN
    PERFORM waybill.target_of(p_dataset);
    SELECT * INTO v_partition FROM waybill.archived_partitions AS a
    WHERE a.dataset = p_dataset AND a.label = p_label FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'No partition % of % is archived.', p_label, p_dataset
            USING ERRCODE = 'WB023';
    ELSIF v_partition.state IN ('WRITING', 'WRITTEN', 'DETACHED') THEN
        RAISE EXCEPTION 'The partition % of % is being archived; restore it when it is ARCHIVED.',
            p_label, p_dataset USING ERRCODE = 'WB022';
    ELSIF v_partition.state = 'ARCHIVED' THEN
        UPDATE waybill.archived_partitions AS a
        SET state = 'RESTORING', error = NULL, sent_at = clock_timestamp(),
            keep_until = clock_timestamp() + p_keep_days * interval '1 day',
            changed_at = clock_timestamp()
        WHERE a.partition_id = v_partition.partition_id;
        PERFORM waybill.record_audit('partition.restore', p_dataset => p_dataset,
            p_detail => jsonb_build_object('partition', p_label, 'keep_days', p_keep_days));
    END IF;
    RETURN v_partition.partition_id;
END
$$;

-- Make the table, once.
CREATE OR REPLACE FUNCTION waybill.create_restored(p_partition uuid, p_attempt integer)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
SET lock_timeout = '2s'
AS $$
DECLARE
    v_partition waybill.archived_partitions;
    v_plan waybill.merge_plan;
    v_missing text;
BEGIN
    v_partition := waybill.lock_lake_step(p_partition, p_attempt, 'RESTORING');
    IF v_partition.partition_id IS NULL OR v_partition.relation IS NOT NULL THEN
        RETURN;
    END IF;
    v_plan := waybill.lake_plan(v_partition.dataset);
    SELECT string_agg(c.col ->> 'name', ', ') INTO v_missing
    FROM jsonb_array_elements(v_partition.columns) AS c (col)
    WHERE NOT EXISTS (
        SELECT FROM pg_attribute AS a
        WHERE a.attrelid = v_plan.target AND a.attname = c.col ->> 'name'
            AND NOT a.attisdropped AND a.attgenerated = '');
    IF v_missing IS NOT NULL THEN
        RAISE EXCEPTION 'The table of % has lost columns that the files have: %. Add them, or rename'
            ' them back, before the partition is restored.',
            v_partition.dataset, v_missing USING ERRCODE = 'WB024';
    END IF;
    -- The files are read as what they were.
    SELECT string_agg(DISTINCT c.col ->> 'type', ', ') INTO v_missing
    FROM jsonb_array_elements(v_partition.columns) AS c (col)
    WHERE to_regtype(c.col ->> 'type') IS NULL;
    IF v_missing IS NOT NULL THEN
        RAISE EXCEPTION 'Types of the files of % % are missing: %.', v_partition.dataset,
            v_partition.label, v_missing USING ERRCODE = 'WB024';
    END IF;
    UPDATE waybill.archived_partitions AS a
    SET relation = waybill.create_alike(v_plan, waybill.free_partition_name(
            v_plan, v_partition.unit, v_partition.lower)),
        stored_by = NULL,
        changed_at = clock_timestamp()
    WHERE a.partition_id = p_partition;
    UPDATE waybill.archived_files AS f SET restored = false WHERE f.partition_id = p_partition;
END
$$;

CREATE OR REPLACE FUNCTION waybill.drop_restored(p_partition waybill.archived_partitions)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_class AS c WHERE c.oid = p_partition.relation) THEN
        PERFORM waybill.run_sql(format('DROP TABLE %s', p_partition.relation::regclass));
    END IF;
    UPDATE waybill.archived_partitions AS a SET relation = NULL
    WHERE a.partition_id = p_partition.partition_id;
END
$$;

-- Add the rows of a file to the table; they are in `lake_check`. Once, however often it is called.
CREATE OR REPLACE FUNCTION waybill.store_restored_file(p_partition uuid, p_attempt integer,
    p_number integer)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_partition waybill.archived_partitions;
    v_file waybill.archived_files;
    v_columns text;
    v_column text;
    v_constraint text;
BEGIN
    v_partition := waybill.lock_lake_step(p_partition, p_attempt, 'RESTORING');
    SELECT * INTO v_file FROM waybill.archived_files AS f
    WHERE f.partition_id = p_partition AND f.attempt = p_attempt AND f.number = p_number;
    IF v_partition.partition_id IS NULL OR v_file.restored THEN
        RETURN;
    END IF;
    PERFORM waybill.assert_read_back(v_partition, v_file.rows, v_file.content);
    v_columns := (
        SELECT string_agg(quote_ident(c.col ->> 'name'), ', ')
        FROM jsonb_array_elements(v_partition.columns) AS c (col));
    PERFORM waybill.run_sql(format('INSERT INTO %s (%s) SELECT %s FROM pg_temp.lake_check',
        v_partition.relation::regclass, v_columns, v_columns));
    UPDATE waybill.archived_files AS f SET restored = true
    WHERE f.partition_id = p_partition AND f.attempt = p_attempt AND f.number = p_number;
    UPDATE waybill.archived_partitions AS a
    SET stored_by = pg_current_xact_id(), changed_at = clock_timestamp()
    WHERE a.partition_id = p_partition;
EXCEPTION
    WHEN datatype_mismatch THEN
        -- The message names the column and both types, and no value.
        RAISE EXCEPTION 'The table of % has other types than the files of %: %.',
            v_partition.dataset, v_partition.label, SQLERRM USING ERRCODE = 'WB024';
    WHEN OTHERS THEN
        IF NOT waybill.is_fault_of_data(SQLSTATE) THEN
            RAISE;
        END IF;
        GET STACKED DIAGNOSTICS v_column = COLUMN_NAME, v_constraint = CONSTRAINT_NAME;
        RAISE EXCEPTION 'The table of % refuses rows of % as they were: %.',
            v_partition.dataset, v_partition.label, concat_ws(', ', 'SQLSTATE ' || SQLSTATE,
                nullif(v_column, ''), nullif(v_constraint, '')) USING ERRCODE = 'WB024';
END
$$;

-- Rows whose key the table has again: another file has brought it since, with another time. Neither
-- may be lost without somebody's decision.
CREATE OR REPLACE FUNCTION waybill.assert_keys_free(p_partition waybill.archived_partitions,
    p_plan waybill.merge_plan)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_keys text;
BEGIN
    IF p_plan.natural_key = '{}' THEN
        RETURN;
    END IF;
    EXECUTE format(
        $q$
        SELECT string_agg(x.k::text, ', ') FROM (
            SELECT ROW(%1$s) AS k FROM %2$s AS r
            WHERE EXISTS (SELECT FROM %3$s AS h WHERE %4$s)
            LIMIT 20
        ) AS x
        $q$,
        waybill.ident_list(p_plan.natural_key, 'r.'), p_partition.relation::regclass,
        p_plan.target, waybill.equal_on(p_plan.natural_key, 'h', 'r'))
    INTO v_keys;
    IF v_keys IS NOT NULL THEN
        RAISE EXCEPTION 'The table of % has rows with the keys of archived rows again: %. Nothing was'
            ' restored; delete one of the two.', p_partition.dataset, left(v_keys, 1000)
            USING ERRCODE = 'WB024';
    END IF;
END
$$;

-- Build the next index that the table lacks; false if it has all.
CREATE OR REPLACE FUNCTION waybill.index_restored(p_partition uuid, p_attempt integer)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
SET maintenance_work_mem = '256MB'
AS $$
DECLARE
    v_partition waybill.archived_partitions;
    v_index text;
BEGIN
    v_partition := waybill.lock_lake_step(p_partition, p_attempt, 'RESTORING');
    IF v_partition.partition_id IS NULL THEN
        RETURN false;
    END IF;
    v_index := waybill.missing_index(
        (waybill.lake_plan(v_partition.dataset)).target, v_partition.relation::regclass);
    IF v_index IS NULL THEN
        RETURN false;
    END IF;
    PERFORM waybill.run_sql(v_index);
    UPDATE waybill.archived_partitions AS a SET changed_at = clock_timestamp()
    WHERE a.partition_id = p_partition;
    RETURN true;
EXCEPTION
    WHEN OTHERS THEN
        IF NOT waybill.is_fault_of_data(SQLSTATE) THEN
            RAISE;
        END IF;
        RAISE EXCEPTION 'An index of % cannot be built for the rows of %: SQLSTATE %.',
            v_partition.dataset, v_partition.label, SQLSTATE USING ERRCODE = 'WB024';
END
$$;

-- Attach the table, whose rows must be those that were archived. False if there is nothing to do.
CREATE OR REPLACE FUNCTION waybill.finish_restore(p_partition uuid, p_attempt integer)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
SET timezone = 'UTC'
SET lock_timeout = '2s'
AS $$
DECLARE
    v_partition waybill.archived_partitions;
    v_plan waybill.merge_plan;
    v_found record;
    v_reason text;
BEGIN
    v_partition := waybill.lock_lake_step(p_partition, p_attempt, 'RESTORING');
    IF v_partition.partition_id IS NULL THEN
        RETURN false;
    END IF;
    -- Whoever sees a part of the rows must not see it in the table.
    PERFORM waybill.wait_for_older_snapshots(v_partition.stored_by);
    v_found := waybill.content_of(v_partition.relation::regclass, v_partition.columns);
    IF v_found.rows <> v_partition.rows OR v_found.content <> v_partition.content THEN
        RAISE EXCEPTION 'The rows of % % would not be those that were archived: does the table have'
            ' other types?', v_partition.dataset, v_partition.label USING ERRCODE = 'WB024';
    END IF;
    v_plan := waybill.lake_plan(v_partition.dataset);
    PERFORM waybill.lock_merge(v_partition.dataset);
    -- Nobody writes a row with the key of an archived one between the look and the commit.
    PERFORM waybill.lock_for_merge(v_plan.target, v_partition.dataset, 'merge');
    PERFORM waybill.assert_keys_free(v_partition, v_plan);
    -- Last: it locks the tables that it refers to against writers until the commit.
    PERFORM waybill.attach_range(v_plan, v_plan.target, v_partition.relation::regclass,
        v_partition.lower, v_partition.upper);
    INSERT INTO waybill.stale_parts (dataset, part, job_id)
    SELECT v_partition.dataset, waybill.partition_label(v_plan.partition_unit, u.start),
        '00000000-0000-0000-0000-000000000000'
    FROM generate_series(v_partition.lower, v_partition.upper - interval '1 day',
        ('1 ' || v_plan.partition_unit)::interval) AS u (start);
    PERFORM waybill.begin_generation(v_partition.dataset);
    UPDATE waybill.archived_partitions AS a
    SET state = 'RESTORED', error = NULL, restored_at = clock_timestamp(),
        changed_at = clock_timestamp()
    WHERE a.partition_id = p_partition;
    PERFORM waybill.record_audit('partition.restored', p_dataset => v_partition.dataset,
        p_detail => jsonb_build_object('partition', v_partition.label, 'rows', v_partition.rows));
    RETURN true;
EXCEPTION
    WHEN OTHERS THEN
        IF NOT waybill.is_fault_of_data(SQLSTATE) AND SQLSTATE <> '42P17' THEN
            RAISE;
        END IF;
        GET STACKED DIAGNOSTICS v_reason = CONSTRAINT_NAME;
        v_reason := concat_ws(', ', 'SQLSTATE ' || SQLSTATE, nullif(v_reason, ''));
        RAISE EXCEPTION 'The partition % of % cannot be attached: %.', v_partition.label,
            v_partition.dataset, v_reason USING ERRCODE = 'WB024';
END
$$;
