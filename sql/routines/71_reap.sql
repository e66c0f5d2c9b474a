-- What is left behind: uploads that never came, COPYs whose clients are gone, attempts that
-- never said how they ended, staging tables, and what was kept for a while only.

-- Uploads whose time has been over for a while. The reaper looks whether the file is there
-- after all, since word of it may still be under way, and expires the others.
CREATE OR REPLACE FUNCTION waybill.overdue_uploads(p_minutes integer DEFAULT 60,
    OUT job_id uuid, OUT dataset text)
RETURNS SETOF record
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
BEGIN ATOMIC
    SELECT j.job_id, j.dataset FROM waybill.ingestion_jobs AS j
    WHERE j.state = 'AWAITING_UPLOAD'
        AND coalesce(j.expires_at, j.created_at + interval '1 day')
            < clock_timestamp() - p_minutes * interval '1 minute'
    ORDER BY j.created_at LIMIT 1000;
END;

CREATE OR REPLACE FUNCTION waybill.expire_uploads(p_jobs uuid[]) RETURNS integer
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
BEGIN ATOMIC
    WITH expired AS (
        UPDATE waybill.ingestion_jobs SET state = 'EXPIRED', finished_at = clock_timestamp()
        WHERE job_id = ANY (p_jobs) AND state = 'AWAITING_UPLOAD'
        RETURNING job_id, dataset, state
    ), told AS (
        INSERT INTO waybill.outbox (kind, payload)
        SELECT 'job.finished', jsonb_build_object('job_id', e.job_id, 'dataset', e.dataset,
            'state', e.state) FROM expired AS e
    )
    SELECT count(*)::integer FROM expired;
END;

-- No timeout of the server ends a COPY whose client went quiet: it keeps its locks and its
-- chunk. One that has not moved a byte for so many minutes, and waits for its client, is
-- ended; its chunk is then free for the next loader. Runs as its caller, since a backend may
-- be ended by its own role and needs no more rights for that.
CREATE OR REPLACE FUNCTION waybill.end_stalled_copies(p_minutes integer DEFAULT 5)
RETURNS integer
LANGUAGE plpgsql SECURITY INVOKER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    ended integer;
BEGIN
    DELETE FROM waybill.copies_seen AS s WHERE NOT EXISTS (
        SELECT FROM pg_stat_progress_copy AS c JOIN pg_stat_activity AS a USING (pid)
        WHERE c.pid = s.pid AND a.backend_start = s.backend_start AND c.relid = s.relid
            AND c.bytes_processed = s.bytes_processed);
    INSERT INTO waybill.copies_seen (pid, backend_start, relid, bytes_processed, seen_at)
    SELECT c.pid, a.backend_start, c.relid, c.bytes_processed, clock_timestamp()
    FROM pg_stat_progress_copy AS c JOIN pg_stat_activity AS a USING (pid)
    WHERE a.usename = current_user AND c.datname = current_database()
        AND c.command = 'COPY FROM' AND a.wait_event = 'ClientRead'
    ON CONFLICT DO NOTHING;
    SELECT count(*) FILTER (WHERE pg_terminate_backend(s.pid)) INTO ended
    FROM waybill.copies_seen AS s
    JOIN pg_stat_activity AS a ON a.pid = s.pid AND a.backend_start = s.backend_start
    WHERE a.usename = current_user AND a.wait_event = 'ClientRead'
        AND s.seen_at <= clock_timestamp() - p_minutes * interval '1 minute';
    RETURN ended;
END
$$;

-- An attempt that never said how it ended was killed; twice the longest that a function lasts.
CREATE OR REPLACE FUNCTION waybill.abandon_runs(p_minutes integer DEFAULT 30)
RETURNS integer
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
BEGIN ATOMIC
    WITH abandoned AS (
        UPDATE waybill.job_runs SET outcome = 'retry', finished_at = clock_timestamp(),
            error = '{"type": "run-abandoned", "title": "Run abandoned", "detail":
                "The attempt was killed, or ran out of its time."}'
        WHERE finished_at IS NULL
            AND started_at < clock_timestamp() - p_minutes * interval '1 minute'
        RETURNING run_id
    )
    SELECT count(*)::integer FROM abandoned;
END;

-- Staging tables that nobody will read: of jobs that have ended, or that are not there.
CREATE OR REPLACE FUNCTION waybill.drop_orphan_stages() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    stage name;
    job waybill.ingestion_jobs;
    dropped integer := 0;
BEGIN
    FOR stage IN SELECT c.relname FROM pg_class AS c
        WHERE c.relnamespace = 'staging'::regnamespace AND c.relkind = 'r'
            AND c.relname ~ '^s_[0-9a-f]{32}$'
    LOOP
        -- Held until the commit, so that no restamp makes the table anew meanwhile.
        SELECT * INTO job FROM waybill.ingestion_jobs
        WHERE job_id = substr(stage, 3)::uuid FOR UPDATE SKIP LOCKED;
        CONTINUE WHEN FOUND AND (job.restamping OR NOT waybill.is_final(job.state));
        -- Not found is also a row that somebody holds.
        CONTINUE WHEN NOT FOUND AND EXISTS (SELECT FROM waybill.ingestion_jobs AS j
            WHERE j.job_id = substr(stage, 3)::uuid);
        PERFORM waybill.drop_stage(substr(stage, 3)::uuid);
        dropped := dropped + (to_regclass(format('staging.%I', stage)) IS NULL)::integer;
    END LOOP;
    RETURN dropped;
END
$$;

-- Word that is out, answers that nobody will ask for again; some at a time.
CREATE OR REPLACE FUNCTION waybill.forget_old(p_days integer DEFAULT 7) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    old CONSTANT timestamptz := clock_timestamp() - p_days * interval '1 day';
    events integer;
    answers integer;
BEGIN
    DELETE FROM waybill.outbox WHERE id IN (SELECT o.id FROM waybill.outbox AS o
        WHERE o.published_at < old LIMIT 10000);
    GET DIAGNOSTICS events = ROW_COUNT;
    -- A key is good for a day.
    DELETE FROM waybill.idempotency_keys AS k
    WHERE k.kept_at < clock_timestamp() - interval '1 day';
    GET DIAGNOSTICS answers = ROW_COUNT;
    DELETE FROM waybill.redrives AS r WHERE r.last_at < old;
    RETURN events + answers;
END
$$;

GRANT EXECUTE ON FUNCTION waybill.overdue_uploads(integer), waybill.expire_uploads(uuid[]),
    waybill.end_stalled_copies(integer), waybill.abandon_runs(integer),
    waybill.drop_orphan_stages(), waybill.forget_old(integer) TO waybill_loader;
