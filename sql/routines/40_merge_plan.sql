-- What a merge works on, derived once from the job and its contract.

-- A merge's names and choices. `cols` are the columns that the file has: others keep their
-- value on update and take their default on insert.
DROP TYPE IF EXISTS waybill.merge_plan CASCADE;
CREATE TYPE waybill.merge_plan AS (
    job uuid,
    place bigint,
    source text,
    target regclass,
    contract jsonb,
    cols text[],
    key text[],
    disposition text,
    part_column text,
    part_unit text,
    keeps_raw boolean,
    bump boolean
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
    m.place := job.landed_seq;
    m.source := source;
    m.contract := c;
    SELECT target INTO m.target FROM waybill.datasets WHERE name = job.dataset;
    m.cols := ARRAY(SELECT x.col ->> 'name'
        FROM jsonb_array_elements(c -> 'columns') WITH ORDINALITY AS x (col, n)
        WHERE job.layout -> 'columns' ? (x.col ->> 'name') ORDER BY x.n);
    m.key := ARRAY(SELECT jsonb_array_elements_text(c -> 'natural_key'));
    m.disposition := c ->> 'write_disposition';
    m.part_column := c -> 'partitioned_by' ->> 'column';
    m.part_unit := c -> 'partitioned_by' ->> 'unit';
    m.keeps_raw := (c ->> 'keeps_raw')::boolean;
    m.bump := waybill.must_confirm(job);
    RETURN m;
END
$$;

-- Unchanged rows are stamped only while an earlier-landed file is still open: it must then
-- not overwrite them. Otherwise the stamp is spared, and given later if a file comes late.
CREATE OR REPLACE FUNCTION waybill.must_confirm(job waybill.ingestion_jobs) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog
RETURN EXISTS (SELECT FROM waybill.ingestion_jobs AS e
    WHERE e.dataset = job.dataset AND e.landed_seq < job.landed_seq
        AND (e.state IN ('LANDED', 'LOADING', 'MERGING')
            OR e.pending_reference > 0));

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

-- Whether two rows differ. Types whose own equality is missing or is not identity are
-- compared as text.
CREATE OR REPLACE FUNCTION waybill.differs(m waybill.merge_plan, a text, b text) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog
RETURN (
    SELECT format('(%s) IS DISTINCT FROM (%s)',
        string_agg(format('%s.%I%s', a, col ->> 'name', cast_to), ', '),
        string_agg(format('%s.%I%s', b, col ->> 'name', cast_to), ', '))
    FROM (
        SELECT col, CASE WHEN col ->> 'kind' IN ('json', 'xml', 'point', 'line', 'lseg', 'box',
            'path', 'polygon', 'circle', 'citext') THEN '::text' ELSE '' END AS cast_to
        FROM jsonb_array_elements((m).contract -> 'columns') AS col
        WHERE col ->> 'name' = ANY ((m).cols)
    ) AS x
);

-- The file's columns in the table's types. What the loader did not check is cast only where
-- that cannot fail.
CREATE OR REPLACE FUNCTION waybill.typed_columns(m waybill.merge_plan) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog
RETURN (
    SELECT string_agg(CASE
        WHEN col ->> 'kind' = col ->> 'stage' THEN quote_ident(col ->> 'name')
        WHEN waybill.checked_by_loader(col ->> 'kind')
            THEN format('%1$I::%2$s AS %1$I', col ->> 'name', col ->> 'type')
        ELSE format('CASE WHEN pg_input_is_valid(%1$I, %3$L) THEN %1$I::%2$s END AS %1$I',
            col ->> 'name', col ->> 'type', col ->> 'type') END, ', ' ORDER BY n)
    FROM jsonb_array_elements((m).contract -> 'columns') WITH ORDINALITY AS x (col, n)
    WHERE col ->> 'name' = ANY ((m).cols)
);
