-- What a merge works on, derived once from the job and its contract, and the SQL fragments that
-- its statements are composed of.

CREATE OR REPLACE FUNCTION waybill.plan_merge(p_job waybill.ingestion_jobs, p_source text)
RETURNS waybill.merge_plan
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_plan waybill.merge_plan;
    v_contract CONSTANT jsonb := p_job.contract;
BEGIN
    v_plan.job_id := p_job.job_id;
    v_plan.effective_order := coalesce(p_job.effective_order, p_job.landing_order);
    v_plan.source := p_source;
    v_plan.contract := v_contract;
    SELECT target INTO v_plan.target FROM waybill.datasets WHERE name = p_job.dataset;
    v_plan.columns := ARRAY(
        SELECT c.col ->> 'name'
        FROM jsonb_array_elements(v_contract -> 'columns') WITH ORDINALITY AS c (col, n)
        WHERE p_job.layout -> 'columns' ? (c.col ->> 'name')
        ORDER BY c.n
    );
    IF waybill.tracks_absence(p_job) THEN
        v_plan.columns := waybill.present_columns(v_plan.columns, p_source);
        v_plan.has_absent := waybill.has_absent_column(v_plan.columns, p_source);
    END IF;
    v_plan.computed := waybill.computed_columns(p_job);
    v_plan.natural_key := ARRAY(SELECT jsonb_array_elements_text(v_contract -> 'natural_key'));
    -- Only a file, at its own merge, replaces the table. Batches and replays change rows of it,
    -- and pending records are added to what the merge has written.
    v_plan.disposition := CASE
        WHEN v_contract ->> 'write_disposition' = 'replace'
            AND (p_job.kind IN ('batch', 'replay') OR waybill.is_final(p_job.state))
            THEN 'merge'
        ELSE v_contract ->> 'write_disposition'
    END;
    v_plan.partition_column := v_contract -> 'partitioned_by' ->> 'column';
    v_plan.partition_unit := v_contract -> 'partitioned_by' ->> 'unit';
    v_plan.keeps_raw := (v_contract ->> 'keeps_raw')::boolean;
    v_plan.is_stamped := waybill.has_column(v_plan.target, '_landed');
    v_plan.defaulted := waybill.defaulted_columns(v_plan);
    v_plan.stamp_unchanged := waybill.stamp_unchanged(p_job);
    v_plan.replaced_later := ARRAY(
        SELECT DISTINCT unnest(j.replaced)
        FROM waybill.ingestion_jobs AS j
        WHERE j.dataset = p_job.dataset
            AND j.landing_order > v_plan.effective_order
            AND j.replaced IS NOT NULL
    );
    RETURN v_plan;
END
$$;

-- Whether its staging table says which columns each record lacks, in `_waybill_absent` (a list of
-- names, or null): so for JSON files, whose records name their fields, unless they are documents.
CREATE OR REPLACE FUNCTION waybill.tracks_absence(p_job waybill.ingestion_jobs) RETURNS boolean
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN p_job.contract ->> 'document' IS NULL
    AND coalesce(p_job.layout ->> 'file_format' LIKE 'json%', false);

-- The columns that at least one record has; all of them if none has any.
CREATE OR REPLACE FUNCTION waybill.present_columns(p_columns text[], p_source text)
RETURNS text[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_column text;
    v_is_present boolean;
    v_present text[] := '{}';
BEGIN
    FOREACH v_column IN ARRAY p_columns LOOP
        EXECUTE format(
            $q$
            SELECT EXISTS (
                SELECT FROM %1$s AS s
                WHERE s._waybill_absent IS NULL OR NOT s._waybill_absent ? %2$L
            )
            $q$,
            p_source, v_column)
        INTO v_is_present;
        IF v_is_present THEN
            v_present := v_present || v_column;
        END IF;
    END LOOP;
    RETURN CASE WHEN v_present = '{}' THEN p_columns ELSE v_present END;
END
$$;

CREATE OR REPLACE FUNCTION waybill.has_absent_column(p_columns text[], p_source text)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_has_absent boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM %s AS s WHERE s._waybill_absent ?| %L::text[])',
        p_source, p_columns)
    INTO v_has_absent;
    RETURN v_has_absent;
END
$$;

-- Columns that Waybill fills: the hash that identifies a record by its content, and where the
-- record came from, which is not part of its content.
CREATE OR REPLACE FUNCTION waybill.computed_columns(p_job waybill.ingestion_jobs)
RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_content_key CONSTANT text := p_job.contract ->> 'content_key';
    v_provenance CONSTANT text := p_job.contract ->> 'provenance';
    v_computed jsonb := '{}';
BEGIN
    IF v_content_key IS NOT NULL THEN
        v_computed := v_computed
            || jsonb_build_object(v_content_key, waybill.content_hash_of(p_job));
    END IF;
    IF v_provenance IS NOT NULL THEN
        v_computed := v_computed || jsonb_build_object(v_provenance, format(
            $q$jsonb_build_object('job_id', %L, 'filename', %L, 'line', _waybill_line)$q$,
            p_job.job_id, p_job.filename));
    END IF;
    RETURN v_computed;
END
$$;

-- A dry run is counted and undone: nothing waits for it.
CREATE OR REPLACE FUNCTION waybill.is_dry(p_job waybill.ingestion_jobs) RETURNS boolean
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN coalesce((p_job.options ->> 'dry_run')::boolean, false);

-- Whether the merge also stamps the rows that it finds unchanged: only while an earlier-landed
-- file is open, which would otherwise overwrite them. Without one the write is spared; a file
-- that comes late has the rows stamped then (`request_restamps`). A batch and a replay stamp at
-- once, since they have no object that could be staged again.
CREATE OR REPLACE FUNCTION waybill.stamp_unchanged(p_job waybill.ingestion_jobs)
RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
-- Two subqueries, so that each uses its own partial index.
RETURN p_job.kind = 'batch'
    OR p_job.effective_order IS NOT NULL
    OR EXISTS (
        SELECT FROM waybill.ingestion_jobs AS e
        WHERE e.dataset = p_job.dataset
            AND e.landing_order < p_job.landing_order
            AND waybill.is_open(e.state)
            AND NOT waybill.is_dry(e)
    )
    OR EXISTS (
        SELECT FROM waybill.ingestion_jobs AS e
        WHERE e.dataset = p_job.dataset
            AND e.landing_order < p_job.landing_order
            AND e.pending_reference > 0
            AND NOT waybill.is_dry(e)
    );

CREATE OR REPLACE FUNCTION waybill.has_column(p_table regclass, p_column text)
RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN EXISTS (
    SELECT FROM pg_attribute AS a
    WHERE a.attrelid = p_table
        AND a.attname = p_column
        AND NOT a.attisdropped
);

-- On update a column that the file lacks keeps its value.
CREATE OR REPLACE FUNCTION waybill.updated_columns(p_plan waybill.merge_plan) RETURNS text[]
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN (p_plan).columns || ARRAY(SELECT jsonb_object_keys((p_plan).computed));

-- Columns that the merge computes or completes are written with the file's own on insert.
CREATE OR REPLACE FUNCTION waybill.inserted_columns(p_plan waybill.merge_plan) RETURNS text[]
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN waybill.updated_columns(p_plan) || (p_plan).defaulted;

-- `a, b`, or with a prefix `s.a, s.b`.
CREATE OR REPLACE FUNCTION waybill.ident_list(p_names text[], p_prefix text DEFAULT '')
RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT string_agg(p_prefix || quote_ident(x.name), ', ' ORDER BY x.n)
    FROM unnest(p_names) WITH ORDINALITY AS x (name, n)
);

-- `a = s.a, b = s.b`
CREATE OR REPLACE FUNCTION waybill.set_list(p_names text[], p_from text) RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT string_agg(format('%1$I = %2$s.%1$I', x.name, p_from), ', ')
    FROM unnest(p_names) AS x (name)
);

-- `a.k = b.k AND a.l = b.l`; false without columns.
CREATE OR REPLACE FUNCTION waybill.equal_on(p_names text[], p_left text, p_right text)
RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN coalesce((
    SELECT string_agg(format('%1$s.%3$I = %2$s.%3$I', p_left, p_right, x.name), ' AND ')
    FROM unnest(p_names) AS x (name)
), 'false');

-- Types whose equality is identity of representation. For all others two values may be equal
-- and yet differ: '1 mon' and '30 days', 1.0 and 1.00, -0 and 0, 'A' and 'a' of citext.
CREATE OR REPLACE FUNCTION waybill.equal_means_identical(p_type oid, p_collation oid)
RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN p_type IN (
        'bool'::regtype, 'int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'oid'::regtype,
        'date'::regtype, 'time'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype,
        'uuid'::regtype, 'bytea'::regtype)
    OR p_type IN ('text'::regtype, 'varchar'::regtype) AND coalesce((
        SELECT c.collisdeterministic FROM pg_collation AS c WHERE c.oid = p_collation
    ), true);

-- Whether a record and a row differ in the file's columns, as a condition. Records that are
-- identified by their content never do.
CREATE OR REPLACE FUNCTION waybill.differs(p_plan waybill.merge_plan, p_left text,
    p_right text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_by_value text[];
    v_by_image text[];
    v_conditions text[] := '{}';
BEGIN
    IF p_plan.contract ->> 'content_key' IS NOT NULL THEN
        RETURN 'false';
    END IF;
    SELECT array_agg(a.attname ORDER BY a.attnum)
            FILTER (WHERE waybill.equal_means_identical(a.atttypid, a.attcollation)),
        -- With its type: that of a domain is lost where a value is cast only if it is valid.
        array_agg(format('%I::%s', a.attname, format_type(a.atttypid, a.atttypmod))
                ORDER BY a.attnum)
            FILTER (WHERE NOT waybill.equal_means_identical(a.atttypid, a.attcollation))
    INTO v_by_value, v_by_image
    FROM pg_attribute AS a
    WHERE a.attrelid = p_plan.target
        AND a.attname = ANY (p_plan.columns);
    IF v_by_value IS NOT NULL THEN
        v_conditions := v_conditions || format('(%s) IS DISTINCT FROM (%s)',
            waybill.ident_list(v_by_value, p_left || '.'),
            waybill.ident_list(v_by_value, p_right || '.'));
    END IF;
    IF v_by_image IS NOT NULL THEN
        -- *<> compares the stored bytes.
        v_conditions := v_conditions || format('ROW(%s)::record *<> ROW(%s)::record',
            p_left || '.' || array_to_string(v_by_image, ', ' || p_left || '.'),
            p_right || '.' || array_to_string(v_by_image, ', ' || p_right || '.'));
    END IF;
    RETURN '(' || array_to_string(v_conditions, ' OR ') || ')';
END
$$;

-- A staged column in its type. What the loader did not check is cast only where that cannot
-- fail. The document of a record that its content identifies is kept as it was hashed.
CREATE OR REPLACE FUNCTION waybill.typed_column(p_plan waybill.merge_plan, p_column jsonb)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN CASE
    WHEN p_column ->> 'kind' = p_column ->> 'stage'
        THEN quote_ident(p_column ->> 'name')
    WHEN waybill.checked_by_loader(p_column ->> 'kind')
        THEN format('%I::%s', p_column ->> 'name', p_column ->> 'type')
    WHEN p_column ->> 'name' = (p_plan).contract ->> 'document'
            AND (p_plan).contract ->> 'content_key' IS NOT NULL
        THEN format(
            $q$CASE WHEN pg_input_is_valid(%1$I, 'jsonb') THEN waybill.normalised(%1$I::jsonb) END$q$,
            p_column ->> 'name')
    ELSE format(
        $q$CASE WHEN pg_input_is_valid(%1$I, %3$L) THEN %1$I::%2$s END$q$,
        p_column ->> 'name', p_column ->> 'type', p_column ->> 'type')
END;

-- The file's columns in the table's types, and the computed ones.
CREATE OR REPLACE FUNCTION waybill.typed_columns(p_plan waybill.merge_plan) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN concat_ws(', ', (
    SELECT string_agg(
        format('%s AS %I', waybill.typed_column(p_plan, c.col), c.col ->> 'name'),
        ', ' ORDER BY c.n)
    FROM jsonb_array_elements((p_plan).contract -> 'columns') WITH ORDINALITY AS c (col, n)
    WHERE c.col ->> 'name' = ANY ((p_plan).columns)
), (
    SELECT string_agg(format('%s AS %I', c.value, c.key), ', ')
    FROM jsonb_each_text((p_plan).computed) AS c
));

-- The staged records that no check has rejected, in the table's types.
CREATE OR REPLACE FUNCTION waybill.accepted_records(p_plan waybill.merge_plan) RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    RETURN CASE
        WHEN p_plan.has_absent THEN waybill.completed_records(p_plan)
        ELSE waybill.typed_records(p_plan)
    END;
END
$$;

-- The records, with a column that a record lacks as in the row that is there, else its default.
CREATE OR REPLACE FUNCTION waybill.completed_records(p_plan waybill.merge_plan) RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_columns CONSTANT text := (
        SELECT string_agg(
            CASE
                WHEN x.name = ANY (p_plan.columns) AND x.name <> ALL (p_plan.natural_key)
                    THEN format('CASE WHEN t._waybill_absent ? %1$L THEN %2$s ELSE t.%1$I END AS %1$I',
                        x.name, waybill.absent_column(p_plan, x.name, 'h'))
                ELSE format('t.%I', x.name)
            END,
            ', ' ORDER BY x.n)
        FROM unnest(waybill.updated_columns(p_plan)) WITH ORDINALITY AS x (name, n)
    );
BEGIN
    RETURN format(
        $q$
        SELECT t._waybill_line, t._waybill_raw, %1$s
        FROM (%2$s) AS t
        LEFT JOIN %3$s AS h ON %4$s
        $q$,
        v_columns,
        waybill.typed_records(p_plan),
        p_plan.target,
        waybill.equal_on(p_plan.natural_key, 'h', 't'));
END
$$;

CREATE OR REPLACE FUNCTION waybill.typed_records(p_plan waybill.merge_plan) RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    RETURN format(
        $q$
        SELECT _waybill_line, %1$s AS _waybill_raw, %2$s%5$s
        FROM %3$s AS t
        WHERE %4$s
        $q$,
        CASE WHEN p_plan.keeps_raw THEN '_waybill_raw' ELSE 'NULL::text' END,
        waybill.typed_columns(p_plan),
        p_plan.source,
        CASE
            WHEN EXISTS (SELECT FROM pg_temp.merge_rejects)
                THEN 'NOT EXISTS (SELECT FROM pg_temp.merge_rejects AS b'
                    ' WHERE b.line = t._waybill_line)'
            ELSE 'true'
        END,
        CASE WHEN p_plan.has_absent THEN ', _waybill_absent' END);
END
$$;

-- The value of a column that a file lacks: as in the row that is there, else its default.
-- `p_row` is the alias of that row's table, null where there is none.
CREATE OR REPLACE FUNCTION waybill.absent_column(p_plan waybill.merge_plan, p_column text,
    p_row text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_default text;
    v_type text;
BEGIN
    SELECT CASE
            WHEN a.attidentity <> '' THEN format('nextval(%L)',
                pg_get_serial_sequence(p_plan.target::text, a.attname))
            ELSE pg_get_expr(d.adbin, d.adrelid)
        END,
        format_type(a.atttypid, a.atttypmod)
    INTO STRICT v_default, v_type
    FROM pg_attribute AS a
    LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = p_plan.target AND a.attname = p_column;
    v_default := format('CAST(%s AS %s)', coalesce(v_default, 'NULL'), v_type);
    IF p_row IS NULL OR p_plan.natural_key = '{}' THEN
        RETURN v_default;
    END IF;
    RETURN format('CASE WHEN %1$s.%2$I IS NULL THEN %3$s ELSE %1$s.%4$I END',
        p_row, p_plan.natural_key[1], v_default, p_column);
END
$$;
