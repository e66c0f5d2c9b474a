-- Erasure of a person: a natural key of a dataset, whatever its table.

-- The columns of a natural key as an array of texts that equal keys have in common; `p_template`
-- makes the typed expression of a column (1: the column as an identifier, 2: its type, 3: its name
-- as a literal).
CREATE OR REPLACE FUNCTION waybill.key_texts(p_target regclass, p_key text[], p_template text)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT format('ARRAY[%s]', string_agg(
        CASE
            -- 1.0 and 1.00 are equal.
            WHEN t.base = 'numeric'::regtype THEN format('trim_scale((%s)::numeric)::text', x.value)
            ELSE format('(%s)::text', x.value)
        END, ', ' ORDER BY k.place))
    FROM unnest(p_key) WITH ORDINALITY AS k (name, place)
    JOIN pg_attribute AS a ON a.attrelid = p_target AND a.attname = k.name
    CROSS JOIN LATERAL waybill.base_type(a.atttypid, a.atttypmod) AS t
    CROSS JOIN LATERAL (SELECT format(p_template, k.name,
        format_type(a.atttypid, a.atttypmod), k.name) AS value) AS x
);

CREATE OR REPLACE FUNCTION waybill.key_hash(p_salt uuid, p_key text[]) RETURNS bytea
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN sha256(convert_to(p_salt::text || to_jsonb(p_key)::text, 'UTF8'));

-- Whether a key, as an expression, is one that was erased after the job's file had landed.
CREATE OR REPLACE FUNCTION waybill.is_erased(p_job waybill.ingestion_jobs, p_key text)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN format(
    'EXISTS (SELECT FROM waybill.erasures AS e WHERE e.dataset = %L AND e.erased_at >= %L'
    ' AND e.key_hash = waybill.key_hash(%L, %s))',
    (p_job).dataset, coalesce((p_job).landed_at, (p_job).created_at),
    (SELECT s.salt FROM waybill.erasure_salts AS s WHERE s.dataset = (p_job).dataset), p_key);

CREATE OR REPLACE FUNCTION waybill.may_hold_erased(p_job waybill.ingestion_jobs) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN EXISTS (
    SELECT FROM waybill.erasures AS e
    WHERE e.dataset = (p_job).dataset
        AND e.erased_at >= coalesce((p_job).landed_at, (p_job).created_at));

-- The key of a staged record, as an expression.
CREATE OR REPLACE FUNCTION waybill.staged_key(p_plan waybill.merge_plan) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT format('(SELECT %s FROM (SELECT %s) AS k)',
        waybill.key_texts((p_plan).target, (p_plan).natural_key, 'k.%1$I'),
        string_agg(format('%s AS %I', coalesce(
            (p_plan).computed ->> n.name,
            (SELECT waybill.typed_column(p_plan, c.col)
                FROM jsonb_array_elements((p_plan).contract -> 'columns') AS c (col)
                WHERE c.col ->> 'name' = n.name)), n.name), ', '))
    FROM unnest((p_plan).natural_key) AS n (name)
);

-- Leave out the records of erased persons, also where they were rejected: their text is not kept.
CREATE OR REPLACE FUNCTION waybill.leave_out_erased(p_plan waybill.merge_plan) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_job waybill.ingestion_jobs;
BEGIN
    SELECT * INTO v_job FROM waybill.ingestion_jobs AS j WHERE j.job_id = p_plan.job_id;
    IF p_plan.natural_key = '{}' OR NOT waybill.may_hold_erased(v_job)
        OR NOT p_plan.natural_key <@ waybill.updated_columns(p_plan)
    THEN
        RETURN;
    END IF;
    CREATE TEMP TABLE merge_erased ON COMMIT DROP AS SELECT NULL::bigint AS line WHERE false;
    PERFORM waybill.run_sql(format(
        'INSERT INTO pg_temp.merge_erased SELECT t._waybill_line FROM %s AS t WHERE %s',
        p_plan.source, waybill.is_erased(v_job, waybill.staged_key(p_plan))));
    DELETE FROM pg_temp.merge_rejects AS b
    USING pg_temp.merge_erased AS e
    WHERE b.line = e.line;
    INSERT INTO pg_temp.merge_rejects
    SELECT line, NULL, NULL, 'erased'
    FROM pg_temp.merge_erased;
    DROP TABLE pg_temp.merge_erased;
END
$$;

CREATE OR REPLACE FUNCTION waybill.count_erased() RETURNS bigint
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT count(*) FROM pg_temp.merge_rejects WHERE code IS NULL AND message = 'erased');
END
$$;

-- The key of a stored record ({column: text}), as an expression; null where it has none, or one
-- that the table cannot have.
CREATE OR REPLACE FUNCTION waybill.stored_key(p_target regclass, p_key text[], p_record text)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN format('CASE WHEN %s THEN %s END',
    (
        SELECT string_agg(format('coalesce(pg_input_is_valid(%1$s ->> %2$L, %3$L), false)', p_record,
            k.name, format_type(a.atttypid, a.atttypmod)), ' AND ')
        FROM unnest(p_key) AS k (name)
        JOIN pg_attribute AS a ON a.attrelid = p_target AND a.attname = k.name
    ),
    waybill.key_texts(p_target, p_key, format('(%s ->> %%3$L)::%%2$s', p_record)));

-- Delete the rejects of a job that an erased person has. Returns how many there were.
CREATE OR REPLACE FUNCTION waybill.erase_rejects(p_job waybill.ingestion_jobs) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
SET timezone = 'UTC'
AS $$
DECLARE
    v_dataset waybill.datasets;
BEGIN
    SELECT * INTO v_dataset FROM waybill.datasets AS d WHERE d.name = p_job.dataset;
    IF v_dataset.natural_key = '{}' OR NOT waybill.may_hold_erased(p_job) THEN
        RETURN 0;
    END IF;
    RETURN waybill.run_sql(format(
        'DELETE FROM waybill.validation_errors AS v WHERE v.job_id = %L AND %s',
        p_job.job_id, waybill.is_erased(p_job,
            waybill.stored_key(v_dataset.target, v_dataset.natural_key, 'v."values"'))));
END
$$;

-- Delete them; of the rejects that were counted, how many are erased: here, or by an erasure while
-- the file was open.
CREATE OR REPLACE FUNCTION waybill.count_erased_rejects(p_job waybill.ingestion_jobs,
    p_rejected bigint)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    IF NOT waybill.may_hold_erased(p_job) THEN
        RETURN 0;
    END IF;
    PERFORM waybill.erase_rejects(p_job);
    RETURN p_rejected - (
        SELECT count(*) FROM waybill.validation_errors AS v WHERE v.job_id = p_job.job_id);
END
$$;
