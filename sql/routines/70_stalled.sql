-- What stands still: jobs whose messages were lost, and jobs that are given up.

-- Where a job stands; when this is another text, the job has moved.
CREATE OR REPLACE FUNCTION waybill.progress_of(j waybill.ingestion_jobs) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog
RETURN (SELECT concat_ws(' ', j.state, j.restamping, count(*), count(*) FILTER (WHERE c.done))
    FROM waybill.chunks AS c WHERE c.job_id = j.job_id);

CREATE OR REPLACE FUNCTION waybill.touched_at(j waybill.ingestion_jobs) RETURNS timestamptz
LANGUAGE sql STABLE
SET search_path = pg_catalog
RETURN (SELECT greatest(j.created_at, j.landed_at, j.started_at, j.finished_at,
        max(r.started_at), max(r.finished_at))
    FROM waybill.job_runs AS r WHERE r.job_id = j.job_id);

-- Whether the wait since the last message that was sent again is over: it doubles with every
-- one, up to four hours, so that a long line in the queues is not made longer.
CREATE OR REPLACE FUNCTION waybill.redrive_due(job uuid, minutes integer) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog
RETURN NOT EXISTS (SELECT FROM waybill.redrives AS r WHERE r.job_id = job
    AND r.last_at > clock_timestamp()
        - least(minutes * 2 ^ least(r.tries, 10), 240) * interval '1 minute');

-- Which message each job needs that nothing has touched for so many minutes. A job whose row
-- is locked is at work, for instance in a merge that outlived its function, and is left out.
CREATE OR REPLACE FUNCTION waybill.stalled(p_minutes integer DEFAULT 10) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    job waybill.ingestion_jobs;
    left_over integer[];
    answer jsonb := '{"landed": [], "chunks": [], "merges": [], "adopts": []}';
    place text;
    found jsonb;
BEGIN
    FOR job IN SELECT * FROM waybill.ingestion_jobs AS j
        WHERE (j.state IN ('LANDED', 'LOADING', 'MERGING') OR j.restamping
                OR j.pending_reference > 0 AND waybill.is_final(j.state)
                    AND NOT waybill.is_dry(j))
            AND waybill.touched_at(j) < clock_timestamp() - p_minutes * interval '1 minute'
            AND waybill.redrive_due(j.job_id, p_minutes)
        ORDER BY j.landed_at FOR UPDATE SKIP LOCKED
    LOOP
        left_over := ARRAY(SELECT c.chunk FROM waybill.chunks AS c
            WHERE c.job_id = job.job_id AND NOT c.done ORDER BY c.chunk);
        found := to_jsonb(job.job_id);
        IF job.restamping OR job.state = 'MERGING'
            OR job.state = 'LOADING' AND job.chunks_total IS NOT NULL
        THEN
            place := 'merges';
            IF left_over <> '{}' THEN
                place := 'chunks';
                found := jsonb_build_object('job_id', job.job_id, 'chunks', left_over);
            END IF;
        ELSIF waybill.is_final(job.state) THEN
            CONTINUE WHEN NOT EXISTS (
                SELECT FROM waybill.ingestion_jobs AS parent
                WHERE waybill.parents_came_from(job, parent));
            place := 'adopts';
        ELSE
            CONTINUE WHEN job.object_key IS NULL;
            place := 'landed';
            found := jsonb_build_object('job_id', job.job_id, 'bucket', job.bucket,
                'key', job.object_key, 'version_id', nullif(job.version_id, ''),
                'etag', job.etag, 'size_bytes', job.size_bytes, 'landed_at', job.landed_at);
        END IF;
        answer := jsonb_set(answer, ARRAY[place], answer -> place || jsonb_build_array(found));
    END LOOP;
    RETURN answer;
END
$$;

-- The messages of these jobs were sent again. A job that has moved since starts anew.
CREATE OR REPLACE FUNCTION waybill.note_redrives(p_jobs uuid[]) RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
BEGIN ATOMIC
    INSERT INTO waybill.redrives AS r (job_id, progress, tries, first_at, last_at)
    SELECT j.job_id, waybill.progress_of(j), 1, clock_timestamp(), clock_timestamp()
    FROM waybill.ingestion_jobs AS j WHERE j.job_id = ANY (p_jobs)
    ON CONFLICT (job_id) DO UPDATE SET progress = excluded.progress,
        tries = CASE WHEN r.progress = excluded.progress THEN r.tries + 1 ELSE 1 END,
        first_at = CASE WHEN r.progress = excluded.progress THEN r.first_at
            ELSE excluded.first_at END,
        last_at = excluded.last_at;
END;

-- End the jobs that do not move: sent again so many times over so many hours, or tried for
-- so many days. One that only waits for an earlier file waits on. Returns those that ended.
CREATE OR REPLACE FUNCTION waybill.give_up(p_tries integer DEFAULT 8,
    p_hours integer DEFAULT 24, p_days integer DEFAULT 7)
RETURNS SETOF uuid
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    job waybill.ingestion_jobs;
    tried record;
BEGIN
    FOR job IN SELECT * FROM waybill.ingestion_jobs AS j
        WHERE j.state IN ('LANDED', 'LOADING', 'MERGING') OR j.restamping
        ORDER BY j.landed_at FOR UPDATE SKIP LOCKED
    LOOP
        SELECT count(*) AS attempts, min(r.started_at) AS since INTO tried
        FROM waybill.job_runs AS r
        WHERE r.job_id = job.job_id AND r.started_at > coalesce(job.finished_at, '-infinity');
        CONTINUE WHEN NOT (
            coalesce(tried.since, 'infinity') < clock_timestamp() - p_days * interval '1 day'
            OR EXISTS (SELECT FROM waybill.redrives AS r WHERE r.job_id = job.job_id
                AND r.tries >= p_tries AND r.progress = waybill.progress_of(job)
                AND r.first_at < clock_timestamp() - p_hours * interval '1 hour'))
            OR waybill.earlier_open(job) <> '{}' AND job.state = 'MERGING';
        -- One that has ended, and is only staged again for an earlier file, stays as it is.
        PERFORM waybill.fail_job(job.job_id, jsonb_build_object('type', 'gave-up',
            'title', 'Given up', 'detail', format('It did not get past %s in %s attempts;'
            ' the runs say why.', job.state, tried.attempts)));
        RETURN NEXT job.job_id;
    END LOOP;
END
$$;

GRANT EXECUTE ON FUNCTION waybill.stalled(integer), waybill.note_redrives(uuid[]),
    waybill.give_up(integer, integer, integer) TO waybill_loader;
