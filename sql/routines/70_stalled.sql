-- Stalled jobs: those whose messages were lost, and those that are given up.

-- The progress of a job, as text: when it differs, the job has moved.
CREATE OR REPLACE FUNCTION waybill.progress_of(p_job waybill.ingestion_jobs) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT concat_ws(' ', p_job.state, p_job.restamping, count(*), count(*) FILTER (WHERE c.done),
        CASE WHEN p_job.reverting THEN (
            SELECT format('reverting %s', count(*)) FROM waybill.ingestion_jobs AS m
            WHERE m.archive_job_id = p_job.job_id AND m.state = 'REVERTED') END)
    FROM waybill.chunks AS c WHERE c.job_id = p_job.job_id
);

-- When a step last worked on a job.
CREATE OR REPLACE FUNCTION waybill.touched_at(p_job waybill.ingestion_jobs) RETURNS timestamptz
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT greatest(p_job.created_at, p_job.landed_at, p_job.started_at, p_job.finished_at,
        (SELECT q.requested_at FROM waybill.revert_requests AS q WHERE q.job_id = p_job.job_id),
        max(r.started_at), max(r.finished_at))
    FROM waybill.job_runs AS r WHERE r.job_id = p_job.job_id
);

-- Whether the wait since the last redrive is over. It doubles with each one, up to four hours, so
-- that a long queue is not made longer.
CREATE OR REPLACE FUNCTION waybill.redrive_due(p_job uuid, p_minutes integer) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN NOT EXISTS (
    SELECT FROM waybill.redrives AS r
    WHERE r.job_id = p_job
        AND r.last_at > clock_timestamp()
            - least(p_minutes * 2 ^ least(r.tries, 10), 240) * interval '1 minute'
);

-- The message that a job needs: for the queue `chunks`, `merges` or `landed`, or one of the queue
-- `merges` about its pending records or its revert, `pending` or `reverts`; null for none.
CREATE OR REPLACE FUNCTION waybill.needed_message(p_job waybill.ingestion_jobs) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN CASE
    WHEN p_job.restamping OR p_job.state = 'MERGING'
            OR p_job.state = 'LOADING' AND p_job.chunks_total IS NOT NULL
        THEN CASE WHEN waybill.unstaged_chunks(p_job.job_id) <> '{}' THEN 'chunks' ELSE 'merges' END
    WHEN p_job.reverting THEN 'reverts'
    WHEN waybill.is_final(p_job.state)
        THEN CASE WHEN EXISTS (
                SELECT FROM waybill.ingestion_jobs AS parent
                WHERE waybill.parents_came_from(p_job, parent))
            THEN 'pending' END
    WHEN p_job.object_key IS NOT NULL THEN 'landed'
END;

-- Jobs that no step has worked on for some minutes, each with the queue of the message that it
-- needs. A job whose row is locked is being worked on, for instance by a merge that outlived its
-- function, and is left out.
CREATE OR REPLACE FUNCTION waybill.stalled_jobs(p_minutes integer DEFAULT 10,
    OUT job_id uuid, OUT queue text, OUT chunks integer[], OUT bucket text, OUT key text,
    OUT version_id text, OUT sequencer text, OUT etag text, OUT size_bytes bigint,
    OUT landed_at timestamptz)
RETURNS SETOF record
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_job waybill.ingestion_jobs;
BEGIN
    FOR v_job IN
        SELECT * FROM waybill.ingestion_jobs AS j
        WHERE (waybill.is_open(j.state) OR j.restamping OR j.reverting
                OR j.pending_reference > 0 AND waybill.is_final(j.state))
            AND waybill.touched_at(j) < clock_timestamp() - p_minutes * interval '1 minute'
            AND waybill.redrive_due(j.job_id, p_minutes)
        ORDER BY j.landed_at FOR UPDATE SKIP LOCKED
    LOOP
        queue := waybill.needed_message(v_job);
        CONTINUE WHEN queue IS NULL;
        job_id := v_job.job_id;
        chunks := waybill.unstaged_chunks(v_job.job_id);
        bucket := v_job.bucket;
        key := v_job.object_key;
        version_id := nullif(v_job.version_id, '');
        sequencer := v_job.sequencer;
        etag := v_job.etag;
        size_bytes := v_job.size_bytes;
        landed_at := v_job.landed_at;
        RETURN NEXT;
    END LOOP;
END
$$;

-- Record that the messages of these jobs were sent again. For a job that has moved since, the
-- count starts anew.
CREATE OR REPLACE FUNCTION waybill.record_redrives(p_jobs uuid[]) RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
BEGIN ATOMIC
    INSERT INTO waybill.redrives AS r (job_id, progress, tries, first_at, last_at)
    SELECT j.job_id, waybill.progress_of(j), 1, clock_timestamp(), clock_timestamp()
    FROM waybill.ingestion_jobs AS j WHERE j.job_id = ANY (p_jobs)
    ON CONFLICT (job_id) DO UPDATE SET
        progress = excluded.progress,
        tries = CASE WHEN r.progress = excluded.progress THEN r.tries + 1 ELSE 1 END,
        first_at = CASE WHEN r.progress = excluded.progress THEN r.first_at
            ELSE excluded.first_at END,
        last_at = excluded.last_at;
END;

-- A job that has ended, and is only staged again for an earlier file, or to be reverted, stays as it
-- is.
CREATE OR REPLACE FUNCTION waybill.give_up_job(p_job waybill.ingestion_jobs, p_problem jsonb)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    PERFORM waybill.fail_job(p_job.job_id, p_problem);
    IF p_job.reverting THEN
        PERFORM waybill.refuse_revert(p_job.job_id, p_problem);
    END IF;
END
$$;

-- Fail the jobs that make no progress: redriven so many times over so many hours, or attempted for so
-- many days. One that only waits for an earlier file is left alone. A revert is refused. Returns those
-- that ended.
CREATE OR REPLACE FUNCTION waybill.give_up(p_tries integer DEFAULT 8,
    p_hours integer DEFAULT 24, p_days integer DEFAULT 7)
RETURNS SETOF uuid
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_job waybill.ingestion_jobs;
    v_attempts bigint;
    v_since timestamptz;
BEGIN
    FOR v_job IN
        SELECT * FROM waybill.ingestion_jobs
        WHERE waybill.is_open(state) OR restamping OR reverting
        ORDER BY landed_at FOR UPDATE SKIP LOCKED
    LOOP
        SELECT count(*), coalesce(min(r.started_at), 'infinity') INTO v_attempts, v_since
        FROM waybill.job_runs AS r
        WHERE r.job_id = v_job.job_id
            AND r.started_at > coalesce(
                CASE WHEN v_job.reverting THEN (SELECT q.requested_at
                    FROM waybill.revert_requests AS q WHERE q.job_id = v_job.job_id) END,
                v_job.finished_at, '-infinity');
        CONTINUE WHEN v_job.state = 'MERGING' AND waybill.earlier_open(v_job) <> '{}';
        CONTINUE WHEN v_since > clock_timestamp() - p_days * interval '1 day'
            AND NOT EXISTS (
                SELECT FROM waybill.redrives AS r
                WHERE r.job_id = v_job.job_id
                    AND r.tries >= p_tries AND r.progress = waybill.progress_of(v_job)
                    AND r.first_at < clock_timestamp() - p_hours * interval '1 hour');
        PERFORM waybill.give_up_job(v_job, jsonb_build_object(
            'type', 'gave-up',
            'title', 'Given up',
            'detail', format('It did not get past %s in %s attempts; the runs say why.',
                CASE WHEN v_job.reverting THEN 'REVERTING' ELSE v_job.state END, v_attempts)));
        RETURN NEXT v_job.job_id;
    END LOOP;
END
$$;
