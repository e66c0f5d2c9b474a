-- Files with the content of the file before them. Loading one again would find every record
-- unchanged, so its job ends as DUPLICATE: nothing is staged, and nothing is merged.

CREATE OR REPLACE FUNCTION waybill.filenodes_of(p_table regclass) RETURNS oid[]
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT coalesce(array_agg(pg_relation_filenode(t.relation) ORDER BY t.relation), '{}')
    FROM (
        SELECT p_table::oid
        UNION
        SELECT p.relid::oid FROM pg_partition_tree(p_table) AS p
    ) AS t (relation)
    WHERE pg_relation_filenode(t.relation) IS NOT NULL;
END;

-- Whether every write to the table by others is noticed. Triggers of its own may give a row other
-- values than its record has, so that a file of the same content would be written again.
CREATE OR REPLACE FUNCTION waybill.is_watched(p_table regclass) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN NOT waybill.has_triggers(p_table)
    AND EXISTS (
        SELECT FROM pg_trigger AS t
        WHERE t.tgrelid = p_table
            AND t.tgfoid = 'waybill.record_table_change'::regproc
            AND t.tgenabled IN ('O', 'A')
    );

-- Whether loading this file once more, directly after itself, would change nothing. Records that
-- the database rejected or left out may be accepted the second time, since rows and parents are
-- others then; what the loader rejects depends on the record alone.
CREATE OR REPLACE FUNCTION waybill.is_repeatable(p_job waybill.ingestion_jobs) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT p_job.kind NOT IN ('batch', 'replay')
        AND NOT waybill.is_dry(p_job)
        AND p_job.state IN ('COMPLETED', 'COMPLETED_WITH_REJECTS')
        AND p_job.sha256 IS NOT NULL
        AND p_job.contract ->> 'write_disposition' = 'merge'
        AND p_job.contract -> 'natural_key' <> '[]'
        -- The rows of the other dataset may have changed since.
        AND NOT coalesce(p_job.contract -> 'transformation' ? 'enrich', false)
        AND p_job.erased = 0
        -- A file that repeats it would keep it from being taken back.
        AND NOT p_job.reverting
        AND p_job.rejected = coalesce(sum(c.rejected), 0)
        AND (p_job.filtered = coalesce(sum(c.filtered), 0) OR NOT waybill.is_partial(p_job))
    FROM waybill.chunks AS c
    WHERE c.job_id = p_job.job_id;
END;

-- Remember that the table is now as this job's file left it. Called last in its merge, which holds
-- the table's lock: what others changed before is part of what the merge found.
CREATE OR REPLACE FUNCTION waybill.keep_current_content(p_job waybill.ingestion_jobs)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_target CONSTANT regclass :=
        (SELECT d.target FROM waybill.datasets AS d WHERE d.name = p_job.dataset);
BEGIN
    IF NOT waybill.is_repeatable(p_job) OR NOT waybill.is_watched(v_target) THEN
        RETURN;
    END IF;
    DELETE FROM waybill.table_changes WHERE dataset = p_job.dataset;
    INSERT INTO waybill.current_contents AS c (dataset, job_id, filenodes)
    VALUES (p_job.dataset, p_job.job_id, waybill.filenodes_of(v_target))
    ON CONFLICT (dataset) DO UPDATE
    SET job_id = excluded.job_id, filenodes = excluded.filenodes;
END
$$;

-- Whether the table of the dataset is as this job's file left it.
CREATE OR REPLACE FUNCTION waybill.is_current_content(p_job waybill.ingestion_jobs)
RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN EXISTS (
    SELECT FROM waybill.current_contents AS c
    JOIN waybill.datasets AS d ON d.name = c.dataset
    WHERE c.dataset = p_job.dataset
        AND c.job_id = p_job.job_id
        AND waybill.is_watched(d.target)
        AND NOT EXISTS (SELECT FROM waybill.table_changes AS t WHERE t.dataset = c.dataset)
        -- No partition was detached, dropped or truncated since.
        AND c.filenodes <@ waybill.filenodes_of(d.target)
);

-- Whether a file landed between the two that may have changed rows, now or later. Duplicates of
-- the first change none. A replay counts where it lies, which is too often at most.
CREATE OR REPLACE FUNCTION waybill.landed_between(p_first waybill.ingestion_jobs,
    p_last waybill.ingestion_jobs)
RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN EXISTS (
    SELECT FROM waybill.ingestion_jobs AS j
    WHERE j.dataset = p_last.dataset
        AND j.landing_order > p_first.landing_order
        AND j.landing_order < p_last.landing_order
        AND NOT waybill.is_dry(j)
        AND j.state NOT IN ('FAILED', 'CANCELLED', 'EXPIRED')
        AND j.duplicate_of IS DISTINCT FROM p_first.job_id
        -- An archive counts by its members, once these are jobs.
        AND (j.archive_format IS NULL
            OR j.state = 'LOADING' AND j.job_id IS DISTINCT FROM p_last.archive_job_id)
);

-- The file that the job's file, with this layout, repeats if their hashes are equal; null if there
-- is none. It is the last one before it, the table is as it left it, and nothing is on its way that
-- would have to be merged, or would change rows, before this file.
CREATE OR REPLACE FUNCTION waybill.file_before(p_job waybill.ingestion_jobs, p_layout jsonb)
RETURNS waybill.ingestion_jobs
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_file waybill.ingestion_jobs;
BEGIN
    SELECT f.* INTO v_file
    FROM waybill.current_contents AS c
    JOIN waybill.ingestion_jobs AS f ON f.job_id = c.job_id
    WHERE c.dataset = p_job.dataset
        AND f.size_bytes = p_job.size_bytes
        AND f.landing_order < p_job.landing_order;
    IF NOT FOUND
        OR p_job.kind IN ('batch', 'replay')
        OR waybill.is_dry(p_job)
        OR v_file.layout - '{warnings,drift}'::text[]
            IS DISTINCT FROM p_layout - '{warnings,drift}'::text[]
        OR v_file.contract IS DISTINCT FROM waybill.contract_of_job(p_job.job_id)
    THEN
        RETURN NULL;
    END IF;
    p_job.layout := p_layout;
    p_job.contract := v_file.contract;
    IF NOT waybill.is_repeatable(v_file)
        OR NOT waybill.is_current_content(v_file)
        OR waybill.landed_between(v_file, p_job)
        -- Among others, records of that file are pending.
        OR waybill.stamp_unchanged(p_job)
        OR waybill.earlier_open(p_job) <> '{}'
        -- Persons who were erased after the first file landed.
        OR waybill.may_hold_erased(v_file)
    THEN
        RETURN NULL;
    END IF;
    RETURN v_file;
END
$$;

-- The hash, in hex, that would make the job's file a duplicate; null if none would.
CREATE OR REPLACE FUNCTION waybill.duplicate_hash(p_job uuid, p_layout jsonb) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
BEGIN ATOMIC
    SELECT (waybill.file_before(j, p_layout)).sha256
    FROM waybill.ingestion_jobs AS j
    WHERE j.job_id = p_job AND j.state = 'LANDED';
END;

-- End the job as a duplicate if it is one; whether it is. It keeps the plan of the file that it
-- repeats: a file that arrives late, and landed between the two, has it staged to stamp its rows.
-- The rejects are kept once, with that file.
CREATE OR REPLACE FUNCTION waybill.end_duplicate(p_job uuid, p_layout jsonb, p_sha256 text,
    p_attempt integer)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
SET timezone = 'UTC'
AS $$
DECLARE
    v_job waybill.ingestion_jobs := waybill.lock_plan(p_job, p_attempt);
    v_file waybill.ingestion_jobs;
BEGIN
    -- No merge of the dataset at the same time: a file that landed between the two must either be
    -- seen here, or find this job ended and have it stamp its rows. If one is running, this file is
    -- loaded.
    IF v_job.state <> 'LANDED' OR NOT pg_try_advisory_xact_lock(
        hashtextextended('waybill.merge.' || v_job.dataset, 0))
    THEN
        RETURN false;
    END IF;
    v_file := waybill.file_before(v_job, p_layout);
    IF v_file.sha256 IS DISTINCT FROM p_sha256 OR p_sha256 IS NULL THEN
        RETURN false;
    END IF;
    UPDATE waybill.ingestion_jobs
    SET state = 'DUPLICATE',
        duplicate_of = v_file.job_id,
        layout = v_file.layout,
        contract = v_file.contract,
        chunks_total = v_file.chunks_total,
        sha256 = p_sha256,
        -- As a load of it would count.
        read = v_file.read,
        unchanged = v_file.inserted + v_file.updated + v_file.unchanged,
        superseded = v_file.superseded,
        filtered = v_file.filtered,
        rejected = v_file.rejected,
        started_at = clock_timestamp(),
        finished_at = clock_timestamp()
    WHERE job_id = p_job;
    INSERT INTO waybill.chunks (job_id, chunk, byte_from, byte_to, first_line, text_from,
        text_to, done, read, staged, rejected, filtered, warnings)
    SELECT p_job, c.chunk, c.byte_from, c.byte_to, c.first_line, c.text_from, c.text_to, true, c.read, c.staged,
        c.rejected, c.filtered, c.warnings
    FROM waybill.chunks AS c
    WHERE c.job_id = v_file.job_id;
    PERFORM waybill.emit_job_finished(p_job, v_job.dataset, 'DUPLICATE');
    RETURN true;
END
$$;
