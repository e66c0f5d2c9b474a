-- What a merge works on, derived once from the job and its contract.

-- A merge's names and choices. `cols` are the columns that the file has: others keep their
-- value on update and take their default on insert. `computed` are the columns that Waybill
-- fills, each with its expression; `written` are both. `closed` are the parts that a file
-- landed later has replaced whole ('' is the table): nothing of this one enters them.
DROP TYPE IF EXISTS waybill.merge_plan CASCADE;
CREATE TYPE waybill.merge_plan AS (
    job uuid,
    place bigint,
    source text,
    target regclass,
    contract jsonb,
    cols text[],
    computed jsonb,
    written text[],
    key text[],
    disposition text,
    part_column text,
    part_unit text,
    keeps_raw boolean,
    bump boolean,
    closed text[]
);

CREATE OR REPLACE FUNCTION waybill.plan_merge(job waybill.ingestion_jobs, source text)
RETURNS waybill.merge_plan
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    m waybill.merge_plan;
    c CONSTANT jsonb := job.contract;
BEGIN
    m.job := job.job_id;
    m.place := coalesce(job.effective_order, job.landed_seq);
    m.source := source;
    m.contract := c;
    SELECT target INTO m.target FROM waybill.datasets WHERE name = job.dataset;
    m.cols := ARRAY(SELECT x.col ->> 'name'
        FROM jsonb_array_elements(c -> 'columns') WITH ORDINALITY AS x (col, n)
        WHERE job.layout -> 'columns' ? (x.col ->> 'name') ORDER BY x.n);
    m.computed := waybill.computed_columns(job);
    m.written := m.cols || ARRAY(SELECT jsonb_object_keys(m.computed));
    m.key := ARRAY(SELECT jsonb_array_elements_text(c -> 'natural_key'));
    -- Only a file, at its own merge, is the whole table. Batches and replays change rows of it,
    -- and what is adopted after the merge comes to those that the merge has written.
    m.disposition := CASE WHEN c ->> 'write_disposition' = 'replace'
            AND (job.kind IN ('batch', 'replay') OR waybill.is_final(job.state))
        THEN 'merge' ELSE c ->> 'write_disposition' END;
    m.part_column := c -> 'partitioned_by' ->> 'column';
    m.part_unit := c -> 'partitioned_by' ->> 'unit';
    m.keeps_raw := (c ->> 'keeps_raw')::boolean;
    m.bump := waybill.stamp_unchanged(job);
    m.closed := ARRAY(SELECT DISTINCT unnest(r.replaced) FROM waybill.ingestion_jobs AS r
        WHERE r.dataset = job.dataset AND r.landed_seq > m.place AND r.replaced IS NOT NULL);
    RETURN m;
END
$$;

-- Columns that Waybill fills: the hash that identifies a record by its content, and where the
-- record came from, which is not part of its content.
CREATE OR REPLACE FUNCTION waybill.computed_columns(job waybill.ingestion_jobs) RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog
RETURN jsonb_strip_nulls(jsonb_build_object(
    coalesce(job.contract ->> 'content_key', ''), CASE WHEN job.contract ? 'content_key'
        AND job.contract ->> 'content_key' IS NOT NULL THEN waybill.content_hash_of(job) END,
    coalesce(job.contract ->> 'provenance', ' '), CASE
        WHEN job.contract ->> 'provenance' IS NOT NULL THEN format(
            'jsonb_build_object(''job_id'', %L, ''filename'', %L, ''line'', _line)',
            job.job_id, job.filename) END));

-- A dry run is counted and undone: nothing waits for it.
CREATE OR REPLACE FUNCTION waybill.is_dry(job waybill.ingestion_jobs) RETURNS boolean
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog
RETURN coalesce((job.options ->> 'dry_run')::boolean, false);

-- Unchanged rows are stamped only while an earlier-landed file is still open: it must then
-- not overwrite them. Otherwise the stamp is spared, and given later if a file comes late. A
-- batch and a replay stamp at once, since they have no object of their own place to stage
-- again.
CREATE OR REPLACE FUNCTION waybill.stamp_unchanged(job waybill.ingestion_jobs) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog
-- Two questions, so that each is answered by its own partial index.
RETURN job.kind = 'batch' OR job.effective_order IS NOT NULL
    OR EXISTS (SELECT FROM waybill.ingestion_jobs AS e
        WHERE e.dataset = job.dataset AND e.landed_seq < job.landed_seq
            AND e.state IN ('LANDED', 'LOADING', 'MERGING') AND NOT waybill.is_dry(e))
    OR EXISTS (SELECT FROM waybill.ingestion_jobs AS e
        WHERE e.dataset = job.dataset AND e.landed_seq < job.landed_seq
            AND e.pending_reference > 0 AND NOT waybill.is_dry(e));

CREATE OR REPLACE FUNCTION waybill.ident_list(names text[], prefix text DEFAULT '')
RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog
RETURN (SELECT string_agg(prefix || quote_ident(n), ', ' ORDER BY place)
    FROM unnest(names) WITH ORDINALITY AS x (n, place));

CREATE OR REPLACE FUNCTION waybill.equal_on(names text[], a text, b text) RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog
RETURN (SELECT string_agg(format('%1$s.%3$I = %2$s.%3$I', a, b, n), ' AND ')
    FROM unnest(names) AS n);

-- Whether two rows differ. Those that are identified by their content do not. Types whose own equality is missing or is not identity are
-- compared as text.
CREATE OR REPLACE FUNCTION waybill.differs(m waybill.merge_plan, a text, b text) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog
RETURN (
    SELECT CASE WHEN (m).contract ->> 'content_key' IS NOT NULL THEN 'false'
        ELSE format('(%s) IS DISTINCT FROM (%s)',
        string_agg(format('%s.%I%s', a, col ->> 'name', cast_to), ', '),
        string_agg(format('%s.%I%s', b, col ->> 'name', cast_to), ', ')) END
    FROM (
        SELECT col, CASE WHEN col ->> 'kind' IN ('json', 'xml', 'point', 'line', 'lseg', 'box',
            'path', 'polygon', 'circle', 'citext') THEN '::text' ELSE '' END AS cast_to
        FROM jsonb_array_elements((m).contract -> 'columns') AS col
        WHERE col ->> 'name' = ANY ((m).cols)
    ) AS x
);

-- One column of a staged record in its type. The document of a record that its content
-- identifies is kept as it was hashed: normalised.
CREATE OR REPLACE FUNCTION waybill.typed_column(m waybill.merge_plan, col jsonb) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog
RETURN CASE
    WHEN col ->> 'kind' = col ->> 'stage' THEN quote_ident(col ->> 'name')
    WHEN waybill.checked_by_loader(col ->> 'kind')
        THEN format('%I::%s', col ->> 'name', col ->> 'type')
    WHEN col ->> 'name' = (m).contract ->> 'document'
            AND (m).contract ->> 'content_key' IS NOT NULL
        THEN format('CASE WHEN pg_input_is_valid(%1$I, ''jsonb'')'
            ' THEN waybill.normalised(%1$I::jsonb) END', col ->> 'name')
    ELSE format('CASE WHEN pg_input_is_valid(%1$I, %3$L) THEN %1$I::%2$s END',
        col ->> 'name', col ->> 'type', col ->> 'type') END;

-- The file's columns in the table's types, and the computed ones. What the loader did not
-- check is cast only where that cannot fail.
CREATE OR REPLACE FUNCTION waybill.typed_columns(m waybill.merge_plan) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog
RETURN (
    SELECT string_agg(waybill.typed_column(m, col) || format(' AS %I', col ->> 'name'), ', '
        ORDER BY n)
    FROM jsonb_array_elements((m).contract -> 'columns') WITH ORDINALITY AS x (col, n)
    WHERE col ->> 'name' = ANY ((m).cols)
) || coalesce((
    SELECT string_agg(format(', %s AS %I', c.value, c.key), '')
    FROM jsonb_each_text((m).computed) AS c), '');
