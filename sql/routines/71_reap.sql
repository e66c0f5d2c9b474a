-- Leftovers: uploads that never arrived, COPYs whose clients are dead, killed runs, unused staging
-- tables, and rows that are kept for a while only.

-- Uploads that should have arrived some time ago. The caller looks whether the file is there after
-- all, since its event may still be in the queue, and expires the others.
CREATE OR REPLACE FUNCTION waybill.overdue_uploads(p_minutes integer DEFAULT 60,
    OUT job_id uuid, OUT dataset text)
RETURNS SETOF record
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
BEGIN ATOMIC
    SELECT j.job_id, j.dataset FROM waybill.ingestion_jobs AS j
    WHERE j.state IN ('AWAITING_UPLOAD', 'EXTRACTING')
        AND coalesce(j.expires_at, j.created_at + interval '1 day')
            < clock_timestamp() - p_minutes * interval '1 minute'
    ORDER BY j.created_at LIMIT 1000;
END;

CREATE OR REPLACE FUNCTION waybill.expire_uploads(p_jobs uuid[]) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_job waybill.ingestion_jobs;
    v_expired integer := 0;
BEGIN
    -- One that is locked is being registered, or cancelled: it is looked at next time.
    FOR v_job IN
        SELECT * FROM waybill.ingestion_jobs
        WHERE job_id = ANY (p_jobs) AND state IN ('AWAITING_UPLOAD', 'EXTRACTING')
        ORDER BY job_id FOR UPDATE SKIP LOCKED
    LOOP
        IF v_job.state = 'EXTRACTING' THEN
            PERFORM waybill.end_unloaded(v_job, 'FAILED', jsonb_build_object(
                'type', 'extraction-lost', 'title', 'Extraction lost',
                'detail', 'The run did not end within its time.'));
        ELSE
            PERFORM waybill.end_unloaded(v_job, 'EXPIRED');
        END IF;
        v_expired := v_expired + 1;
    END LOOP;
    RETURN v_expired;
END
$$;

-- No server timeout ends a COPY whose client hangs: it keeps its locks and its chunk. One
-- into a table of Waybill that waits for its client and has not received a byte for some minutes is
-- ended, which frees its chunk. The owner may end the sessions of the roles that copy
-- (`sql/roles.sql`); the reaper may end none itself.
CREATE OR REPLACE FUNCTION waybill.end_stalled_copies(p_minutes integer DEFAULT 5)
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_ended integer;
BEGIN
    DELETE FROM waybill.copies_seen AS s WHERE NOT EXISTS (
        SELECT FROM pg_stat_progress_copy AS c
        JOIN pg_stat_activity AS a USING (pid)
        WHERE c.pid = s.pid AND a.backend_start = s.backend_start AND c.relid = s.relid
            AND c.bytes_processed = s.bytes_processed);
    INSERT INTO waybill.copies_seen (pid, backend_start, relid, bytes_processed, seen_at)
    SELECT c.pid, a.backend_start, c.relid, c.bytes_processed, clock_timestamp()
    FROM pg_stat_progress_copy AS c
    JOIN pg_stat_activity AS a USING (pid)
    JOIN pg_class AS t ON t.oid = c.relid
    WHERE c.datname = current_database()
        AND t.relnamespace IN ('staging'::regnamespace, 'waybill'::regnamespace)
        AND c.command = 'COPY FROM' AND a.wait_event = 'ClientRead'
        AND pg_has_role(a.usesysid, 'USAGE')
    ON CONFLICT DO NOTHING;
    SELECT count(*) FILTER (WHERE pg_terminate_backend(s.pid)) INTO v_ended
    FROM waybill.copies_seen AS s
    JOIN pg_stat_activity AS a ON a.pid = s.pid AND a.backend_start = s.backend_start
    WHERE a.wait_event = 'ClientRead'
        AND s.seen_at <= clock_timestamp() - p_minutes * interval '1 minute';
    RETURN v_ended;
END
$$;

-- A run without an end after twice the time that a function may take was killed.
CREATE OR REPLACE FUNCTION waybill.abandon_runs(p_minutes integer DEFAULT 30)
RETURNS integer
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
BEGIN ATOMIC
    WITH abandoned AS (
        UPDATE waybill.job_runs
        SET outcome = 'retry', finished_at = clock_timestamp(),
            error = jsonb_build_object('type', 'run-abandoned', 'title', 'Run abandoned',
                'detail', 'The attempt was killed, or ran out of its time.')
        WHERE finished_at IS NULL
            AND started_at < clock_timestamp() - p_minutes * interval '1 minute'
        RETURNING run_id
    )
    SELECT count(*)::integer FROM abandoned;
END;

-- Drop the staging tables of jobs that have ended, or do not exist.
CREATE OR REPLACE FUNCTION waybill.drop_orphan_stages() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_stage name;
    v_job_id uuid;
    v_job waybill.ingestion_jobs;
    v_dropped integer := 0;
BEGIN
    FOR v_stage IN
        SELECT relname FROM pg_class
        WHERE relnamespace = 'staging'::regnamespace AND relkind = 'r'
            AND relname ~ '^s_[0-9a-f]{32}$'
    LOOP
        v_job_id := substr(v_stage, 3)::uuid;
        -- Held until the commit, so that the table is not created again for a restamp meanwhile.
        SELECT * INTO v_job FROM waybill.ingestion_jobs
        WHERE job_id = v_job_id FOR UPDATE SKIP LOCKED;
        CONTINUE WHEN FOUND AND (v_job.restamping OR NOT waybill.is_final(v_job.state));
        -- A row that is locked is not found either.
        CONTINUE WHEN NOT FOUND
            AND EXISTS (SELECT FROM waybill.ingestion_jobs WHERE job_id = v_job_id);
        PERFORM waybill.drop_stage(v_job_id);
        IF to_regclass(format('staging.%I', v_stage)) IS NULL THEN
            v_dropped := v_dropped + 1;
        END IF;
    END LOOP;
    RETURN v_dropped;
END
$$;

-- Delete published events, expired idempotency keys and old redrives, some at a time.
CREATE OR REPLACE FUNCTION waybill.purge_expired(p_days integer DEFAULT 7) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_limit CONSTANT timestamptz := clock_timestamp() - p_days * interval '1 day';
    v_events integer;
    v_keys integer;
BEGIN
    DELETE FROM waybill.outbox WHERE id IN (
        SELECT o.id FROM waybill.outbox AS o WHERE o.published_at < v_limit LIMIT 10000);
    GET DIAGNOSTICS v_events = ROW_COUNT;
    DELETE FROM waybill.idempotency_keys
    WHERE kept_at < clock_timestamp() - interval '1 day';
    GET DIAGNOSTICS v_keys = ROW_COUNT;
    DELETE FROM waybill.redrives WHERE last_at < v_limit;
    RETURN v_events + v_keys + waybill.purge_images();
END
$$;
