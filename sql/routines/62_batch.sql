-- A batch of rows: the same checks, classes and write as a file, in the caller's transaction.

-- The rows as a staging table: `rows` is [[number, {column: text}, raw], …].
CREATE OR REPLACE FUNCTION waybill.stage_rows(contract jsonb, columns text[], rows jsonb)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    fields CONSTANT text := (
        SELECT string_agg(format('%I %s', col ->> 'name', col ->> 'stage'), ', ')
        FROM jsonb_array_elements(contract -> 'columns') AS col
        WHERE col ->> 'name' = ANY (columns));
BEGIN
    IF NOT columns <@ ARRAY(SELECT col ->> 'name'
            FROM jsonb_array_elements(contract -> 'columns') AS col) THEN
        -- The door read an older contract; what it let in must not be dropped in silence.
        RAISE EXCEPTION 'The contract has just changed.' USING ERRCODE = '55P03';
    END IF;
    DROP TABLE IF EXISTS pg_temp.batch_rows;
    EXECUTE format('CREATE TEMP TABLE batch_rows (_waybill_chunk integer, _waybill_line bigint, _waybill_raw text, %s)'
        ' ON COMMIT DROP', fields);
    -- The rows are a parameter, not a part of the text: they are not read twice.
    EXECUTE format('INSERT INTO pg_temp.batch_rows SELECT NULL, (r ->> 0)::bigint + 1, r ->> 2, x.*'
        ' FROM jsonb_array_elements($1) AS r, jsonb_to_record(r -> 1) AS x (%s)', fields)
        USING rows;
END
$$;

-- The batch's job, at its place in the order of landing: now.
CREATE OR REPLACE FUNCTION waybill.register_batch(p_job uuid, p_dataset text,
    p_contract jsonb, p_columns text[])
RETURNS waybill.ingestion_jobs
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    job waybill.ingestion_jobs;
    landed CONSTANT timestamptz := clock_timestamp();
    key CONSTANT text := 'batch/' || p_job;
BEGIN
    -- As for objects: one registration per dataset at a time, or two could take one place.
    PERFORM pg_advisory_xact_lock(hashtextextended('waybill.landing.' || p_dataset, 0));
    INSERT INTO waybill.ingestion_jobs (job_id, dataset, state, kind, bucket, object_key,
        contract, layout, landed_at, landed_seq, started_at, chunks_total)
    VALUES (p_job, p_dataset, 'MERGING', 'batch', '', key, p_contract,
        jsonb_build_object('columns', p_columns), landed,
        waybill.landing_order(p_dataset, landed, key, ''), landed, 0)
    RETURNING * INTO job;
    RETURN job;
END
$$;

-- What was wrong with which row, as the API says it: rows count from 0.
CREATE OR REPLACE FUNCTION waybill.batch_errors(job uuid) RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT coalesce(jsonb_agg(x.error ORDER BY x.line), '[]')
        FROM (
            SELECT v.line, jsonb_build_object('row', v.line - 1) || e AS error
            FROM waybill.validation_errors AS v, jsonb_array_elements(v.errors) AS e
            WHERE v.job_id = job
            UNION ALL
            SELECT c._waybill_line, jsonb_build_object('row', c._waybill_line - 1,
                'column', c._waybill_missing -> 'columns' -> 0, 'code', 'unknown_reference',
                'message', format('has no parent in %s', c._waybill_missing ->> 'table'))
            FROM pg_temp.merge_records AS c WHERE c._waybill_class = 'pending'
        ) AS x);
END
$$;

-- Write a batch. `p_rejected` are rows that were refused before they came here:
-- [{row, raw, values, errors: [{column, code, message}]}, …].
CREATE OR REPLACE FUNCTION waybill.merge_batch(p_job uuid, p_dataset text, p_rows jsonb,
    p_mode text, p_rejected jsonb DEFAULT '[]')
RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
SET timezone = 'UTC'
SET lock_timeout = '3s'
SET jit = off
AS $$
DECLARE
    job waybill.ingestion_jobs;
    contract CONSTANT jsonb := waybill.contract(p_dataset);
    columns CONSTANT text[] := ARRAY(SELECT DISTINCT k FROM jsonb_array_elements(p_rows) AS r,
        jsonb_object_keys(r -> 1) AS k
        -- All of them when every row was refused before it came here.
        UNION SELECT col ->> 'name' FROM jsonb_array_elements(contract -> 'columns') AS col
        WHERE p_rows = '[]');
    v_counts waybill.merge_counts;
    errors jsonb;
BEGIN
    -- Waits for a merge of the dataset, for the three seconds of lock_timeout and no longer.
    PERFORM pg_advisory_xact_lock(hashtextextended('waybill.merge.' || p_dataset, 0));
    job := waybill.register_batch(p_job, p_dataset, contract, columns);
    PERFORM waybill.assert_batch_turn(job);
    INSERT INTO waybill.validation_errors (job_id, line, raw, "values", errors)
    SELECT p_job, (r ->> 'row')::bigint + 1, convert_to(r ->> 'raw', 'UTF8'), r -> 'values',
        r -> 'errors'
    FROM jsonb_array_elements(p_rejected) AS r;
    PERFORM waybill.stage_rows(contract, columns, p_rows);
    v_counts := waybill.apply_records(waybill.plan_merge(job, 'pg_temp.batch_rows'), p_dataset);
    errors := waybill.batch_errors(p_job);
    IF p_mode = 'atomic' AND errors <> '[]' THEN
        RAISE EXCEPTION 'Rows of the batch were refused.' USING ERRCODE = 'WB009',
            DETAIL = errors::text;
    END IF;
    v_counts.rejected := v_counts.rejected + jsonb_array_length(p_rejected);
    v_counts.read := jsonb_array_length(p_rows) + jsonb_array_length(p_rejected);
    job := waybill.write_waybill(job, v_counts, true);
    PERFORM waybill.emit_job_finished(p_job, p_dataset, job.state);
    RETURN jsonb_build_object('state', job.state, 'dataset', p_dataset, 'errors', errors,
        'waybill', waybill.waybill_document(job)) || to_jsonb(waybill.unblocked_jobs(job));
END
$$;

-- Rows wait for earlier-landed files of the datasets that they refer to, as a file does; a
-- caller who waits for an answer comes back instead.
CREATE OR REPLACE FUNCTION waybill.assert_batch_turn(job waybill.ingestion_jobs)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    IF waybill.earlier_open(job) <> '{}' OR EXISTS (
        SELECT FROM waybill.ingestion_jobs AS j WHERE j.dataset = job.dataset
            AND j.landed_seq > job.landed_seq AND NOT j.stamped
            AND j.state IN ('COMPLETED', 'COMPLETED_WITH_REJECTS')) THEN
        RAISE EXCEPTION 'Files that the batch depends on are being loaded.'
            USING ERRCODE = '55P03';
    END IF;
END
$$;

GRANT EXECUTE ON FUNCTION waybill.merge_batch(uuid, text, jsonb, text, jsonb) TO waybill_api;
