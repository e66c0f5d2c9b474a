-- The merge proper: rows, rejects, counts, outbox and state.

-- How many refused records a contract bears with. A file that replaces a table bears none,
-- unless its contract says so: what it could not read would leave the table.
CREATE OR REPLACE FUNCTION waybill.too_many_rejects(contract jsonb, refused bigint,
    records bigint)
RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog
RETURN CASE
    WHEN refused > (contract ->> 'max_rejects')::bigint
        THEN format('at most %s', contract ->> 'max_rejects')
    WHEN refused > records * (contract ->> 'max_reject_share')::numeric
        THEN format('at most %s %%', trim_scale(
            100 * (contract ->> 'max_reject_share')::numeric))
    WHEN refused > 0 AND contract ->> 'write_disposition' = 'replace'
        AND contract ->> 'max_rejects' IS NULL AND contract ->> 'max_reject_share' IS NULL
        THEN 'none, since the file replaces what is there' END;

-- The first rejects of a job, to be kept when the rest of its merge is undone.
CREATE OR REPLACE FUNCTION waybill.first_rejects(job uuid) RETURNS waybill.validation_errors[]
LANGUAGE sql STABLE
SET search_path = pg_catalog
RETURN ARRAY(SELECT v FROM waybill.validation_errors AS v WHERE v.job_id = job
    ORDER BY v.line, v.reject_id LIMIT 1000);

-- Apply the records; a dry run, and a file with too many rejects, are counted and undone.
CREATE OR REPLACE FUNCTION waybill.finish_merge(job waybill.ingestion_jobs) RETURNS jsonb
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    m waybill.merge_plan;
    n jsonb;
    records bigint;
    refused bigint;
    broken text;
    kept waybill.validation_errors[];
BEGIN
    m := waybill.plan_merge(job, format('staging.%I', waybill.stage_name(job.job_id)));
    SELECT coalesce(sum(c.read), 0), coalesce(sum(c.rejected), 0) INTO records, refused
    FROM waybill.chunks AS c WHERE c.job_id = job.job_id;
    BEGIN
        n := waybill.apply_records(m, job.dataset);
        refused := refused + (n ->> 'rejected')::bigint;
        broken := waybill.too_many_rejects(job.contract, refused, records);
        IF broken IS NOT NULL OR waybill.is_dry(job) THEN
            kept := waybill.first_rejects(job.job_id);
            RAISE EXCEPTION 'counted' USING ERRCODE = 'WB999';
        END IF;
    EXCEPTION
        WHEN SQLSTATE 'WB999' THEN
            -- Undone to here, rows and all; what was counted is kept.
            DELETE FROM waybill.validation_errors WHERE job_id = job.job_id;
            INSERT INTO waybill.validation_errors SELECT * FROM unnest(kept);
    END;
    IF broken IS NOT NULL THEN
        RETURN waybill.fail_for_rejects(job, refused, records, broken);
    END IF;
    n := n || jsonb_build_object('rejected', refused, 'read', records);
    job := waybill.write_waybill(job, n, m.bump OR (n ->> 'unchanged')::bigint = 0
        OR waybill.is_dry(job));
    PERFORM waybill.emit_job_finished(job.job_id, job.dataset, job.state);
    PERFORM waybill.drop_stage(job.job_id);
    RETURN jsonb_build_object('outcome', 'merged', 'state', job.state) || waybill.unblocked_jobs(job);
END
$$;

CREATE OR REPLACE FUNCTION waybill.fail_for_rejects(job waybill.ingestion_jobs,
    refused bigint, records bigint, allowed text)
RETURNS jsonb
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    RETURN jsonb_build_object('outcome', 'merged', 'state', waybill.fail_job(job.job_id,
        jsonb_build_object('type', 'too-many-rejects-in-file',
            'title', 'Too many records were refused', 'rejected', refused, 'read', records,
            'detail', format('%s of %s records were refused; the contract bears with %s.'
                ' Nothing was loaded; the first rejects are kept.', refused, records,
                allowed)))) || waybill.unblocked_jobs(job);
END
$$;

-- The waybill of an ended job. `n` has every class, and `read`.
CREATE OR REPLACE FUNCTION waybill.write_waybill(job waybill.ingestion_jobs, n jsonb,
    is_stamped boolean)
RETURNS waybill.ingestion_jobs
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    UPDATE waybill.ingestion_jobs AS j SET
        state = CASE WHEN (n ->> 'rejected')::bigint > 0 THEN 'COMPLETED_WITH_REJECTS'
            ELSE 'COMPLETED' END,
        read = (n ->> 'read')::bigint, inserted = (n ->> 'inserted')::bigint,
        updated = (n ->> 'updated')::bigint, unchanged = (n ->> 'unchanged')::bigint,
        superseded = (n ->> 'superseded')::bigint, rejected = (n ->> 'rejected')::bigint,
        pending_reference = (n ->> 'pending_reference')::bigint,
        deleted = (n ->> 'deleted')::bigint, row_by_row = (n ->> 'row_by_row')::boolean,
        replaced = CASE WHEN NOT waybill.is_dry(j) AND jsonb_typeof(n -> 'replaced') = 'array'
            THEN ARRAY(SELECT jsonb_array_elements_text(n -> 'replaced')) END,
        stamped = is_stamped, finished_at = clock_timestamp()
    WHERE j.job_id = job.job_id RETURNING * INTO job;
    RETURN job;
END
$$;
