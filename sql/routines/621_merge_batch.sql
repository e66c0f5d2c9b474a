-- A batch as a job, in the caller's transaction: registered, in turn, written, with its waybill.

-- The batch's job, at its place in the landing order: now. Its columns are those that every row
-- has.
CREATE OR REPLACE FUNCTION waybill.register_batch(p_job uuid, p_dataset text,
    p_contract jsonb, p_rows jsonb, p_drift jsonb)
RETURNS waybill.ingestion_jobs
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    c_landed_at CONSTANT timestamptz := clock_timestamp();
    c_key CONSTANT text := 'batch/' || p_job;
    v_columns CONSTANT text[] := ARRAY(
        SELECT col ->> 'name' FROM jsonb_array_elements(p_contract -> 'columns') AS col
        WHERE NOT EXISTS (
            SELECT FROM jsonb_array_elements(p_rows) AS r WHERE NOT r -> 1 ? (col ->> 'name')));
    v_job waybill.ingestion_jobs;
BEGIN
    PERFORM waybill.lock_registration(p_dataset);
    INSERT INTO waybill.ingestion_jobs (job_id, dataset, state, kind, bucket, object_key,
        contract, layout, landed_at, landing_order, started_at, chunks_total, parents_seen)
    VALUES (p_job, p_dataset, 'MERGING', 'batch', '', c_key, p_contract,
        jsonb_build_object('columns', v_columns, 'drift', p_drift), c_landed_at,
        waybill.landing_order(p_dataset, c_landed_at, c_key, ''), c_landed_at, 0,
        -- As record_parents_seen.
        pg_current_snapshot())
    RETURNING * INTO v_job;
    RETURN v_job;
END
$$;

-- Rows wait for earlier-landed files of the datasets that they refer to, as a file does. Their
-- sender waits for the response, so the batch is refused as busy instead.
CREATE OR REPLACE FUNCTION waybill.assert_batch_turn(p_job waybill.ingestion_jobs)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
-- There may be millions of jobs, of which few are open: each look has an index of its own.
SET enable_seqscan = off
AS $$
DECLARE
    -- Mostly there is none, and then none to wait for.
    v_others_are_open CONSTANT boolean := EXISTS (
            SELECT FROM waybill.ingestion_jobs AS j
            WHERE waybill.is_open(j.state) AND j.job_id <> p_job.job_id)
        OR EXISTS (SELECT FROM waybill.ingestion_jobs AS j WHERE j.reverting);
BEGIN
    IF v_others_are_open AND waybill.earlier_open(p_job) <> '{}' OR EXISTS (
        SELECT FROM waybill.ingestion_jobs AS j
        WHERE j.dataset = p_job.dataset AND j.landing_order > p_job.landing_order AND NOT j.stamped
            AND j.state IN ('COMPLETED', 'COMPLETED_WITH_REJECTS', 'DUPLICATE'))
    THEN
        RAISE EXCEPTION 'Files that the batch depends on are being loaded.'
            USING ERRCODE = '55P03', SCHEMA = 'waybill';
    END IF;
END
$$;

-- What is wrong with which row, as the API reports it: rows count from 0.
CREATE OR REPLACE FUNCTION waybill.batch_errors(p_job uuid) RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, waybill, pg_temp
BEGIN ATOMIC
    SELECT coalesce(jsonb_agg(x.error ORDER BY x.line), '[]')
    FROM (
        SELECT v.line, jsonb_build_object('row', v.line - 1) || e AS error
        FROM waybill.validation_errors AS v, jsonb_array_elements(v.errors) AS e
        WHERE v.job_id = p_job
        UNION ALL
        SELECT p.line, jsonb_build_object(
            'row', p.line - 1,
            'column', p.missing -> 'columns' -> 0,
            'code', 'unknown_reference',
            'message', coalesce(p.missing ->> 'message',
            format('has no parent in %s', p.missing ->> 'table')))
        FROM waybill.pending_references AS p
        WHERE p.job_id = p_job
    ) AS x;
END;

-- Write a batch. `p_filtered` rows were left out before; `p_rejected` are rows that were refused before:
-- [{row, raw, values, errors: [{column, code, message}]}, …].
CREATE OR REPLACE FUNCTION waybill.merge_batch(p_job uuid, p_dataset text, p_rows jsonb,
    p_mode text, p_rejected jsonb DEFAULT '[]', p_filtered bigint DEFAULT 0,
    p_drift jsonb DEFAULT '[]', OUT state text, OUT errors jsonb, OUT waybill jsonb, OUT unblocked uuid[], OUT pending uuid[])
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
SET timezone = 'UTC'
SET lock_timeout = '3s'
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    v_job waybill.ingestion_jobs;
    v_counts waybill.merge_counts;
    v_error text;
    v_context text;
BEGIN
    -- Waits for a merge of the dataset, for the three seconds of lock_timeout and no longer.
    PERFORM pg_advisory_xact_lock(hashtextextended('waybill.merge.' || p_dataset, 0));
    v_job := waybill.register_batch(
        p_job, p_dataset, waybill.contract(p_dataset), p_rows, p_drift);
    PERFORM waybill.assert_batch_turn(v_job);
    IF p_rejected <> '[]' THEN
        INSERT INTO waybill.validation_errors (job_id, line, raw, data_key, "values", errors)
        SELECT p_job,
            (r ->> 'row')::bigint + 1,
            waybill.stored_text(r ->> 'raw', waybill.has_personal(v_job.contract)),
            waybill.data_key_of(r ->> 'raw', waybill.has_personal(v_job.contract)),
            r -> 'values',
            r -> 'errors'
        FROM jsonb_array_elements(p_rejected) AS r;
    END IF;
    BEGIN
        v_counts := waybill.apply_rows(v_job, p_rows);
    EXCEPTION
        WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS v_context = PG_EXCEPTION_CONTEXT;
            IF waybill.is_no_refusal(SQLSTATE, SQLERRM, v_context) THEN
                RAISE;
            END IF;
            -- A statement that fails for every row, in a trigger or an expression of the table.
            v_error := waybill.error_text(v_job.contract, NULL, SQLSTATE, SQLERRM);
            RAISE EXCEPTION 'The table refuses the rows: %', v_error USING ERRCODE = 'WB009',
                DETAIL = jsonb_build_array(jsonb_build_object('row', 0, 'column', NULL,
                    'code', 'refused_by_table', 'message', v_error))::text;
    END;
    errors := CASE
        WHEN v_counts.rejected + v_counts.pending_reference = 0 AND p_rejected = '[]' THEN '[]'
        ELSE waybill.batch_errors(p_job)
    END;
    IF p_mode = 'atomic' AND errors <> '[]' THEN
        RAISE EXCEPTION 'Rows of the batch were refused.' USING ERRCODE = 'WB009',
            DETAIL = errors::text;
    END IF;
    v_counts.rejected := v_counts.rejected + jsonb_array_length(p_rejected);
    v_counts.filtered := v_counts.filtered + p_filtered;
    v_counts.read := jsonb_array_length(p_rows) + jsonb_array_length(p_rejected) + p_filtered;
    v_job := waybill.write_waybill(v_job, v_counts, true);
    PERFORM waybill.add_retyped(p_job, v_counts.rejected, v_counts.read);
    PERFORM waybill.emit_job_finished(p_job, p_dataset, v_job.state);
    state := v_job.state;
    waybill := waybill.waybill_document(v_job);
    SELECT u.unblocked, u.pending INTO unblocked, pending
    FROM waybill.unblocked_jobs(v_job) AS u;
END
$$;
