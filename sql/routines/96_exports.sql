-- Exports of datasets: written file by file by the function `load`.

-- The columns of an export: those that files fill, so that what is exported can be loaded again.
CREATE OR REPLACE FUNCTION waybill.export_columns(p_dataset text)
RETURNS TABLE (place bigint, name text, kind text, type_precision integer, type_scale integer)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT c.place, c.col ->> 'name', c.col ->> 'kind', (c.col ->> 'precision')::integer,
        (c.col ->> 'scale')::integer
    FROM waybill.datasets AS d
    CROSS JOIN LATERAL jsonb_array_elements(waybill.contract_columns(d))
        WITH ORDINALITY AS c (col, place)
    WHERE d.name = p_dataset
    ORDER BY c.place;
END;

-- The tables that hold the rows of a dataset, in the order in which an export reads them, and how
-- many of their pages are read at once.
CREATE OR REPLACE FUNCTION waybill.export_tables(p_dataset text)
RETURNS TABLE (relation oid, blocks bigint, at_once bigint)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT c.oid, s.blocks,
        -- A page may refer to megabytes of values that are stored outside of it.
        greatest(1, least(64, 16777216 * s.blocks / (pg_table_size(c.oid) + 1)))
    FROM waybill.datasets AS d
    CROSS JOIN LATERAL (
        -- Of a table without partitions the tree is empty.
        SELECT d.target::oid UNION SELECT t.relid::oid FROM pg_partition_tree(d.target) AS t
    ) AS t (relid)
    JOIN pg_class AS c ON c.oid = t.relid AND c.relkind = 'r'
    CROSS JOIN LATERAL (SELECT (pg_relation_size(c.oid) + 8191) / 8192) AS s (blocks)
    WHERE d.name = p_dataset
    ORDER BY c.oid;
END;

-- What must be the same whenever a part of an export is read: the generation of the rows, and where
-- they are stored, since a rewritten table has its rows in other pages. A statement that somebody
-- else executes between two files begins no generation.
CREATE OR REPLACE FUNCTION waybill.export_snapshot(p_dataset text) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN concat_ws(' ',
    (SELECT g.generation_id FROM waybill.data_generations AS g WHERE g.dataset = p_dataset),
    (SELECT md5(string_agg(t.relation::text || ':' || pg_relation_filenode(t.relation), ','
        ORDER BY t.relation)) FROM waybill.export_tables(p_dataset) AS t));

-- An open export as far as it is, and what its rows are now. In the transaction in which rows are
-- read, which must be REPEATABLE READ: `snapshot_now` is that of the rows.
CREATE OR REPLACE FUNCTION waybill.open_export(p_export uuid)
RETURNS TABLE (dataset text, format text, attempt integer, snapshot text, snapshot_now text,
    next_file integer, after_relation bigint, next_block bigint, columns jsonb, tables jsonb,
    document text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT e.dataset, e.format, e.attempt, e.snapshot, waybill.export_snapshot(e.dataset),
        e.next_file, e.after_relation::bigint, e.next_block,
        (SELECT jsonb_agg(jsonb_build_object('name', c.name,
                'kind', CASE WHEN e.is_masked AND c.name = ANY (
                    waybill.personal_columns_of(e.dataset)) THEN 'text' ELSE c.kind END,
                'precision', c.type_precision, 'scale', c.type_scale) ORDER BY c.place)
            FROM waybill.export_columns(e.dataset) AS c),
        (SELECT coalesce(jsonb_agg(jsonb_build_object('relation', t.relation::bigint,
                'blocks', t.blocks, 'at_once', t.at_once) ORDER BY t.relation), '[]')
            FROM waybill.export_tables(e.dataset) AS t),
        (SELECT d.document FROM waybill.datasets AS d WHERE d.name = e.dataset)
    FROM waybill.exports AS e
    WHERE e.export_id = p_export AND e.state IN ('PENDING', 'RUNNING');
END;

-- Begin the attempt, or, if the rows have changed, the next one, from the beginning. False if the
-- export has ended, or ends because it began too often.
CREATE OR REPLACE FUNCTION waybill.begin_export(p_export uuid, p_attempt integer, p_snapshot text)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_most CONSTANT integer := 5;
    v_export waybill.exports;
BEGIN
    -- Two deliveries of one message begin an attempt once.
    SELECT * INTO v_export FROM waybill.exports AS e WHERE e.export_id = p_export FOR UPDATE;
    IF v_export.state IS NULL OR v_export.state NOT IN ('PENDING', 'RUNNING') THEN
        RETURN false;
    END IF;
    IF v_export.attempt <> p_attempt OR v_export.snapshot IS NOT DISTINCT FROM p_snapshot THEN
        RETURN true;
    END IF;
    IF v_export.snapshot IS NOT NULL AND p_attempt >= v_most THEN
        PERFORM waybill.fail_export(p_export, jsonb_build_object('code', 'export-restarts',
            'detail', format('The rows changed during each of %s attempts.', v_most)));
        RETURN false;
    END IF;
    UPDATE waybill.exports AS e
    SET state = 'RUNNING', attempt = p_attempt + (v_export.snapshot IS NOT NULL)::integer,
        snapshot = p_snapshot, next_file = 1, after_relation = 0, next_block = 0,
        -- What is archived or restored later is of another snapshot.
        archived = ARRAY(
            SELECT a.label FROM waybill.archived_partitions AS a
            WHERE a.dataset = e.dataset AND waybill.is_in_lake(a.state)
            ORDER BY a.lower),
        changed_at = clock_timestamp()
    WHERE e.export_id = p_export;
    RETURN true;
END
$$;

-- Record a file that was written, and where the next begins; the last one ends the export. False,
-- without effect, if another delivery of the message recorded this file before.
CREATE OR REPLACE FUNCTION waybill.record_export_file(p_export uuid, p_attempt integer,
    p_number integer, p_key text, p_rows bigint, p_bytes bigint, p_sha256 text,
    p_after_relation bigint, p_next_block bigint, p_is_last boolean)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE waybill.exports AS e
    SET state = CASE WHEN p_is_last THEN 'COMPLETED' ELSE 'RUNNING' END,
        next_file = p_number + 1, after_relation = p_after_relation::oid,
        next_block = p_next_block, changed_at = clock_timestamp()
    WHERE e.export_id = p_export AND e.state IN ('PENDING', 'RUNNING')
        AND e.attempt = p_attempt AND e.next_file = p_number;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO waybill.export_files (export_id, attempt, number, key, rows, bytes, sha256)
    VALUES (p_export, p_attempt, p_number, p_key, p_rows, p_bytes, p_sha256);
    RETURN true;
END
$$;

CREATE OR REPLACE FUNCTION waybill.fail_export(p_export uuid, p_error jsonb) RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    UPDATE waybill.exports AS e
    SET state = 'FAILED', error = p_error, changed_at = clock_timestamp()
    WHERE e.export_id = p_export AND e.state IN ('PENDING', 'RUNNING');
END;

-- Why nobody may have the files of an export any more: they may hold a person who was erased since.
-- Null if they do not. A minute more: an erasure may still be uncommitted when rows are read.
CREATE OR REPLACE FUNCTION waybill.erased_export(p_export waybill.exports) RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT jsonb_build_object('code', 'person-erased',
        'detail', 'A person of the dataset was erased since the export began; export again.')
    WHERE EXISTS (
        SELECT FROM waybill.erasures AS e
        WHERE e.dataset = p_export.dataset
            AND e.erased_at > p_export.created_at - interval '1 minute')
);

-- An export with its files, for those who may see it: whoever made it, and administrators, for
-- whom the caller is null.
CREATE OR REPLACE FUNCTION waybill.export_document(p_export uuid, p_dataset text, p_caller text)
RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT jsonb_build_object(
        'export_id', e.export_id, 'dataset', e.dataset, 'format', e.format,
        'masked', e.is_masked, 'state', CASE WHEN x.error IS NULL THEN e.state ELSE 'FAILED' END,
        'attempt', e.attempt, 'created_at', waybill.rfc3339(e.created_at),
        'changed_at', waybill.rfc3339(e.changed_at), 'error', coalesce(x.error, e.error),
        'archived_partitions', to_jsonb(e.archived),
        'files', coalesce(jsonb_agg(jsonb_build_object('number', f.number, 'key', f.key,
            'rows', f.rows, 'bytes', f.bytes, 'sha256', f.sha256) ORDER BY f.number)
            FILTER (WHERE f.number IS NOT NULL), '[]'))
    FROM waybill.exports AS e
    CROSS JOIN LATERAL (SELECT waybill.erased_export(e)) AS x (error)
    LEFT JOIN waybill.export_files AS f ON f.export_id = e.export_id AND f.attempt = e.attempt
    WHERE e.export_id = p_export AND e.dataset = p_dataset
        AND (p_caller IS NULL OR e.created_by = p_caller)
    GROUP BY e.export_id, x.error
);

-- The rows in these pages of one table of an export, a line each without its ending: CSV, or JSON
-- for the format jsonl. The table must be one of the dataset's.
CREATE OR REPLACE FUNCTION waybill.export_lines(p_export uuid, p_relation bigint, p_from bigint,
    p_to bigint)
RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
SET timezone = 'UTC'
SET datestyle = 'ISO, YMD'
SET intervalstyle = 'postgres'
SET bytea_output = 'hex'
SET extra_float_digits = 1
SET jit = off
AS $$
DECLARE
    v_export waybill.exports;
    v_document text;
    v_values text;
    v_line text;
BEGIN
    SELECT * INTO STRICT v_export FROM waybill.exports AS e WHERE e.export_id = p_export;
    IF NOT EXISTS (
        SELECT FROM waybill.export_tables(v_export.dataset) AS t WHERE t.relation = p_relation)
    THEN
        RAISE EXCEPTION 'The table % is none of %.', p_relation, v_export.dataset;
    END IF;
    SELECT string_agg(
            CASE WHEN v_export.is_masked
                    AND c.name = ANY (waybill.personal_columns_of(v_export.dataset))
                THEN format('CASE WHEN s.%1$I IS NOT NULL THEN waybill.mask() END AS %1$I', c.name)
                ELSE format('s.%I', c.name) END, ', ' ORDER BY c.place),
        string_agg(waybill.csv_cell(c.name,
            CASE WHEN v_export.is_masked
                    AND c.name = ANY (waybill.personal_columns_of(v_export.dataset))
                THEN 'text' ELSE c.kind END,
            v_export.format = 'csv' AND v_export.escapes_formulas), $q$ || ',' || $q$
            ORDER BY c.place)
    INTO v_values, v_line
    FROM waybill.export_columns(v_export.dataset) AS c;
    IF v_export.format = 'jsonl' THEN
        v_document := (
            SELECT d.document FROM waybill.datasets AS d WHERE d.name = v_export.dataset);
        v_line := CASE WHEN v_document IS NULL THEN 'row_to_json(t)::text'
            -- Null is a line, too, and a masked document is JSON.
            ELSE format($q$coalesce(to_json(t.%I)::text, 'null')$q$, v_document) END;
    END IF;
    RETURN QUERY EXECUTE format(
        'SELECT %s FROM (SELECT %s FROM ONLY %s AS s WHERE s.ctid >= %L AND s.ctid < %L) AS t',
        v_line, v_values, p_relation::oid::regclass, format('(%s,0)', p_from),
        format('(%s,0)', p_to));
END
$$;
