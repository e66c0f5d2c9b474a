-- A batch whose records need none of the merge's tables: it is classified and written from its
-- JSON by a few statements. Whatever is out of the ordinary is left to `apply_records`, with the
-- same results.

-- Whether these records may be written directly: the table can refuse none of them, all of their
-- values are their own, and which rows there are decides alone what becomes of them.
CREATE OR REPLACE FUNCTION waybill.may_write_directly(p_plan waybill.merge_plan,
    p_job waybill.ingestion_jobs)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    RETURN NOT p_plan.keeps_raw
        AND p_plan.is_stamped
        AND p_plan.disposition = 'merge'
        AND p_plan.natural_key <> '{}'
        AND p_plan.natural_key <@ p_plan.columns
        AND p_plan.computed = '{}'
        AND p_plan.defaulted = '{}'
        AND p_plan.replaced_later = '{}'
        AND NOT coalesce(p_plan.contract -> 'transformation' ?| '{where,drop_duplicates}', false)
        AND NOT waybill.refers_to(p_plan.contract, p_job.dataset)
        AND NOT waybill.may_hold_erased(p_job)
        -- Only partial records wait for pending ones.
        AND (NOT waybill.lacks_columns(p_plan) OR NOT waybill.has_pending_before(p_plan));
END
$$;

-- The records of a batch ($1: [[number, {column: text}, raw], …]) in the table's types, as a query.
CREATE OR REPLACE FUNCTION waybill.records_of_json(p_plan waybill.merge_plan) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN format(
    $q$
    SELECT t._waybill_line, %1$s
    FROM (
        SELECT (r.value ->> 0)::bigint + 1 AS _waybill_line, x.*
        FROM jsonb_array_elements($1) AS r (value), jsonb_to_record(r.value -> 1) AS x (%2$s)
    ) AS t
    $q$,
    waybill.typed_columns(p_plan),
    waybill.staged_fields(p_plan.contract, p_plan.columns));

-- The records `s` beside the rows of their keys; with `p_by_last_key` those above the largest key of
-- the table are not looked up.
CREATE OR REPLACE FUNCTION waybill.sought_records(p_plan waybill.merge_plan, p_by_last_key boolean)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_matched CONSTANT text := waybill.matched_records(p_plan, NULL);
BEGIN
    IF NOT p_by_last_key THEN
        RETURN v_matched;
    END IF;
    RETURN format(
        $q$
        %1$s WHERE s.%3$I <= (SELECT l.key FROM last AS l)
        UNION ALL
        %2$s WHERE (s.%3$I <= (SELECT l.key FROM last AS l)) IS NOT TRUE
        $q$,
        v_matched, waybill.unmatched_records(p_plan), p_plan.natural_key[1]);
END
$$;

-- Locks the parents of the records `r`, as `lock_parents`: the queries of a WITH clause, and the
-- condition that every record has its parents.
CREATE OR REPLACE FUNCTION waybill.parent_locks(p_plan waybill.merge_plan, OUT queries text,
    OUT is_complete text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT string_agg(format(
            $q$,
            sought_%1$s AS MATERIALIZED (
                SELECT DISTINCT %2$s FROM r AS s
                WHERE s._waybill_class IN ('insert', 'update') AND %3$s
            ),
            locked_%1$s AS MATERIALIZED (
                SELECT FROM %4$s AS p, sought_%1$s AS c WHERE %5$s FOR KEY SHARE OF p
            )
            $q$,
            w.n,
            waybill.ident_list(waybill.text_array(w.reference -> 'columns')),
            waybill.all_filled(w.reference, 's'),
            (w.reference ->> 'table')::regclass,
            waybill.parent_match(w.reference, 'p', 'c')), '' ORDER BY w.n),
        coalesce(string_agg(format(
            '(SELECT count(*) FROM locked_%1$s) = (SELECT count(*) FROM sought_%1$s)', w.n),
            ' AND ' ORDER BY w.n), 'true')
    FROM waybill.written_references(p_plan) WITH ORDINALITY AS w (reference, n);
END;

-- Classify the records of a batch, and lock their parents. Null unless each has a key of its own
-- and its parents; otherwise their counts, and the lines of those that are written, by class.
CREATE OR REPLACE FUNCTION waybill.classify_json(p_plan waybill.merge_plan, p_rows jsonb,
    OUT totals waybill.record_total[], OUT inserts bigint[], OUT updates bigint[],
    OUT unchanged bigint[])
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_is_small CONSTANT boolean := waybill.is_small(p_rows);
    v_statement CONSTANT text := waybill.classifying_statement(p_plan,
        -- To plan the search for the largest key takes longer than to look few up.
        NOT v_is_small AND waybill.has_integer_key(p_plan));
    v_is_plain boolean;
BEGIN
    IF v_is_small THEN
        SELECT * INTO v_is_plain, totals, inserts, updates, unchanged
        FROM waybill.classify_kept(v_statement, p_rows, p_plan.effective_order);
    ELSE
        EXECUTE v_statement INTO v_is_plain, totals, inserts, updates, unchanged
        USING p_rows, p_plan.effective_order;
    END IF;
    IF NOT v_is_plain THEN
        totals := NULL;
    END IF;
END
$$;

-- Whether it takes longer to plan the statements of these rows than to run them.
CREATE OR REPLACE FUNCTION waybill.is_small(p_rows jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN jsonb_array_length(p_rows) <= 50;

-- The statement that classifies a batch, for its rows ($1) and its place in the landing order ($2).
CREATE OR REPLACE FUNCTION waybill.classifying_statement(p_plan waybill.merge_plan,
    p_by_last_key boolean)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_locks CONSTANT record := waybill.parent_locks(p_plan);
BEGIN
    RETURN format(
        $q$
        WITH s AS MATERIALIZED (%1$s),
        %2$s
        r AS MATERIALIZED (
            SELECT r.*,
                -- As class_of_record; there is no file that only inserts or has replaced rows.
                CASE
                    WHEN r._waybill_stamp IS NULL THEN 'insert'::waybill.record_class
                    WHEN r._waybill_stamp > $2 THEN 'superseded'::waybill.record_class
                    WHEN r._waybill_differs THEN 'update'::waybill.record_class
                    ELSE 'unchanged'::waybill.record_class
                END AS _waybill_class,
                %3$s AS _waybill_partition
            FROM (%4$s) AS r
        )
        %5$s
        SELECT (SELECT count(*) = count(DISTINCT (%6$s)) FROM s) AND %7$s,
            ARRAY(
                SELECT ROW(_waybill_class, _waybill_partition, _waybill_old_partition, count(*))
                    ::waybill.record_total
                FROM r GROUP BY _waybill_class, _waybill_partition, _waybill_old_partition),
            ARRAY(SELECT _waybill_line FROM r WHERE _waybill_class = 'insert'),
            ARRAY(SELECT _waybill_line FROM r WHERE _waybill_class = 'update'),
            ARRAY(SELECT _waybill_line FROM r WHERE _waybill_class = 'unchanged')
        $q$,
        p_plan.source,
        CASE WHEN p_by_last_key
            THEN format('last AS MATERIALIZED (SELECT max(%I) AS key FROM %s),',
                p_plan.natural_key[1], p_plan.target) END,
        waybill.partition_start_of(p_plan, 'r'),
        waybill.sought_records(p_plan, p_by_last_key),
        v_locks.queries, waybill.ident_list(p_plan.natural_key, 's.'), v_locks.is_complete);
END
$$;

-- Run it as a kept statement. Its plan must be good whatever the size of the tables is by then, so
-- it is one that looks keys up.
CREATE OR REPLACE FUNCTION waybill.classify_kept(p_statement text, p_rows jsonb, p_order bigint,
    OUT is_plain boolean, OUT totals waybill.record_total[], OUT inserts bigint[],
    OUT updates bigint[], OUT unchanged bigint[])
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
BEGIN
    EXECUTE waybill.call_of_kept(
        waybill.keep_statement(p_statement, 'pg_catalog.jsonb, bigint'), p_rows, format('%L', p_order))
    INTO is_plain, totals, inserts, updates, unchanged;
END
$$;

-- Write the rows of a batch directly. Null where that cannot be done; then nothing is written.
CREATE OR REPLACE FUNCTION waybill.write_directly(p_plan waybill.merge_plan,
    p_job waybill.ingestion_jobs, p_rows jsonb)
RETURNS waybill.merge_counts
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_lines record;
    v_counts waybill.merge_counts;
BEGIN
    IF NOT waybill.may_write_directly(p_plan, p_job) THEN
        RETURN NULL;
    END IF;
    p_plan.source := waybill.records_of_json(p_plan);
    -- As in apply_records.
    PERFORM waybill.lock_for_merge(p_plan.target, p_job.dataset, p_plan.disposition);
    BEGIN
        SELECT * INTO v_lines FROM waybill.classify_json(p_plan, p_rows);
        p_plan.totals := v_lines.totals;
        -- The keys of superseded records are kept, which this path does not do.
        IF v_lines.totals IS NULL OR waybill.total_of(p_plan, 'superseded') > 0 THEN
            RETURN NULL;
        END IF;
        PERFORM waybill.act_for_job(p_job.job_id);
        PERFORM waybill.write_json(
            p_plan, p_rows, v_lines.inserts, v_lines.updates, v_lines.unchanged);
    EXCEPTION
        -- Such as a partition that is missing.
        WHEN OTHERS THEN
            IF NOT waybill.is_fault_of_data(SQLSTATE) THEN
                RAISE;
            END IF;
            RETURN NULL;
    END;
    v_counts := waybill.count_classes(p_plan, jsonb_array_length(p_rows), 0);
    v_counts.filtered := 0;
    v_counts.erased := 0;
    v_counts.deleted := 0;
    v_counts.row_by_row := false;
    PERFORM waybill.mark_parts_stale(p_plan, p_job.dataset, '{}');
    IF v_counts.inserted + v_counts.updated > 0 THEN
        PERFORM waybill.begin_generation(p_job.dataset);
    ELSIF v_counts.unchanged > 0 THEN
        PERFORM waybill.note_moved_rows(p_job.dataset);
    END IF;
    RETURN v_counts;
END
$$;
