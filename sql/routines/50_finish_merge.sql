-- The merge proper: rows, rejects, counts, outbox and state.

-- The limit of rejects that a file exceeds, or null. A file that replaces a table may have none,
-- unless its contract says so: what it could not read would leave the table.
CREATE OR REPLACE FUNCTION waybill.exceeded_reject_limit(p_contract jsonb,
    p_rejected bigint, p_records bigint)
RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN CASE
    WHEN p_rejected > (p_contract ->> 'max_rejects')::bigint
        THEN format('at most %s', p_contract ->> 'max_rejects')
    WHEN p_rejected > p_records * (p_contract ->> 'max_reject_share')::numeric
        THEN format('at most %s %%',
            trim_scale(100 * (p_contract ->> 'max_reject_share')::numeric))
    WHEN p_rejected > 0
        AND p_contract ->> 'write_disposition' = 'replace'
        AND p_contract ->> 'max_rejects' IS NULL
        AND p_contract ->> 'max_reject_share' IS NULL
        THEN 'none, since the file replaces what is there'
END;

-- The first rejects of a job, to be kept when the rest of its merge is undone.
CREATE OR REPLACE FUNCTION waybill.first_rejects(p_job uuid)
RETURNS waybill.validation_errors[]
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN ARRAY(
    SELECT v
    FROM waybill.validation_errors AS v
    WHERE v.job_id = p_job
    ORDER BY v.line, v.reject_id
    LIMIT 1000
);

-- Apply the records. A dry run, and a file with too many rejects, are counted and undone.
CREATE OR REPLACE FUNCTION waybill.finish_merge(p_job waybill.ingestion_jobs)
RETURNS waybill.merge_result
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_plan waybill.merge_plan;
    v_counts waybill.merge_counts;
    v_read bigint;
    v_rejected bigint;
    v_filtered bigint;
    v_erased bigint;
    v_limit text;
    v_kept waybill.validation_errors[];
    v_context text;
    v_result waybill.merge_result;
BEGIN
    PERFORM waybill.record_parents_seen(p_job.job_id);
    v_plan := waybill.plan_merge(p_job,
        format('staging.%I', waybill.stage_name(p_job.job_id)));
    SELECT coalesce(sum(c.read), 0), coalesce(sum(c.rejected), 0), coalesce(sum(c.filtered), 0)
    INTO v_read, v_rejected, v_filtered
    FROM waybill.chunks AS c
    WHERE c.job_id = p_job.job_id;
    BEGIN
        v_counts := waybill.write_records(v_plan, p_job.dataset);
        v_rejected := v_rejected + v_counts.rejected;
        v_erased := waybill.count_erased_rejects(p_job, v_rejected);
        v_rejected := v_rejected - v_erased;
        v_counts.erased := v_counts.erased + v_erased;
        v_limit := waybill.exceeded_reject_limit(p_job.contract, v_rejected, v_read);
        IF v_limit IS NOT NULL OR waybill.is_dry(p_job) THEN
            v_kept := waybill.first_rejects(p_job.job_id);
            RAISE EXCEPTION 'counted' USING ERRCODE = 'WB999';
        END IF;
        PERFORM waybill.exchange_copies(v_plan);
    EXCEPTION
        WHEN SQLSTATE 'WB999' THEN
            -- Undone to here, rows and all; the variables keep their values.
            DELETE FROM waybill.validation_errors WHERE job_id = p_job.job_id;
            INSERT INTO waybill.validation_errors SELECT * FROM unnest(v_kept);
        WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS v_context = PG_EXCEPTION_CONTEXT;
            IF SQLSTATE <> 'WB005' AND waybill.is_no_refusal(SQLSTATE, SQLERRM, v_context) THEN
                RAISE;
            END IF;
            -- Because of records that are gone, perhaps: those are staged again.
            v_result := waybill.empty_result(p_job, 'restage');
            v_result.chunks := waybill.lost_chunks(p_job);
            IF v_result.chunks <> '{}' THEN
                RETURN v_result;
            ELSIF SQLSTATE = 'WB005' THEN
                RAISE;
            END IF;
            -- The next attempt would fail in the same way.
            PERFORM waybill.fail_for_error(p_job.job_id, SQLSTATE,
                waybill.error_text(p_job.contract, NULL, SQLSTATE, SQLERRM));
            RETURN waybill.result_of(p_job.job_id, 'merged');
    END;
    PERFORM waybill.add_retyped(p_job.job_id, v_rejected, v_read);
    IF v_limit IS NOT NULL THEN
        PERFORM waybill.fail_for_rejects(p_job.job_id, v_rejected, v_read, v_limit);
    ELSE
        v_counts.read := v_read;
        v_counts.rejected := v_rejected;
        v_counts.filtered := v_filtered + v_counts.filtered;
        p_job := waybill.write_waybill(p_job, v_counts,
            v_plan.stamp_unchanged OR v_counts.unchanged = 0 OR waybill.is_dry(p_job));
        IF NOT p_job.stamped THEN
            PERFORM waybill.keep_unchanged_keys(v_plan);
        END IF;
        PERFORM waybill.keep_column_statistics(p_job.job_id);
        PERFORM waybill.keep_current_content(p_job);
        PERFORM waybill.emit_job_finished(p_job.job_id, p_job.dataset, p_job.state);
        PERFORM waybill.drop_stage(p_job.job_id);
    END IF;
    RETURN waybill.result_of(p_job.job_id, 'merged');
END
$$;

-- Report the columns for which most records of a job were rejected as of another type. They are
-- looked for in the first rejects only, since there may be many.
CREATE OR REPLACE FUNCTION waybill.add_retyped(p_job uuid, p_rejected bigint, p_records bigint)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_found jsonb;
BEGIN
    IF 2 * p_rejected <= p_records THEN
        RETURN;
    END IF;
    WITH first AS (
        SELECT v.reject_id, v.errors
        FROM unnest(waybill.first_rejects(p_job)) AS v
    ), found AS (
        SELECT e ->> 'column' AS name,
            count(DISTINCT f.reject_id)::numeric / (SELECT count(*) FROM first) AS share,
            mode() WITHIN GROUP (ORDER BY e ->> 'code') AS code
        FROM first AS f, jsonb_array_elements(f.errors) AS e
        WHERE e ->> 'column' IS NOT NULL
            AND (e ->> 'code' LIKE 'invalid\_%' OR e ->> 'code' IN ('wrong_type', 'out_of_range',
                'too_many_decimals', 'too_long', 'timestamp_without_zone', 'timestamp_with_zone'))
        GROUP BY 1
    )
    SELECT jsonb_agg(jsonb_build_object(
        'column', f.name,
        'change', 'retyped',
        'action', 'rejected',
        'code', f.code) ORDER BY f.name)
    INTO v_found
    FROM found AS f
    WHERE 2 * f.share * p_rejected > p_records;
    IF v_found IS NOT NULL THEN
        UPDATE waybill.ingestion_jobs AS j
        SET layout = j.layout
            || jsonb_build_object('drift', coalesce(j.layout -> 'drift', '[]') || v_found)
        WHERE j.job_id = p_job;
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION waybill.fail_for_rejects(p_job uuid, p_rejected bigint,
    p_records bigint, p_limit text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    PERFORM waybill.fail_job(p_job, jsonb_build_object(
        'type', 'too-many-rejects-in-file',
        'title', 'Too many records were rejected',
        'rejected', p_rejected,
        'read', p_records,
        'detail', format(
            '%s of %s records were rejected; the contract allows %s. Nothing was loaded;'
            ' the first rejects are kept.', p_rejected, p_records, p_limit)));
END
$$;

CREATE OR REPLACE FUNCTION waybill.fail_for_error(p_job uuid, p_sqlstate text,
    p_message text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    PERFORM waybill.fail_job(p_job, jsonb_build_object(
        'type', 'data-refused',
        'title', 'Data refused',
        'sqlstate', p_sqlstate,
        'detail', format('The table refuses the file: %s', p_message)));
END
$$;

-- The waybill of a job that has ended.
CREATE OR REPLACE FUNCTION waybill.write_waybill(p_job waybill.ingestion_jobs,
    p_counts waybill.merge_counts, p_stamped boolean)
RETURNS waybill.ingestion_jobs
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    UPDATE waybill.ingestion_jobs AS j
    SET state = CASE
            WHEN p_counts.rejected > 0 THEN 'COMPLETED_WITH_REJECTS'
            ELSE 'COMPLETED'
        END,
        read = p_counts.read,
        inserted = p_counts.inserted,
        updated = p_counts.updated,
        unchanged = p_counts.unchanged,
        superseded = p_counts.superseded,
        filtered = coalesce(p_counts.filtered, 0),
        erased = coalesce(p_counts.erased, 0),
        rejected = p_counts.rejected,
        pending_reference = p_counts.pending_reference,
        deleted = p_counts.deleted,
        row_by_row = p_counts.row_by_row,
        replaced = CASE WHEN NOT waybill.is_dry(j) THEN p_counts.replaced END,
        stamped = p_stamped,
        written_by = CASE
            WHEN waybill.is_dry(j) THEN NULL
            WHEN p_counts.inserted + p_counts.updated > 0 THEN pg_current_xact_id()
            -- Pending records, too, may be what those of other jobs wait for.
            WHEN p_counts.pending_reference > 0
                AND waybill.datasets_in_cycle(j.dataset) <> '{}'
                THEN pg_current_xact_id()
        END,
        finished_at = clock_timestamp()
    WHERE j.job_id = p_job.job_id
    RETURNING * INTO p_job;
    RETURN p_job;
END
$$;
