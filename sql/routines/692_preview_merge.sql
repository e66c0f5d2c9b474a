-- What the merge would make of the first records of a file: by the checks and expressions of the
-- merge, of a job that there is not. Nothing is written, and no value is shown or decides that
-- the caller may not read.

-- What a caller must not learn of a look-up: `all` if it may not read the dataset, `value` if the
-- column that is taken is personal and masked for it; null if it may see the row's value.
-- `p_readable` has whether personal values are masked, for each dataset that the caller reads.
CREATE OR REPLACE FUNCTION waybill.concealed(p_enrich jsonb, p_readable jsonb) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN CASE
    WHEN NOT p_readable ? (p_enrich ->> 'dataset') THEN 'all'
    WHEN (p_readable ->> (p_enrich ->> 'dataset'))::boolean
        AND p_enrich ->> 'take' = ANY (waybill.personal_columns_of(p_enrich ->> 'dataset'))
        THEN 'value'
END;

-- Whether an expression as PostgreSQL prints it may read one of these columns. A text that has the
-- name counts too.
CREATE OR REPLACE FUNCTION waybill.may_read(p_expression text, p_columns text[]) RETURNS boolean
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN EXISTS (
    SELECT FROM unnest(p_columns) AS c (name)
    WHERE position(quote_ident(c.name) IN p_expression) > 0);

-- The records, as they would be staged, and the plan of their merge. `p_records` is
-- [[line, {column: text}, absent columns or null, raw], …].
CREATE OR REPLACE FUNCTION waybill.stage_preview(p_dataset text, p_layout jsonb, p_records jsonb)
RETURNS waybill.merge_plan
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_job waybill.ingestion_jobs;
    v_fields text;
BEGIN
    v_job.dataset := p_dataset;
    v_job.contract := waybill.contract(p_dataset);
    v_job.layout := p_layout;
    v_job.kind := 's3';
    v_job.state := 'MERGING';
    v_fields := waybill.staged_fields(v_job.contract, ARRAY(
        SELECT col ->> 'name' FROM jsonb_array_elements(v_job.contract -> 'columns') AS col));
    DROP TABLE IF EXISTS pg_temp.preview_records;
    PERFORM waybill.run_sql(format($q$
        CREATE TEMP TABLE preview_records (
            _waybill_chunk integer,
            _waybill_line bigint,
            _waybill_absent jsonb,
            _waybill_raw text,
            %s
        ) ON COMMIT DROP
        $q$, v_fields));
    EXECUTE format($q$
        INSERT INTO pg_temp.preview_records
        SELECT 0, (r.value ->> 0)::bigint, nullif(r.value -> 2, 'null'), r.value ->> 3, x.*
        FROM jsonb_array_elements($1) AS r (value), jsonb_to_record(r.value -> 1) AS x (%s)
        $q$, v_fields) USING p_records;
    RETURN waybill.plan_merge(v_job, 'pg_temp.preview_records');
END
$$;

-- Apply the rules that the merge applies. `records`: for each line the rule that leaves it out, or
-- its errors, or the values that were looked up. `not_shown`: the rules that were not applied, and
-- `checks` where the table's own were not: their outcome would tell what is concealed.
CREATE OR REPLACE FUNCTION waybill.preview_merge(p_dataset text, p_layout jsonb, p_records jsonb,
    p_readable jsonb, OUT records jsonb, OUT not_shown text[])
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
SET timezone = 'UTC'
SET lock_timeout = '3s'
SET jit = off
AS $$
DECLARE
    v_plan waybill.merge_plan := waybill.stage_preview(p_dataset, p_layout, p_records);
    v_enrich CONSTANT jsonb := coalesce(v_plan.contract #> '{transformation,enrich}', '{}');
    v_concealed CONSTANT text[] := ARRAY(
        SELECT e.key FROM jsonb_each(v_enrich) AS e
        WHERE waybill.concealed(e.value, p_readable) IS NOT NULL);
    v_unread CONSTANT text[] := ARRAY(
        SELECT e.key FROM jsonb_each(v_enrich) AS e
        WHERE waybill.concealed(e.value, p_readable) = 'all');
BEGIN
    PERFORM waybill.begin_checks();
    -- From here on nothing is written, whatever an expression of the table calls.
    PERFORM set_config('transaction_read_only', 'on', true);
    not_shown := CASE WHEN v_unread <> '{}' THEN '{enrich}' ELSE '{}' END;
    v_plan.computed := v_plan.computed - v_unread;
    IF waybill.may_read(v_plan.contract #>> '{transformation,where}', v_concealed) THEN
        not_shown := not_shown || 'where'::text;
        v_plan.contract := v_plan.contract #- '{transformation,where}';
    END IF;
    PERFORM waybill.check_values(v_plan);
    IF v_concealed <> '{}'
        -- Columns that the file lacks have the values of rows that are there.
        OR v_plan.natural_key <> '{}' AND coalesce((p_readable ->> p_dataset)::boolean, true)
            AND v_plan.contract -> 'personal' <> '[]'
    THEN
        not_shown := not_shown || 'checks'::text;
    ELSE
        BEGIN
            PERFORM waybill.check_rows(v_plan);
        EXCEPTION
            WHEN read_only_sql_transaction THEN
                not_shown := not_shown || 'checks'::text;
        END;
    END IF;
    PERFORM waybill.filter_duplicates(v_plan);
    records := waybill.previewed_records(v_plan, v_concealed);
END
$$;

-- The outcome of each record that is not only loaded as it is.
CREATE OR REPLACE FUNCTION waybill.previewed_records(p_plan waybill.merge_plan,
    p_concealed text[])
RETURNS jsonb
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    -- Of a value that may not be seen, whether there is one.
    v_looked_up CONSTANT text := (
        SELECT string_agg(format(CASE WHEN e.name = ANY (p_concealed)
                THEN 'CASE WHEN t.%1$I IS NOT NULL THEN waybill.mask() END AS %1$I'
                ELSE 't.%1$I' END, e.name), ', ')
        FROM jsonb_object_keys(p_plan.contract #> '{transformation,enrich}') AS e (name)
        WHERE p_plan.computed ? e.name);
    v_records jsonb;
BEGIN
    SELECT coalesce(jsonb_agg(x), '[]')
    INTO v_records
    FROM (
        SELECT b.line,
            CASE WHEN bool_and(b.code IS NULL) THEN coalesce(min(b."column"), 'where') END AS rule,
            coalesce(jsonb_agg(DISTINCT jsonb_build_object(
                    'column', b."column", 'code', b.code, 'message', b.message))
                FILTER (WHERE b.code IS NOT NULL), '[]') AS errors
        FROM pg_temp.merge_rejects AS b
        GROUP BY b.line
    ) AS x;
    IF v_looked_up IS NULL THEN
        RETURN v_records;
    END IF;
    EXECUTE format($q$
        SELECT $1 || coalesce(jsonb_agg(jsonb_build_object(
            'line', t._waybill_line, 'looked_up', to_jsonb(e.*))), '[]')
        FROM (%s) AS t
        CROSS JOIN LATERAL (SELECT %s) AS e
        $q$, waybill.typed_records(p_plan), v_looked_up)
    INTO v_records USING v_records;
    RETURN v_records;
END
$$;
