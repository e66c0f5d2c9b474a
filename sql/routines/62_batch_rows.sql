-- The rows of a batch: the same checks, classes and write as for the records of a file.

-- The rows of a batch, divided by the fields that they have: a field that a row lacks keeps its
-- value, or takes its default, whatever other rows have. Where a key may come twice the rows stay
-- in order, since the later one counts, and where duplicates are left out, since the first one stays;
-- otherwise rows with the same fields are one group.
-- `p_rows` is [[number, {column: text}, raw], …], and so is `rows` of each group.
CREATE OR REPLACE FUNCTION waybill.batch_groups(p_contract jsonb, p_rows jsonb,
    OUT columns text[], OUT rows jsonb)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_key CONSTANT text[] :=
        ARRAY(SELECT jsonb_array_elements_text(p_contract -> 'natural_key'));
    -- Types of which equal values are equal texts; those of a UUID once they are in lower case.
    v_comparable CONSTANT boolean := NOT EXISTS (
        SELECT FROM jsonb_array_elements(p_contract -> 'columns') AS col
        WHERE col ->> 'name' = ANY (v_key)
            AND col ->> 'kind' NOT IN ('int2', 'int4', 'int8', 'uuid', 'text', 'varchar'));
    v_unique boolean;
BEGIN
    IF p_rows = '[]' THEN
        RETURN;
    END IF;
    columns := ARRAY(SELECT k FROM jsonb_object_keys(p_rows -> 0 -> 1) AS k ORDER BY k);
    IF NOT EXISTS (
        SELECT FROM jsonb_array_elements(p_rows) AS r
        WHERE NOT (r -> 1 ?& columns AND (r -> 1) - columns = '{}'))
    THEN
        -- All rows have the same fields, as nearly always.
        rows := p_rows;
        RETURN NEXT;
        RETURN;
    END IF;
    v_unique := v_comparable AND (
        SELECT count(*) = count(DISTINCT ARRAY(
            SELECT CASE WHEN k.col ->> 'kind' = 'uuid' THEN lower(v.value) ELSE v.value END
            FROM jsonb_array_elements(p_contract -> 'columns') WITH ORDINALITY AS k (col, n)
            CROSS JOIN LATERAL (SELECT r -> 1 ->> (k.col ->> 'name')) AS v (value)
            WHERE k.col ->> 'name' = ANY (v_key)
            ORDER BY k.n))
        FROM jsonb_array_elements(p_rows) AS r);
    RETURN QUERY
    WITH numbered AS (
        SELECT r, n, ARRAY(SELECT k FROM jsonb_object_keys(r -> 1) AS k ORDER BY k) AS fields
        FROM jsonb_array_elements(p_rows) WITH ORDINALITY AS x (r, n)
    ), compared AS (
        SELECT *, fields IS DISTINCT FROM lag(fields) OVER (ORDER BY n) AS differs
        FROM numbered
    ), grouped AS (
        SELECT *, CASE
            WHEN (v_unique OR v_key = '{}') AND NOT waybill.compares_across_groups(p_contract)
                THEN 0
            ELSE count(*) FILTER (WHERE differs) OVER (ORDER BY n) END AS run
        FROM compared
    )
    SELECT g.fields, jsonb_agg(g.r ORDER BY g.n)
    FROM grouped AS g
    GROUP BY g.fields, g.run
    ORDER BY min(g.n);
END
$$;

-- `name type, …` of these columns as they are staged.
CREATE OR REPLACE FUNCTION waybill.staged_fields(p_contract jsonb, p_columns text[]) RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT string_agg(format('%I %s', col ->> 'name', col ->> 'stage'), ', ')
    FROM jsonb_array_elements(p_contract -> 'columns') AS col
    WHERE col ->> 'name' = ANY (p_columns));

-- The rows as a staging table.
CREATE OR REPLACE FUNCTION waybill.stage_rows(p_contract jsonb, p_columns text[], p_rows jsonb)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_fields CONSTANT text := waybill.staged_fields(p_contract, p_columns);
BEGIN
    DROP TABLE IF EXISTS pg_temp.batch_rows;
    PERFORM waybill.run_sql(format($q$
        CREATE TEMP TABLE batch_rows (
            _waybill_chunk integer,
            _waybill_line bigint,
            _waybill_raw text,
            %s
        ) ON COMMIT DROP
        $q$, v_fields));
    -- The rows are a parameter and not part of the text, so that they are parsed once.
    EXECUTE format($q$
        INSERT INTO pg_temp.batch_rows
        SELECT NULL, (r.value ->> 0)::bigint + 1, r.value ->> 2, x.*
        FROM jsonb_array_elements($1) AS r (value), jsonb_to_record(r.value -> 1) AS x (%s)
        $q$, v_fields) USING p_rows;
END
$$;

-- Apply the rows group by group.
CREATE OR REPLACE FUNCTION waybill.apply_rows(p_job waybill.ingestion_jobs, p_rows jsonb)
RETURNS waybill.merge_counts
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_columns text[];
    v_rows jsonb;
    v_plan waybill.merge_plan;
    v_superseded bigint;
    v_counts waybill.merge_counts;
    v_total waybill.merge_counts := waybill.no_counts();
BEGIN
    PERFORM waybill.begin_comparing(p_job.contract);
    FOR v_columns, v_rows IN SELECT * FROM waybill.batch_groups(p_job.contract, p_rows) LOOP
        IF NOT v_columns <@ ARRAY(
            SELECT col ->> 'name' FROM jsonb_array_elements(p_job.contract -> 'columns') AS col)
        THEN
            -- The API checked the rows against an older contract.
            RAISE EXCEPTION 'The contract has just changed.'
                USING ERRCODE = '55P03', SCHEMA = 'waybill';
        END IF;
        p_job.layout := jsonb_build_object('columns', v_columns);
        v_plan := waybill.plan_merge(p_job, 'pg_temp.batch_rows');
        IF jsonb_array_length(v_rows) = jsonb_array_length(p_rows) THEN
            v_counts := waybill.write_directly(v_plan, p_job, v_rows);
            IF v_counts.inserted IS NOT NULL THEN
                RETURN v_counts;
            END IF;
        END IF;
        PERFORM waybill.stage_rows(p_job.contract, v_columns, v_rows);
        v_total := waybill.add_counts(v_total,
            waybill.apply_records(v_plan, p_job.dataset));
        PERFORM waybill.keep_comparing(v_plan);
        v_superseded := waybill.supersede_pending(v_plan);
        v_total.pending_reference := v_total.pending_reference - v_superseded;
        v_total.superseded := v_total.superseded + v_superseded;
    END LOOP;
    -- A record that is pending is no duplicate of itself.
    DROP TABLE IF EXISTS pg_temp.batch_compared;
    IF waybill.refers_to(p_job.contract, p_job.dataset) THEN
        v_total := waybill.resolve_within_batch(p_job, v_total);
    END IF;
    RETURN v_total;
END
$$;

-- The parent of a row may be in a later group: apply the pending rows as long as that helps.
CREATE OR REPLACE FUNCTION waybill.resolve_within_batch(p_job waybill.ingestion_jobs,
    p_counts waybill.merge_counts)
RETURNS waybill.merge_counts
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_pending bigint;
BEGIN
    LOOP
        v_pending := p_counts.pending_reference;
        EXIT WHEN v_pending = 0;
        p_counts.pending_reference := 0;
        p_counts := waybill.add_counts(p_counts, waybill.apply_pending(p_job));
        EXIT WHEN p_counts.pending_reference = v_pending;
    END LOOP;
    RETURN p_counts;
END
$$;
