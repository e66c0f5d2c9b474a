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

-- The contract that the files of a dataset are loaded with, or those of a source of it.
CREATE OR REPLACE FUNCTION waybill.preview_contract(p_dataset text, p_source text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_rules jsonb := '{}';
BEGIN
    IF p_source IS NOT NULL THEN
        SELECT coalesce(s.transformation, '{}') INTO v_rules
        FROM waybill.data_sources AS s
        WHERE s.name = p_source AND s.dataset = p_dataset;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'The dataset % has no source %.', p_dataset, quote_literal(p_source)
                USING ERRCODE = 'WB015';
        END IF;
    END IF;
    RETURN waybill.with_transformation(waybill.contract(p_dataset), v_rules);
END
$$;

-- The records, as they would be staged, and the plan of their merge, as if they landed last.
-- `p_records` is [[line, {column: text}, absent columns or null, raw], …].
CREATE OR REPLACE FUNCTION waybill.stage_preview(p_dataset text, p_source text, p_layout jsonb,
    p_records jsonb)
RETURNS waybill.merge_plan
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_job waybill.ingestion_jobs;
    v_fields text;
BEGIN
    -- See is_preview.
    v_job.job_id := '00000000-0000-0000-0000-000000000000';
    v_job.dataset := p_dataset;
    v_job.contract := waybill.preview_contract(p_dataset, p_source);
    v_job.layout := p_layout;
    v_job.kind := 's3';
    v_job.state := 'MERGING';
    v_job.landing_order := 9223372036854775807;
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

-- Apply the rules and checks that the merge applies. `records`: for each line the rule that leaves
-- it out, or its errors, or why it would wait, or the values that the merge adds. `not_shown`: what
-- was not applied, since it would tell what is concealed, or write: rules, `checks` of the table,
-- `references`, `keys`. With `p_with_rows` the records are compared with the rows that are there.
CREATE OR REPLACE FUNCTION waybill.preview_merge(p_dataset text, p_source text, p_layout jsonb,
    p_records jsonb, p_readable jsonb, p_with_rows boolean,
    OUT records jsonb, OUT not_shown text[])
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
SET timezone = 'UTC'
SET lock_timeout = '3s'
SET jit = off
AS $$
DECLARE
    v_plan waybill.merge_plan :=
        waybill.stage_preview(p_dataset, p_source, p_layout, p_records);
    v_enrich CONSTANT jsonb := coalesce(v_plan.contract #> '{transformation,enrich}', '{}');
    v_concealed CONSTANT text[] := ARRAY(
        SELECT e.key FROM jsonb_each(v_enrich) AS e
        WHERE waybill.concealed(e.value, p_readable) IS NOT NULL);
    v_unread CONSTANT text[] := ARRAY(
        SELECT e.key FROM jsonb_each(v_enrich) AS e
        WHERE waybill.concealed(e.value, p_readable) = 'all');
    -- Their outcome may depend on values of rows that are there, or that are looked up.
    v_is_masked CONSTANT boolean := v_concealed <> '{}'
        OR coalesce((p_readable ->> p_dataset)::boolean, true)
            AND v_plan.contract -> 'personal' <> '[]';
    v_has_checks boolean := v_concealed = '{}'
        -- Columns that the file lacks have the values of rows that are there.
        AND NOT (v_plan.natural_key <> '{}' AND v_is_masked);
BEGIN
    PERFORM waybill.begin_checks();
    not_shown := CASE WHEN v_unread <> '{}' THEN '{enrich}' ELSE '{}' END;
    v_plan.computed := v_plan.computed - v_unread;
    IF waybill.may_read(v_plan.contract #>> '{transformation,where}', v_concealed) THEN
        not_shown := not_shown || 'where'::text;
        v_plan.contract := v_plan.contract #- '{transformation,where}';
    END IF;
    v_has_checks := waybill.preview_checks(v_plan, v_has_checks);
    IF NOT v_has_checks THEN
        not_shown := not_shown || 'checks'::text;
    END IF;
    SELECT r.records, not_shown || r.hidden INTO records, not_shown
    FROM waybill.preview_rows(v_plan, v_concealed, p_readable, v_has_checks, v_is_masked,
        p_with_rows) AS r;
END
$$;

-- The records' own values. Returns whether the checks of the table were applied, if they are to be.
CREATE OR REPLACE FUNCTION waybill.preview_checks(p_plan waybill.merge_plan, p_has_checks boolean)
RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    -- In this block nothing is written, whatever an expression of the table calls: the end of its
    -- subtransaction is the end of the mode.
    BEGIN
        PERFORM set_config('transaction_read_only', 'on', true);
        PERFORM waybill.check_values(p_plan);
        IF p_has_checks THEN
            BEGIN
                PERFORM waybill.check_rows(p_plan);
            EXCEPTION
                WHEN read_only_sql_transaction THEN
                    p_has_checks := false;
            END;
        END IF;
        PERFORM waybill.filter_duplicates(p_plan);
    EXCEPTION
        WHEN OTHERS THEN
            RAISE;
    END;
    RETURN p_has_checks;
END
$$;

-- The outcome of each record that is not only loaded as it is.
CREATE OR REPLACE FUNCTION waybill.previewed_records(p_plan waybill.merge_plan,
    p_concealed text[], p_has_checks boolean)
RETURNS jsonb
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT coalesce(jsonb_agg(x), '[]')
        FROM (
            SELECT b.line,
                CASE WHEN bool_and(b.code IS NULL)
                    THEN coalesce(min(b."column"), 'where') END AS rule,
                coalesce(jsonb_agg(DISTINCT jsonb_build_object(
                        'column', b."column", 'code', b.code, 'message', b.message))
                    FILTER (WHERE b.code IS NOT NULL), '[]') AS errors
            FROM pg_temp.merge_rejects AS b
            GROUP BY b.line
        ) AS x
    ) || waybill.added_values(p_plan, p_concealed, p_has_checks);
END
$$;

-- The values that the merge adds to the accepted records: those that are looked up, and those of
-- generated columns if the checks of the table may be applied.
CREATE OR REPLACE FUNCTION waybill.added_values(p_plan waybill.merge_plan, p_concealed text[],
    p_has_checks boolean)
RETURNS jsonb
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_generated CONSTANT text[] := ARRAY(
        SELECT a.attname::text FROM pg_attribute AS a
        WHERE p_has_checks AND a.attrelid = p_plan.target AND a.attgenerated <> ''
            AND NOT a.attisdropped
        ORDER BY a.attnum);
    -- Of a value that may not be seen, whether there is one.
    v_added CONSTANT text := (
        SELECT string_agg(format(CASE WHEN e.name = ANY (p_concealed)
                THEN 'CASE WHEN t.%1$I IS NOT NULL THEN waybill.mask() END AS %1$I'
                ELSE 't.%1$I' END, e.name), ', ')
        FROM (
            SELECT jsonb_object_keys(p_plan.contract #> '{transformation,enrich}') AS name
            UNION ALL SELECT unnest(v_generated)
        ) AS e
        WHERE p_plan.computed ? e.name OR e.name = ANY (v_generated));
    v_values jsonb;
BEGIN
    IF v_added IS NULL THEN
        RETURN '[]';
    END IF;
    EXECUTE format($q$
        SELECT coalesce(jsonb_agg(jsonb_build_object(
            'line', t._waybill_line, 'added', to_jsonb(e.*))), '[]')
        FROM %s AS t
        CROSS JOIN LATERAL (SELECT %s) AS e
        $q$,
        CASE WHEN v_generated = '{}' THEN format('(%s)', waybill.accepted_records(p_plan))
            ELSE waybill.as_rows(p_plan, v_generated) END, v_added)
    INTO v_values;
    RETURN v_values;
END
$$;
