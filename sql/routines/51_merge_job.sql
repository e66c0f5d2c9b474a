-- Staging table to table with its waybill: one call, one transaction.

-- A file that lacks columns of the table leaves them to what landed earlier.
CREATE OR REPLACE FUNCTION waybill.is_partial(job waybill.ingestion_jobs) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog
RETURN EXISTS (SELECT FROM jsonb_array_elements(job.contract -> 'columns') AS col
    WHERE NOT job.layout -> 'columns' ? (col ->> 'name'));

-- Jobs that must end first: earlier-landed files of the datasets that this one refers to. Of
-- its own dataset none, since there the rows' stamps keep the order, unless the file lacks
-- columns: a row has one stamp, not one for each column.
CREATE OR REPLACE FUNCTION waybill.earlier_open(job waybill.ingestion_jobs) RETURNS uuid[]
LANGUAGE sql STABLE
SET search_path = pg_catalog
RETURN ARRAY(
    SELECT e.job_id FROM waybill.ingestion_jobs AS e
    WHERE e.state IN ('LANDED', 'LOADING', 'MERGING') AND NOT waybill.is_dry(e)
        AND e.job_id <> job.job_id
        AND (e.dataset = job.dataset AND waybill.is_partial(job)
            OR e.dataset <> job.dataset AND job.contract -> 'references'
                @> jsonb_build_array(jsonb_build_object('dataset', e.dataset)))
        AND (e.landed_at, e.object_key, e.sequencer, e.version_id)
            < (job.landed_at, job.object_key, job.sequencer, job.version_id));

-- The next job of a dataset that nothing but its turn keeps from merging.
CREATE OR REPLACE FUNCTION waybill.next_to_merge(of_dataset text, besides uuid) RETURNS uuid
LANGUAGE sql STABLE
SET search_path = pg_catalog
RETURN (SELECT w.job_id FROM waybill.ingestion_jobs AS w
    WHERE w.dataset = of_dataset AND w.state = 'MERGING' AND w.job_id <> besides
        AND waybill.earlier_open(w) = '{}'
    ORDER BY w.landed_seq LIMIT 1);

-- Jobs that may go on now that `job` has changed tables: they wait for it, or hold records
-- whose parents it may have brought. Of the latter the job itself is one: a parent that
-- committed while it merged was not seen by it, and could not see what it holds.
-- Whoever waits comes back by itself, so waking is only for speed, and one job a dataset is
-- woken, which wakes the next: if each of a thousand small files woke all that wait, a million
-- messages would stand before everybody else's.
CREATE OR REPLACE FUNCTION waybill.unblocked_jobs(job waybill.ingestion_jobs) RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog
RETURN jsonb_build_object(
    'wake', (SELECT coalesce(jsonb_agg(w.job_id), '[]')
        FROM waybill.datasets AS d
        CROSS JOIN LATERAL waybill.next_to_merge(d.name, job.job_id) AS w (job_id)
        WHERE w.job_id IS NOT NULL AND (d.name = job.dataset OR EXISTS (
            SELECT FROM waybill.ingestion_jobs AS j WHERE j.job_id = w.job_id
                AND j.contract -> 'references' @> jsonb_build_array(
                    jsonb_build_object('dataset', job.dataset))))),
    'adopt', (SELECT coalesce(jsonb_agg(w.job_id), '[]')
        FROM waybill.ingestion_jobs AS w
        WHERE w.pending_reference > 0 AND NOT waybill.is_dry(w)
            AND (w.dataset = job.dataset
                OR w.contract -> 'references' @> jsonb_build_array(
                    jsonb_build_object('dataset', job.dataset)))));

-- A crash of the server empties unlogged tables: what is staged must be what the chunks say.
-- Returns the chunks that must be staged again.
CREATE OR REPLACE FUNCTION waybill.lost_chunks(job waybill.ingestion_jobs) RETURNS jsonb
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    lost jsonb;
    stage CONSTANT text := format('staging.%I', waybill.stage_name(job.job_id));
BEGIN
    EXECUTE format('SELECT coalesce(jsonb_agg(c.chunk), ''[]'') FROM waybill.chunks AS c'
        ' LEFT JOIN (SELECT _chunk, count(*) AS n FROM %s GROUP BY 1) AS s'
        ' ON s._chunk = c.chunk WHERE c.job_id = %L AND c.staged <> coalesce(s.n, 0)',
        stage, job.job_id) INTO lost;
    IF lost <> '[]' THEN
        EXECUTE format('DELETE FROM %s WHERE %L::jsonb @> to_jsonb(_chunk)', stage, lost);
        DELETE FROM waybill.validation_errors AS v
        WHERE v.job_id = job.job_id AND lost @> to_jsonb(v.chunk) AND NOT job.restamping;
        UPDATE waybill.chunks SET done = false WHERE job_id = job.job_id
            AND lost @> to_jsonb(chunk);
        UPDATE waybill.ingestion_jobs SET state = 'LOADING'
        WHERE job_id = job.job_id AND state = 'MERGING';
    END IF;
    RETURN lost;
END
$$;

-- What a merge answers that comes before all chunks are staged. Once the plan is finished it
-- names them: a merge that found some lost in a crash may have died before it could send them.
CREATE OR REPLACE FUNCTION waybill.chunks_to_stage(job waybill.ingestion_jobs) RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog
RETURN CASE WHEN job.chunks_total IS NULL THEN '{"outcome": "waiting", "for": "chunks"}'::jsonb
    ELSE jsonb_build_object('outcome', 'restage', 'chunks', ARRAY(
        SELECT c.chunk FROM waybill.chunks AS c
        WHERE c.job_id = job.job_id AND NOT c.done ORDER BY c.chunk)) END;

-- Merge a job. Safe to call again at any moment: it finds the lock, or the result.
CREATE OR REPLACE FUNCTION waybill.merge_job(p_job uuid) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
SET timezone = 'UTC'
SET lock_timeout = '2s'
SET work_mem = '128MB'
SET jit = off
AS $$
DECLARE
    job waybill.ingestion_jobs;
    answer jsonb;
BEGIN
    -- One merge of a job, and no cancellation meanwhile. NOWAIT: whoever finds it taken
    -- comes back later.
    SELECT * INTO job FROM waybill.ingestion_jobs WHERE job_id = p_job FOR UPDATE NOWAIT;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'There is no job %.', p_job USING ERRCODE = 'WB002';
    END IF;
    answer := jsonb_build_object('dataset', job.dataset, 'state', job.state);
    IF waybill.is_final(job.state) AND NOT job.restamping THEN
        -- Asked once more, or after its end: nobody is woken, or two messages of ended jobs
        -- would wake four. What a killed merge could not say is asked for again here.
        RETURN answer || waybill.unblocked_jobs(job) || '{"outcome": "ended", "wake": []}';
    ELSIF waybill.chunks_left(p_job) <> 0 THEN
        RETURN answer || waybill.chunks_to_stage(job);
    END IF;
    answer := answer || jsonb_build_object('chunks', waybill.lost_chunks(job));
    IF answer -> 'chunks' <> '[]' THEN
        RETURN answer || '{"outcome": "restage"}';
    ELSIF NOT job.restamping AND waybill.earlier_open(job) <> '{}' THEN
        RETURN answer || jsonb_build_object('outcome', 'waiting',
            'for', waybill.earlier_open(job));
    END IF;
    PERFORM waybill.lock_merge(job.dataset);
    IF job.restamping THEN
        PERFORM waybill.restamp_job(job);
        RETURN answer || waybill.unblocked_jobs(job) || '{"outcome": "merged"}';
    END IF;
    answer := answer || jsonb_build_object('restamp', waybill.request_restamps(job));
    IF answer -> 'restamp' <> '[]' THEN
        RETURN answer || '{"outcome": "waiting", "for": "later jobs to be restamped"}';
    END IF;
    RETURN answer || waybill.finish_merge(job);
END
$$;

-- One merge per dataset: a second one comes back later, rather than waiting in line for the
-- table's lock with a connection in its hand.
CREATE OR REPLACE FUNCTION waybill.lock_merge(dataset text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('waybill.merge.' || dataset, 0)) THEN
        RAISE EXCEPTION 'Another merge of % is running.', dataset USING ERRCODE = '55P03';
    END IF;
END
$$;

GRANT EXECUTE ON FUNCTION waybill.merge_job(uuid) TO waybill_loader;
