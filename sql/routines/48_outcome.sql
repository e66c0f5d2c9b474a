-- What became of every record, written with the rows.

-- A record as its columns' texts, for a pending one to be staged again.
CREATE OR REPLACE FUNCTION waybill.record_values(m waybill.merge_plan, alias text)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog
RETURN (SELECT 'jsonb_build_object('
        || string_agg(format('%L, %s.%I::text', c, alias, c), ', ') || ')'
    FROM unnest((m).cols) AS c);

-- How the contract writes a column in files: of the column itself, or of all ("*").
CREATE OR REPLACE FUNCTION waybill.format_of(m waybill.merge_plan, col jsonb, part text)
RETURNS jsonb
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog
RETURN coalesce((m).contract -> 'formats' -> (col ->> 'name') -> part,
    (m).contract -> 'formats' -> '*' -> part);

-- A staged column as files write it: a reject that is corrected comes back in that form.
CREATE OR REPLACE FUNCTION waybill.written_column(m waybill.merge_plan, col jsonb, alias text)
RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog
RETURN CASE
    WHEN col ->> 'kind' IN ('date', 'timestamp')
            AND waybill.format_of(m, col, 'date') #>> '{}' IS NOT NULL
        THEN format('to_char(%s.%I, %L)', alias, col ->> 'name',
            waybill.format_of(m, col, 'date') #>> '{}')
    WHEN col ->> 'kind' = 'timestamptz'
            AND waybill.format_of(m, col, 'date') #>> '{}' IS NOT NULL
        THEN format('to_char(%s.%I AT TIME ZONE %L, %L)', alias, col ->> 'name',
            coalesce(waybill.format_of(m, col, 'zone') #>> '{}', 'UTC'),
            waybill.format_of(m, col, 'date') #>> '{}')
    WHEN col ->> 'kind' IN ('numeric', 'float4', 'float8')
            AND waybill.format_of(m, col, 'decimal') #>> '{}' IS NOT NULL
        THEN format('replace(%s.%I::text, ''.'', %L)', alias, col ->> 'name',
            waybill.format_of(m, col, 'decimal') #>> '{}')
    WHEN col ->> 'kind' = 'bool'
            AND waybill.format_of(m, col, 'true_words') ->> 0 IS NOT NULL
            AND waybill.format_of(m, col, 'false_words') ->> 0 IS NOT NULL
        THEN format('CASE %s.%I WHEN true THEN %L WHEN false THEN %L END', alias,
            col ->> 'name', waybill.format_of(m, col, 'true_words') ->> 0,
            waybill.format_of(m, col, 'false_words') ->> 0)
    ELSE format('%s.%I::text', alias, col ->> 'name') END;

CREATE OR REPLACE FUNCTION waybill.written_values(m waybill.merge_plan, alias text)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog
RETURN (SELECT format('jsonb_build_object(%s)', string_agg(format('%L, %s', col ->> 'name',
        waybill.written_column(m, col, alias)), ', '))
    FROM jsonb_array_elements((m).contract -> 'columns') AS col
    WHERE col ->> 'name' = ANY ((m).cols));

-- Rejects found by the database: one per record, with every reason.
CREATE OR REPLACE FUNCTION waybill.keep_rejects(m waybill.merge_plan) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    kept bigint;
BEGIN
    EXECUTE format('INSERT INTO waybill.validation_errors'
        ' (job_id, chunk, line, raw, "values", errors)'
        ' SELECT %L, min(s._chunk), s._line, convert_to(coalesce(min(%s), %s), ''UTF8''), %s,'
        ' jsonb_agg(jsonb_build_object(''column'', b."column", ''code'', b.code,'
        ' ''message'', b.message))'
        ' FROM (SELECT DISTINCT * FROM pg_temp.merge_rejects) AS b JOIN %s AS s ON s._line = b.line'
        ' GROUP BY s._line, %s', m.job,
        CASE WHEN m.keeps_raw THEN 's._raw' ELSE 'NULL' END,
        (SELECT format('concat_ws('','', %s)', string_agg(format('coalesce(s.%I::text, '''')',
            c), ', ')) FROM unnest(m.cols) AS c),
        waybill.written_values(m, 's'), m.source, waybill.ident_list(m.cols, 's.'));
    GET DIAGNOSTICS kept = ROW_COUNT;
    RETURN kept;
END
$$;

CREATE OR REPLACE FUNCTION waybill.keep_pending(m waybill.merge_plan) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    EXECUTE format('INSERT INTO waybill.pending_references (job_id, line, raw, record, missing)'
        ' SELECT %L, s._line, s._raw, %s, s._missing FROM pg_temp.merge_records AS s'
        ' WHERE s._cls = ''p'' ON CONFLICT DO NOTHING', m.job, waybill.record_values(m, 's'));
END
$$;

-- Parts whose rows changed: where rows went, and where moved ones came from.
CREATE OR REPLACE FUNCTION waybill.mark_stale(m waybill.merge_plan, dataset text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    -- Distinct before it is labelled: there are few parts, and many records.
    WITH touched AS MATERIALIZED (
        SELECT _part AS start FROM pg_temp.merge_records WHERE _cls IN ('i', 'u') GROUP BY 1
        UNION
        SELECT _was FROM pg_temp.merge_records WHERE _cls = 'u' GROUP BY 1
        UNION
        SELECT part FROM pg_temp.merge_deleted GROUP BY 1
    )
    INSERT INTO waybill.stale_parts (dataset, part, job_id)
    SELECT mark_stale.dataset, coalesce(waybill.part_label(m.part_unit, start), ''), m.job
    FROM touched;
END
$$;

-- One pass of records through checks, classes and write. Returns how many went where; they
-- add up to the records in the source.
CREATE OR REPLACE FUNCTION waybill.apply_records(m waybill.merge_plan, dataset text)
RETURNS jsonb
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    staged bigint;
    rejected bigint;
    counts jsonb;
    named bigint;
    row_by_row boolean;
    deleted bigint;
BEGIN
    -- Writers of the table wait until the commit, readers do not: without it a row written
    -- between classification and insert would appear twice. ONLY: its partitions belong to
    -- nobody else.
    EXECUTE format('LOCK TABLE ONLY %s IN SHARE ROW EXCLUSIVE MODE', m.target);
    EXECUTE format('SELECT count(*) FROM %s', m.source) INTO staged;
    PERFORM waybill.check_records(m);
    PERFORM waybill.classify(m);
    PERFORM waybill.set_pending(m);
    deleted := waybill.delete_absent(m);
    row_by_row := waybill.write(m);
    rejected := waybill.keep_rejects(m);
    PERFORM waybill.keep_pending(m);
    PERFORM waybill.mark_stale(m, dataset);
    SELECT jsonb_build_object('inserted', count(*) FILTER (WHERE _cls = 'i'),
        'updated', count(*) FILTER (WHERE _cls = 'u'),
        'unchanged', count(*) FILTER (WHERE _cls = '='),
        'pending_reference', count(*) FILTER (WHERE _cls = 'p'),
        'superseded', staged - rejected - count(*) FILTER (WHERE _cls IN ('i', 'u', '=', 'p')),
        'rejected', rejected, 'row_by_row', row_by_row, 'deleted', deleted,
        'replaced', to_jsonb(waybill.replaced_parts(m))), count(*) FILTER (WHERE _cls NOT IN ('r'))
    INTO counts, named FROM pg_temp.merge_records;
    IF (counts ->> 'superseded')::bigint < 0 OR rejected + named > staged THEN
        RAISE EXCEPTION 'Job %: % records staged, but % accounted for.', m.job, staged,
            rejected + named USING ERRCODE = 'WB005';
    END IF;
    RETURN counts;
END
$$;
