-- A file that arrives late would overwrite rows that later-landed files found unchanged and did
-- not stamp; so do duplicates, which nobody compared. The objects of those files are staged again first, and their rows stamped.

-- Whether a file that landed later has ended, but did not stamp the rows that it found unchanged.
CREATE OR REPLACE FUNCTION waybill.has_unstamped_later(p_job waybill.ingestion_jobs)
RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN EXISTS (
    SELECT FROM waybill.ingestion_jobs AS j
    WHERE j.dataset = p_job.dataset
        AND j.landing_order > coalesce(p_job.effective_order, p_job.landing_order)
        AND j.state IN ('COMPLETED', 'COMPLETED_WITH_REJECTS', 'DUPLICATE')
        AND NOT j.stamped
);

-- Returns the later jobs whose unstaged chunks are to be staged; null if the object of one has
-- expired after an erasure: the late file is failed, rather than overwrite what landed later.
CREATE OR REPLACE FUNCTION waybill.request_restamps(p_late waybill.ingestion_jobs)
RETURNS uuid[]
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_job waybill.ingestion_jobs;
    v_requested uuid[] := '{}';
    v_order CONSTANT bigint := coalesce(p_late.effective_order, p_late.landing_order);
    v_changed bigint[];
BEGIN
    IF NOT waybill.has_unstamped_later(p_late) THEN
        RETURN v_requested;
    END IF;
    v_changed := waybill.changed_keys(p_late);
    FOR v_job IN
        SELECT * FROM waybill.ingestion_jobs AS j
        WHERE j.dataset = p_late.dataset
            AND j.landing_order > v_order
            AND j.state IN ('COMPLETED', 'COMPLETED_WITH_REJECTS', 'DUPLICATE')
            AND NOT j.stamped
            -- Only if they may have found a row unchanged that the late file changes.
            AND v_changed IS DISTINCT FROM '{}'
            AND NOT EXISTS (
                SELECT FROM waybill.unchanged_keys AS u
                WHERE u.job_id = j.job_id AND NOT u.hashes && v_changed
            )
        ORDER BY j.object_gone DESC, j.landing_order
        -- A second late file must not empty the staging table that this one makes.
        FOR UPDATE
    LOOP
        IF v_job.object_gone THEN
            PERFORM waybill.fail_job(p_late.job_id, jsonb_build_object(
                'type', 'later-file-erased',
                'title', 'Later file erased',
                'detail', format('Job %s landed later and may have the same rows; its object cannot'
                    ' be compared any more. Nothing was loaded; upload the file again.',
                    v_job.job_id)));
            RETURN NULL;
        END IF;
        IF NOT v_job.restamping THEN
            UPDATE waybill.ingestion_jobs SET restamping = true WHERE job_id = v_job.job_id;
            UPDATE waybill.chunks SET done = false WHERE job_id = v_job.job_id;
            PERFORM waybill.drop_stage(v_job.job_id);
            PERFORM waybill.create_stage(v_job);
        END IF;
        v_requested := v_requested || v_job.job_id;
    END LOOP;
    RETURN v_requested;
END
$$;

-- The hash of a record's key, as an expression; null where equal keys may differ as texts.
CREATE OR REPLACE FUNCTION waybill.key_hash(p_plan waybill.merge_plan, p_alias text)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT CASE WHEN bool_and(waybill.equal_means_identical(a.atttypid, a.attcollation))
        THEN format('hashtextextended(concat_ws(%L, %s), 0)', chr(31),
            string_agg(format('%s.%I::text', p_alias, a.attname), ', ' ORDER BY a.attnum)) END
    FROM pg_attribute AS a
    WHERE a.attrelid = (p_plan).target
        AND a.attname = ANY ((p_plan).natural_key)
);

-- Hashes of the keys whose rows a file changes; null if they are not known: it replaces rows, or
-- its keys are not hashed.
CREATE OR REPLACE FUNCTION waybill.changed_keys(p_job waybill.ingestion_jobs)
RETURNS bigint[]
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_plan CONSTANT waybill.merge_plan := waybill.plan_merge(p_job,
        format('staging.%I', waybill.stage_name(p_job.job_id)));
    v_hashes bigint[];
BEGIN
    IF v_plan.disposition = 'replace' OR waybill.key_hash(v_plan, 's') IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM waybill.check_records(v_plan);
    PERFORM waybill.classify(v_plan);
    EXECUTE format(
        $q$
        SELECT coalesce(array_agg(%s), '{}')
        FROM pg_temp.merge_records AS s
        WHERE s._waybill_class = 'update'
        $q$, waybill.key_hash(v_plan, 's'))
    INTO v_hashes;
    RETURN v_hashes;
END
$$;

-- Of a job so many keys are kept, hashed, and no more: they are searched one by one.
CREATE OR REPLACE FUNCTION waybill.most_kept_keys() RETURNS integer
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN 100000;

-- Remember the keys that a merge has just found unchanged and not stamped.
CREATE OR REPLACE FUNCTION waybill.keep_unchanged_keys(p_plan waybill.merge_plan)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    IF waybill.key_hash(p_plan, 's') IS NULL THEN
        RETURN;
    END IF;
    PERFORM waybill.run_sql(format(
        $q$
        INSERT INTO waybill.unchanged_keys (job_id, hashes)
        SELECT %L, array_agg(%s)
        FROM pg_temp.merge_records AS s
        WHERE s._waybill_class = 'unchanged'
        HAVING count(*) BETWEEN 1 AND waybill.most_kept_keys()
        ON CONFLICT (job_id) DO NOTHING
        $q$, p_plan.job_id, waybill.key_hash(p_plan, 's')));
END
$$;

-- The same for a merge that has left them out of its records.
CREATE OR REPLACE FUNCTION waybill.keep_left_out_keys(p_plan waybill.merge_plan)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    IF NOT coalesce(p_plan.left_out BETWEEN 1 AND waybill.most_kept_keys(), false)
        OR waybill.key_hash(p_plan, 't') IS NULL
    THEN
        RETURN;
    END IF;
    PERFORM waybill.run_sql(format(
        $q$
        INSERT INTO waybill.unchanged_keys (job_id, hashes)
        SELECT %L, array_agg(%s)
        FROM (%s) AS t
        WHERE NOT EXISTS (
            SELECT FROM pg_temp.merge_records AS s WHERE s._waybill_line = t._waybill_line)
        ON CONFLICT (job_id) DO NOTHING
        $q$, p_plan.job_id, waybill.key_hash(p_plan, 't'), waybill.typed_records(p_plan)));
END
$$;

-- Stamp the rows that are as this job's file has them, and only those.
CREATE OR REPLACE FUNCTION waybill.restamp_job(p_job waybill.ingestion_jobs) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_plan waybill.merge_plan := waybill.plan_merge(p_job,
        format('staging.%I', waybill.stage_name(p_job.job_id)));
BEGIN
    -- As in apply_records: no row may change between its class and its stamp.
    EXECUTE format('LOCK TABLE ONLY %s IN SHARE ROW EXCLUSIVE MODE', v_plan.target);
    PERFORM waybill.act_for_job(p_job.job_id);
    v_plan.stamp_unchanged := true;
    PERFORM waybill.check_records(v_plan);
    PERFORM waybill.classify(v_plan);
    PERFORM waybill.stamp_rows(v_plan);
    PERFORM waybill.note_moved_rows(p_job.dataset);
    UPDATE waybill.ingestion_jobs
    SET restamping = false, stamped = true
    WHERE job_id = p_job.job_id;
    DELETE FROM waybill.unchanged_keys WHERE job_id = p_job.job_id;
    PERFORM waybill.drop_stage(p_job.job_id);
END
$$;
