-- References are checked as a set; a record whose parent is not in the table yet is pending.

-- Whether a record lacks its parent in the referenced table, and among the records that are
-- written with it in a cycle.
CREATE OR REPLACE FUNCTION waybill.lacks_stored_parent(p_plan waybill.merge_plan,
    p_reference jsonb, p_child text)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN concat_ws(' AND ',
    format('NOT EXISTS (SELECT FROM %s AS p WHERE %s)',
        (p_reference ->> 'table')::regclass, waybill.parent_match(p_reference, 'p', p_child)),
    CASE WHEN (p_plan).in_cycle
        THEN format('NOT (%s)', waybill.parent_in_cycle(p_reference, p_child || '.%I::text'))
    END);

-- The same, of a table that refers to itself also among the records of the same file
-- (`p_records`). Conditions that the planner makes joins of: under an OR, each pair of records
-- would be compared.
CREATE OR REPLACE FUNCTION waybill.lacks_parent(p_plan waybill.merge_plan, p_reference jsonb,
    p_child text, p_records text)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN concat_ws(' AND ',
    waybill.lacks_stored_parent(p_plan, p_reference, p_child),
    CASE WHEN (p_reference ->> 'table')::regclass = (p_plan).target
        THEN format('NOT EXISTS (SELECT FROM %s AS q WHERE %s)',
            p_records, waybill.parent_match(p_reference, 'q', p_child))
    END);

-- The classified records with the table's generated columns, which a foreign key may read.
CREATE OR REPLACE FUNCTION waybill.written_rows(p_plan waybill.merge_plan) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN format(
    $q$(
    SELECT r.*%s
    FROM pg_temp.merge_records AS r
    WHERE r._waybill_class IN ('insert', 'update')
    )$q$,
    CASE
        WHEN EXISTS (
            SELECT FROM waybill.written_references(p_plan) AS r (reference)
            WHERE waybill.reads_generated(p_plan, r.reference)
        )
        THEN waybill.generated_columns(p_plan)
        ELSE ''
    END);

-- Lock the parents that the records refer to, until the commit. Without the lock a parent could
-- be deleted between this check and the commit, and the row would be an orphan. KEY SHARE does
-- not block readers, nor writers of other columns. Returns whether every record has its parent:
-- a parent's key is unique, so there are as many as references that differ.
CREATE OR REPLACE FUNCTION waybill.lock_parents(p_reference jsonb, p_records text)
RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_is_complete boolean;
BEGIN
    EXECUTE format(
        $q$
        WITH c AS MATERIALIZED (
            SELECT DISTINCT %2$s FROM %3$s AS s WHERE %4$s
        ), locked AS MATERIALIZED (
            SELECT
            FROM %1$s AS p, c
            WHERE %5$s
            FOR KEY SHARE OF p
        )
        SELECT (SELECT count(*) FROM locked) = (SELECT count(*) FROM c)
        $q$,
        (p_reference ->> 'table')::regclass,
        waybill.ident_list(waybill.text_array(p_reference -> 'columns')),
        p_records,
        waybill.all_filled(p_reference, 's'),
        waybill.parent_match(p_reference, 'p', 'c'))
    INTO STRICT v_is_complete;
    RETURN v_is_complete;
END
$$;

-- A key's value in a pending record, compared with that of a record.
CREATE OR REPLACE FUNCTION waybill.same_pending_key(p_plan waybill.merge_plan) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT string_agg(
        format(
            CASE
                WHEN waybill.equal_means_identical(a.atttypid, a.attcollation)
                    THEN 'p.record ->> %1$L = s.%1$I::text'
                -- The type may have changed since.
                ELSE 'CASE WHEN pg_input_is_valid(p.record ->> %1$L, %2$L)'
                    ' THEN (p.record ->> %1$L)::%2$s = s.%1$I END'
            END,
            a.attname, format_type(a.atttypid, a.atttypmod)),
        ' AND ')
    FROM pg_attribute AS a
    WHERE a.attrelid = (p_plan).target AND a.attname = ANY ((p_plan).natural_key)
);

-- Whether an earlier record of the dataset, or one of the same job, is pending. None is added while
-- the dataset's merge lock is held.
CREATE OR REPLACE FUNCTION waybill.has_pending_before(p_plan waybill.merge_plan) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, waybill, pg_temp
RETURN EXISTS (
    SELECT FROM waybill.ingestion_jobs AS j
    JOIN waybill.pending_references AS p ON p.job_id = j.job_id
    WHERE j.dataset = (
            SELECT o.dataset FROM waybill.ingestion_jobs AS o WHERE o.job_id = p_plan.job_id)
        AND j.pending_reference > 0
        AND coalesce(j.effective_order, j.landing_order) < p_plan.effective_order
        AND NOT waybill.is_dry(j)
) OR EXISTS (
    SELECT FROM waybill.pending_references AS p WHERE p.job_id = p_plan.job_id
);

-- Whether records lack columns of the table.
CREATE OR REPLACE FUNCTION waybill.lacks_columns(p_plan waybill.merge_plan) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN coalesce((p_plan).has_absent, false) OR EXISTS (
    SELECT FROM jsonb_array_elements((p_plan).contract -> 'columns') AS c (col)
    WHERE c.col ->> 'name' <> ALL ((p_plan).columns)
);

-- A record whose key an earlier record has that is pending is pending too, if it lacks columns or
-- is only inserted: the columns that it leaves alone, or the key, are those of the earlier one,
-- which would otherwise be too late.
CREATE OR REPLACE FUNCTION waybill.hold_back(p_plan waybill.merge_plan) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    IF NOT (waybill.lacks_columns(p_plan) OR waybill.is_insert_only(p_plan))
        OR p_plan.natural_key = '{}'
        OR NOT p_plan.natural_key <@ p_plan.columns
        OR NOT waybill.has_pending_before(p_plan)
    THEN
        RETURN;
    END IF;
    PERFORM waybill.store_records();
    PERFORM waybill.run_sql(format(
        $q$
        UPDATE pg_temp.merge_records AS s
        SET _waybill_class = 'pending', _waybill_missing = %1$L
        FROM waybill.pending_references AS p
        JOIN waybill.ingestion_jobs AS j ON j.job_id = p.job_id
        WHERE j.dataset = (SELECT dataset FROM waybill.ingestion_jobs WHERE job_id = %2$L)
            AND j.pending_reference + (j.job_id = %2$L)::integer > 0
            AND NOT waybill.is_dry(j)
            -- A later record of the key has been written: the pending one is superseded already.
            AND NOT EXISTS (
                SELECT FROM %5$s AS h
                WHERE h._landed > coalesce(j.effective_order, j.landing_order) AND %6$s
            )
            AND (
                coalesce(j.effective_order, j.landing_order) < %3$s
                OR j.job_id = %2$L AND p.line < s._waybill_line
            )
            AND s._waybill_class IN ('insert', 'update', 'unchanged')
            AND %4$s
            -- Of a pending record whose columns it all has, nothing would be left.
            AND (%7$L OR EXISTS (
                SELECT FROM jsonb_object_keys(p.record) AS k (name)
                WHERE k.name <> ALL (%8$L::text[]) OR s._waybill_absent ? k.name
            ))
        $q$,
        jsonb_build_object(
            'columns', p_plan.natural_key,
            'code', 'earlier_record_pending',
            'message', 'waits for an earlier record of the same key'),
        p_plan.job_id,
        p_plan.effective_order,
        waybill.same_pending_key(p_plan),
        p_plan.target,
        waybill.equal_on(p_plan.natural_key, 'h', 's'),
        waybill.is_insert_only(p_plan),
        p_plan.columns));
END
$$;

-- A row that has been written supersedes the pending ones of its key before it in the batch: they
-- have its place in the landing order, so a stamp would not tell. Returns how many there were.
CREATE OR REPLACE FUNCTION waybill.supersede_pending(p_plan waybill.merge_plan) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    IF p_plan.natural_key = '{}' THEN
        RETURN 0;
    END IF;
    RETURN waybill.run_sql(format(
        $q$
        DELETE FROM waybill.pending_references AS p
        USING pg_temp.merge_records AS s
        WHERE p.job_id = %L
            AND p.line < s._waybill_line
            AND s._waybill_class IN ('insert', 'update', 'unchanged')
            AND %s
        $q$, p_plan.job_id, waybill.same_pending_key(p_plan)));
END
$$;

CREATE OR REPLACE FUNCTION waybill.set_pending(p_plan waybill.merge_plan) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_reference jsonb;
    v_is_complete boolean := true;
BEGIN
    PERFORM waybill.hold_back(p_plan);
    FOR v_reference IN SELECT waybill.written_references(p_plan) LOOP
        -- In this order: every reference's parents are locked.
        v_is_complete := waybill.lock_parents(v_reference, coalesce(
            waybill.staged_parents(p_plan, v_reference), waybill.written_rows(p_plan)))
            AND v_is_complete;
    END LOOP;
    -- The records are looked at one by one only if one of them lacks its parent.
    IF NOT v_is_complete THEN
        PERFORM waybill.set_orphans_pending(p_plan);
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION waybill.refers_to_itself(p_plan waybill.merge_plan) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN EXISTS (
    SELECT FROM waybill.written_references(p_plan) AS r (reference)
    WHERE (r.reference ->> 'table')::regclass = (p_plan).target
);
