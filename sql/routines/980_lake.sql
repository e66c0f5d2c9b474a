-- The lake: which datasets may have archived partitions, and what of a row is archived.

-- Why the partitions of a dataset cannot be archived; null if they can.
CREATE OR REPLACE FUNCTION waybill.lake_problem(p_dataset waybill.datasets) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN CASE
    WHEN waybill.partitioning(p_dataset) IS NULL
        THEN 'it has no partitions by a time column'
    WHEN waybill.personal_columns(p_dataset) <> '{}'
        THEN 'it has personal columns, and an erasure would not reach the files'
    WHEN p_dataset.write_disposition = 'replace' AND p_dataset.replace_scope = 'table'
        THEN 'each file replaces the whole table'
    ELSE (
        SELECT format('the table %s refers to it, and a row in a file cannot be referred to',
            min(c.conrelid::regclass::text))
        FROM pg_constraint AS c
        WHERE c.contype = 'f' AND c.confrelid = p_dataset.target
        HAVING count(*) > 0
    )
END;

-- Why this table cannot be archived; null if it can. It would be dropped.
CREATE OR REPLACE FUNCTION waybill.lake_table_problem(p_relation oid) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN CASE
    WHEN NOT EXISTS (SELECT FROM pg_class AS c WHERE c.oid = p_relation AND c.relkind = 'r')
        THEN 'its table is missing, or is partitioned itself'
    ELSE (
        SELECT format('%s depends on its table', min(x.name))
        FROM (
            SELECT r.ev_class::regclass::text AS name
            FROM pg_depend AS d
            JOIN pg_rewrite AS r ON r.oid = d.objid AND d.classid = 'pg_rewrite'::regclass
            WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = p_relation
            UNION ALL
            SELECT d.objid::regprocedure::text
            FROM pg_depend AS d
            WHERE d.classid = 'pg_proc'::regclass
                AND d.refclassid = 'pg_class'::regclass AND d.refobjid = p_relation
            UNION ALL
            SELECT c.conrelid::regclass::text
            FROM pg_constraint AS c
            WHERE c.contype = 'f' AND c.confrelid = p_relation
        ) AS x
        HAVING count(*) > 0
    )
END;

-- Whether rows of the dataset are in the lake and not in its table.
CREATE OR REPLACE FUNCTION waybill.is_in_lake(p_state text) RETURNS boolean
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN p_state IN ('DETACHED', 'ARCHIVED', 'RESTORING');

-- Called when a dataset is registered.
CREATE OR REPLACE FUNCTION waybill.assert_lake(p_dataset text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_dataset waybill.datasets;
    v_archived text;
BEGIN
    SELECT * INTO STRICT v_dataset FROM waybill.datasets AS d WHERE d.name = p_dataset;
    SELECT string_agg(a.label, ', ' ORDER BY a.label) INTO v_archived
    FROM waybill.archived_partitions AS a
    WHERE a.dataset = p_dataset AND waybill.is_in_lake(a.state);
    IF waybill.lake_problem(v_dataset) IS NULL
        OR v_dataset.archive_after IS NULL AND v_archived IS NULL
    THEN
        RETURN;
    END IF;
    RAISE EXCEPTION '% of %: %.',
        CASE WHEN v_archived IS NULL THEN 'archive_after'
            ELSE format('archived partitions (%s)', v_archived) END,
        p_dataset, waybill.lake_problem(v_dataset)
        USING ERRCODE = 'WB005', HINT = CASE WHEN v_archived IS NOT NULL
            THEN format('Restore them first: waybill restore-partition %s …', p_dataset)
            ELSE 'Leave archive_after out.' END;
END
$$;

-- Refuse what would have to change rows that are in files.
CREATE OR REPLACE FUNCTION waybill.assert_not_archived(p_dataset text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_label CONSTANT text := (
        SELECT min(a.label) FROM waybill.archived_partitions AS a
        -- Or in files that are about to be deleted.
        WHERE a.dataset = p_dataset AND (waybill.is_in_lake(a.state) OR a.has_files));
BEGIN
    IF v_label IS NOT NULL THEN
        RAISE EXCEPTION 'Rows of % are archived; restore them first: waybill restore-partition % %',
            p_dataset, p_dataset, v_label USING ERRCODE = 'WB022';
    END IF;
END
$$;

-- The columns of the files: those that are stored, not those that are computed from them.
CREATE OR REPLACE FUNCTION waybill.lake_columns(p_target regclass) RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT jsonb_agg(jsonb_build_object(
        'name', a.attname,
        'type', format_type(a.atttypid, a.atttypmod),
        'kind', CASE WHEN t.typnamespace = 'pg_catalog'::regnamespace THEN t.typname ELSE '' END,
        'blanks', t.typname = 'bpchar' AND b.typmod < 0,
        'precision', CASE WHEN t.typname = 'numeric' AND b.typmod > 4
            THEN (b.typmod - 4) >> 16 & 65535 END,
        'scale', CASE WHEN t.typname = 'numeric' AND b.typmod > 4
            THEN ((b.typmod - 4 & 2047) # 1024) - 1024 END
    ) ORDER BY a.attnum)
    FROM pg_attribute AS a
    CROSS JOIN LATERAL waybill.base_type(a.atttypid, a.atttypmod) AS b
    JOIN pg_type AS t ON t.oid = b.base
    WHERE a.attrelid = p_target AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
);

-- `lake/dataset=hired_employees/year=2019/`. Where a column has the name of a folder, readers
-- would take one for the other: `partition_year=2019`.
CREATE OR REPLACE FUNCTION waybill.lake_folder(p_dataset text, p_target regclass, p_unit text,
    p_lower timestamp)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN format('lake/%sdataset=%s/', CASE WHEN waybill.has_column(p_target, 'dataset')
        THEN 'partition_' ELSE '' END, p_dataset) || (
    SELECT string_agg(format('%s%s=%s/', CASE WHEN waybill.has_column(p_target, f.unit)
        THEN 'partition_' ELSE '' END, f.unit, to_char(p_lower, f.digits)), '' ORDER BY f.place)
    FROM (VALUES (1, 'year', 'YYYY'), (2, 'month', 'MM'), (3, 'day', 'DD'))
        AS f (place, unit, digits)
    WHERE f.place <= CASE p_unit WHEN 'year' THEN 1 WHEN 'month' THEN 2 ELSE 3 END
);

-- The hash of a row `t`, as an expression of its columns: 64 bits of the SHA-256 of its text.
CREATE OR REPLACE FUNCTION waybill.row_hash(p_columns jsonb) RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN format(
    $q$('x' || left(encode(sha256(convert_to(ROW(%s)::text, 'UTF8')), 'hex'), 16))::bit(64)::bigint$q$,
    (SELECT string_agg(format('t.%I', c.col ->> 'name'), ', ' ORDER BY c.place)
        FROM jsonb_array_elements(p_columns) WITH ORDINALITY AS c (col, place)));

-- How many rows a table has, and the sum of their hashes, which is the same in every order.
CREATE OR REPLACE FUNCTION waybill.content_of(p_relation regclass, p_columns jsonb,
    OUT rows bigint, OUT content numeric)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, waybill, pg_temp
SET timezone = 'UTC'
SET datestyle = 'ISO, YMD'
SET intervalstyle = 'postgres'
SET bytea_output = 'hex'
SET extra_float_digits = 1
SET lc_monetary = 'C'
SET jit = off
AS $$
BEGIN
    EXECUTE format('SELECT count(*), coalesce(sum(%s), 0) FROM ONLY %s AS t',
        waybill.row_hash(p_columns), p_relation)
    INTO rows, content;
END
$$;

-- revert_conflicts: a load whose rows are in files cannot be taken back, nor one whose rows were, before
-- it, where a partition is archived now: a default partition would take them.
CREATE OR REPLACE FUNCTION waybill.find_archived(p_plan waybill.merge_plan,
    p_job waybill.ingestion_jobs)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    INSERT INTO pg_temp.revert_conflicts
    SELECT 'row-archived', NULL, NULL, format(
        'Rows of the load are in the archived partition %1$s; restore it first:'
        ' waybill restore-partition %2$s %1$s', a.label, a.dataset)
    FROM waybill.archived_partitions AS a
    WHERE a.dataset = p_job.dataset AND waybill.is_in_lake(a.state)
        AND p_plan.effective_order = ANY (a.landed)
    ORDER BY a.label
    LIMIT 21;
    IF p_plan.partition_column IS NULL OR NOT EXISTS (
        SELECT FROM waybill.archived_partitions AS a
        WHERE a.dataset = p_job.dataset AND waybill.is_in_lake(a.state))
    THEN
        RETURN;
    END IF;
    PERFORM waybill.run_sql(format(
        $q$
        INSERT INTO pg_temp.revert_conflicts
        SELECT 'row-archived', %1$s, NULL, format('was in the partition %%1$s, which is archived;'
            ' restore it first: waybill restore-partition %%2$s %%1$s', a.label, a.dataset)
        FROM waybill.archived_partitions AS a
        JOIN pg_temp.revert_images AS i ON %2$s >= a.lower AND %2$s < a.upper
        WHERE a.dataset = %3$L AND waybill.is_in_lake(a.state)
        LIMIT 21
        $q$,
        waybill.named_key(p_plan, '(i.%2$I)::text'), waybill.partition_start_of(p_plan, 'i'),
        p_job.dataset));
END
$$;
