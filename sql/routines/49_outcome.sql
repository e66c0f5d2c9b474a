-- The outcome of every record, written with the rows.

-- Rejects that the database found: one for each record, with every reason.
CREATE OR REPLACE FUNCTION waybill.keep_rejects(p_plan waybill.merge_plan) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_temp.merge_rejects) THEN
        RETURN 0;
    END IF;
    RETURN waybill.run_sql(format(
        $q$
        INSERT INTO waybill.validation_errors (job_id, chunk, line, raw, data_key, "values", errors)
        SELECT %1$L,
            s._waybill_chunk,
            s._waybill_line,
            waybill.stored_text(coalesce(%2$s, array_to_string(ARRAY[%3$s], ',', '')), %6$L),
            waybill.data_key_of(%2$s, %6$L),
            %4$s,
            b.errors
        FROM (
            SELECT line,
                jsonb_agg(DISTINCT jsonb_build_object(
                    'column', "column", 'code', code, 'message', message)) AS errors
            FROM pg_temp.merge_rejects
            WHERE code IS NOT NULL
            GROUP BY line
        ) AS b
        JOIN %5$s AS s ON s._waybill_line = b.line
        $q$,
        p_plan.job_id,
        CASE WHEN p_plan.keeps_raw THEN 's._waybill_raw' ELSE 'NULL' END,
        (SELECT string_agg(format('s.%I::text', c.name), ', ')
            FROM unnest(p_plan.columns) AS c (name)),
        waybill.written_values(p_plan, 's')
            -- A replay must not null what the record lacks.
            || CASE WHEN p_plan.has_absent
                THEN ' - ARRAY(SELECT jsonb_array_elements_text(s._waybill_absent))'
                ELSE '' END,
        p_plan.source,
        waybill.has_personal(p_plan.contract)));
END
$$;

CREATE OR REPLACE FUNCTION waybill.keep_pending(p_plan waybill.merge_plan) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    IF waybill.total_of(p_plan, 'pending') = 0 THEN
        RETURN;
    END IF;
    PERFORM waybill.run_sql(format(
        $q$
        INSERT INTO waybill.pending_references (job_id, line, raw, record, missing)
        SELECT %L, s._waybill_line, s._waybill_raw,
            %s - ARRAY(SELECT jsonb_array_elements_text(s._waybill_absent)),
            s._waybill_missing
        FROM pg_temp.merge_records AS s
        WHERE s._waybill_class = 'pending'
        ON CONFLICT DO NOTHING
        $q$, p_plan.job_id, waybill.record_values(p_plan, 's')));
END
$$;

-- Partitions whose rows changed: where rows went, and where moved and deleted ones were.
CREATE OR REPLACE FUNCTION waybill.mark_stale(p_plan waybill.merge_plan, p_dataset text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    -- Distinct before it is labelled: there are few partitions, and many rows.
    PERFORM waybill.mark_parts_stale(p_plan, p_dataset, ARRAY(
        SELECT partition_start FROM pg_temp.merge_deleted GROUP BY 1));
END
$$;

-- The same; `p_deleted` are the partitions of the deleted rows.
CREATE OR REPLACE FUNCTION waybill.mark_parts_stale(p_plan waybill.merge_plan, p_dataset text,
    p_deleted timestamp[])
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    WITH touched AS MATERIALIZED (
        SELECT t.partition_start AS start
        FROM unnest(p_plan.totals) AS t
        WHERE t.class IN ('insert', 'update')
        UNION
        SELECT t.old_partition
        FROM unnest(p_plan.totals) AS t
        WHERE t.class = 'update'
        UNION
        SELECT d.start FROM unnest(p_deleted) AS d (start)
    )
    INSERT INTO waybill.stale_parts (dataset, part, job_id)
    SELECT p_dataset,
        coalesce(waybill.partition_label(p_plan.partition_unit, start), ''),
        p_plan.job_id
    FROM touched;
    IF waybill.total_of(p_plan, 'update') > 0 OR p_deleted <> '{}' THEN
        PERFORM waybill.mark_followers_stale(p_dataset, p_plan.job_id);
    END IF;
END
$$;

-- Record what is committed before parents are looked up for the first time in a transaction, so
-- that a parent which is committed during the look counts as not seen.
CREATE OR REPLACE FUNCTION waybill.record_parents_seen(p_job uuid) RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, waybill, pg_temp
BEGIN ATOMIC
    UPDATE waybill.ingestion_jobs SET parents_seen = pg_current_snapshot() WHERE job_id = p_job;
END;

-- The datasets with rows that a merge looks at or changes by foreign keys: those whose rows change with
-- the table's, and, if rows are deleted, those that refer to it.
CREATE OR REPLACE FUNCTION waybill.referring_targets(p_target regclass, p_dataset text,
    p_disposition text)
RETURNS SETOF regclass
LANGUAGE sql STABLE
SET search_path = pg_catalog, waybill, pg_temp
BEGIN ATOMIC
    SELECT d.target
    FROM waybill.datasets AS d
    WHERE d.target <> p_target
        AND (
            d.name IN (SELECT c.name FROM waybill.datasets_changed_with(p_dataset) AS c (name))
            OR p_disposition = 'replace' AND EXISTS (
                SELECT FROM pg_constraint AS k
                WHERE k.contype = 'f' AND k.conrelid = d.target AND k.confrelid = p_target
            )
        );
END;

-- Lock a table for a merge, until its commit.
CREATE OR REPLACE FUNCTION waybill.lock_for_merge(p_target regclass, p_dataset text,
    p_disposition text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_referring CONSTANT regclass[] := CASE
        WHEN EXISTS (SELECT FROM pg_constraint AS k
            WHERE k.contype = 'f' AND k.confrelid = p_target)
            THEN ARRAY(SELECT waybill.referring_targets(p_target, p_dataset, p_disposition))
        ELSE '{}'
    END;
    -- Tables that refer to each other: the order of their names serves both.
    v_is_cycle CONSTANT boolean := v_referring <> '{}' AND EXISTS (
        SELECT FROM pg_constraint AS k
        WHERE k.contype = 'f' AND k.conrelid = p_target AND k.confrelid = ANY (v_referring));
    v_tables CONSTANT regclass[] := CASE
        WHEN v_referring = '{}' THEN ARRAY[p_target]
        ELSE ARRAY(
            SELECT t.target
            FROM unnest(v_referring || p_target) AS t (target)
            ORDER BY t.target = p_target AND NOT v_is_cycle, t.target::text COLLATE "C")
    END;
    v_table regclass;
BEGIN
    FOREACH v_table IN ARRAY v_tables LOOP
        IF v_table <> p_target THEN
            -- No merge of that table runs beside this one. Without it that merge could wait for a
            -- parent's row that this one has deleted or moved, and this one for its table or its
            -- rows: a deadlock. Before the table itself, since that merge may also wait for it.
            EXECUTE format('LOCK TABLE ONLY %s IN ROW EXCLUSIVE MODE', v_table);
        ELSE
            -- Writers of the table wait until the commit, readers do not: without it a row written
            -- between classification and insert would appear twice. ONLY: nobody else may write to
            -- its partitions directly.
            EXECUTE format('LOCK TABLE ONLY %s IN SHARE ROW EXCLUSIVE MODE', v_table);
        END IF;
    END LOOP;
END
$$;

-- One pass of records through checks, classes and write, all of it.
CREATE OR REPLACE FUNCTION waybill.apply_records(p_plan waybill.merge_plan, p_dataset text)
RETURNS waybill.merge_counts
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_counts CONSTANT waybill.merge_counts := waybill.write_records(p_plan, p_dataset);
BEGIN
    PERFORM waybill.exchange_copies(p_plan);
    RETURN v_counts;
END
$$;

-- The same but for copies of partitions, which wait for `exchange_copies`. The counts add up to the
-- records of the source.
CREATE OR REPLACE FUNCTION waybill.write_records(p_plan waybill.merge_plan, p_dataset text)
RETURNS waybill.merge_counts
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_staged bigint;
    v_named bigint;
    v_filtered bigint;
    v_erased bigint;
    v_deleted bigint;
    v_row_by_row boolean;
    v_counts waybill.merge_counts;
BEGIN
    PERFORM waybill.lock_for_merge(p_plan.target, p_dataset, p_plan.disposition);
    PERFORM waybill.act_for_job(p_plan.job_id);
    PERFORM waybill.keep_copies('{}');
    v_staged := waybill.count_staged(p_plan);
    PERFORM waybill.check_records(p_plan);
    p_plan := waybill.accept_records(p_plan);
    PERFORM waybill.assert_all_found(p_plan);
    SELECT count(*) INTO v_deleted FROM pg_temp.merge_deleted;
    v_row_by_row := waybill.write(p_plan);
    IF v_row_by_row THEN
        p_plan.totals := waybill.totals_of_records(p_plan);
    END IF;
    v_filtered := waybill.count_filtered();
    v_erased := waybill.count_erased();
    v_counts := waybill.count_classes(
        p_plan, v_staged - v_filtered - v_erased, waybill.keep_rejects(p_plan));
    v_counts.filtered := v_filtered;
    v_counts.erased := v_erased;
    PERFORM waybill.keep_pending(p_plan);
    PERFORM waybill.keep_superseded_keys(p_plan);
    PERFORM waybill.keep_left_out_keys(p_plan);
    PERFORM waybill.mark_stale(p_plan, p_dataset);
    SELECT coalesce(sum(t.records), 0) INTO v_named
    FROM unnest(p_plan.totals) AS t
    WHERE t.class <> 'rejected';
    IF v_counts.superseded < 0
        OR v_counts.rejected + v_named + v_filtered + v_erased > v_staged
    THEN
        RAISE EXCEPTION 'Job %: % records staged, but % accounted for.', p_plan.job_id,
            v_staged, v_counts.rejected + v_named + v_filtered + v_erased
            USING ERRCODE = 'WB005';
    END IF;
    v_counts.deleted := v_deleted;
    v_counts.row_by_row := v_row_by_row;
    v_counts.replaced := waybill.replaced_partitions(p_plan);
    IF v_counts.inserted + v_counts.updated + v_counts.deleted > 0 THEN
        PERFORM waybill.begin_generation(p_dataset);
    ELSIF v_counts.unchanged > 0 AND p_plan.stamp_unchanged THEN
        PERFORM waybill.note_moved_rows(p_dataset);
    END IF;
    -- A table stays, for what the caller asks about its records; those of a view are all new.
    IF waybill.is_view('pg_temp.merge_records') THEN
        PERFORM waybill.drop_records();
    END IF;
    RETURN v_counts;
END
$$;
