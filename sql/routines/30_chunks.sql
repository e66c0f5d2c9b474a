-- From landed to staged: the plan of chunks, and each chunk staged once.

-- Take over the plan of an object: from here on every earlier attempt is refused. Two attempts
-- at once would cut the object in two ways, and records would be lost between the chunks. Returns
-- what the earlier attempts planned, so that this one goes on there.
CREATE OR REPLACE FUNCTION waybill.claim_plan(p_job uuid, OUT state text, OUT attempt integer,
    OUT chunks_total integer, OUT layout jsonb, OUT chunks jsonb)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_job waybill.ingestion_jobs;
BEGIN
    SELECT * INTO v_job FROM waybill.ingestion_jobs AS j WHERE j.job_id = p_job;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'There is no job %.', p_job USING ERRCODE = 'WB002';
    END IF;
    -- A finished plan needs no lock, which a merge may hold for long.
    IF v_job.chunks_total IS NULL THEN
        UPDATE waybill.ingestion_jobs AS j SET plan_attempt = j.plan_attempt + 1
        WHERE j.job_id = p_job RETURNING * INTO v_job;
    END IF;
    state := v_job.state;
    attempt := v_job.plan_attempt;
    chunks_total := v_job.chunks_total;
    layout := v_job.layout;
    chunks := (SELECT coalesce(jsonb_agg(jsonb_build_object('chunk', c.chunk,
            'byte_from', c.byte_from, 'byte_to', c.byte_to, 'first_line', c.first_line,
            'done', c.done) ORDER BY c.chunk), '[]')
        FROM waybill.chunks AS c WHERE c.job_id = p_job);
END
$$;

-- Lock the job's row for a write of the plan, unless a later attempt has taken over. Held until
-- the commit, so that a later attempt begins after this write or before it, never beside it.
CREATE OR REPLACE FUNCTION waybill.lock_plan(p_job uuid, p_attempt integer)
RETURNS waybill.ingestion_jobs
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_job waybill.ingestion_jobs;
BEGIN
    SELECT * INTO v_job FROM waybill.ingestion_jobs WHERE job_id = p_job FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'There is no job %.', p_job USING ERRCODE = 'WB002';
    ELSIF v_job.plan_attempt <> p_attempt THEN
        RAISE EXCEPTION 'Attempt % at the plan of job % has taken over from attempt %.',
            v_job.plan_attempt, p_job, p_attempt USING ERRCODE = 'WB006';
    END IF;
    RETURN v_job;
END
$$;

-- The job starts loading: its contract and layout are fixed, its staging table is created.
CREATE OR REPLACE FUNCTION waybill.start_loading(p_job uuid, p_layout jsonb,
    p_attempt integer DEFAULT 0)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    job waybill.ingestion_jobs := waybill.lock_plan(p_job, p_attempt);
BEGIN
    IF job.state = 'LANDED' THEN
        UPDATE waybill.ingestion_jobs SET state = 'LOADING', layout = p_layout,
            contract = waybill.contract(job.dataset), started_at = clock_timestamp()
        WHERE job_id = p_job RETURNING * INTO job;
        PERFORM waybill.open_stage(p_job, job.contract);
    END IF;
    RETURN job.state;
END
$$;

-- Unlogged: a staged row can always be had again from the object. Emptied by a crash of the
-- server, which the merge notices by the chunks' counts.
CREATE OR REPLACE FUNCTION waybill.open_stage(p_job uuid, p_contract jsonb) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    name CONSTANT text := waybill.stage_name(p_job);
BEGIN
    EXECUTE (
        SELECT format('CREATE UNLOGGED TABLE staging.%I (_waybill_chunk integer, _waybill_line bigint, %s%s)'
                ' WITH (autovacuum_enabled = false)', name,
            string_agg(format('%I %s', c.col ->> 'name', c.col ->> 'stage'), ', '
                ORDER BY c.place),
            CASE WHEN (p_contract ->> 'keeps_raw')::boolean THEN ', _waybill_raw text' END)
        FROM jsonb_array_elements(p_contract -> 'columns') WITH ORDINALITY AS c (col, place));
    EXECUTE format('GRANT INSERT ON staging.%I TO waybill_loader', name);
END
$$;

CREATE OR REPLACE FUNCTION waybill.add_chunks(p_job uuid, p_chunks jsonb,
    p_attempt integer DEFAULT 0)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    PERFORM waybill.lock_plan(p_job, p_attempt);
    -- An attempt that goes on lays the last chunk once more.
    INSERT INTO waybill.chunks (job_id, chunk, byte_from, byte_to, first_line)
    SELECT p_job, c.chunk, c.byte_from, c.byte_to, c.first_line
    FROM jsonb_to_recordset(p_chunks)
        AS c (chunk integer, byte_from bigint, byte_to bigint, first_line bigint)
    ON CONFLICT DO NOTHING;
END
$$;

CREATE OR REPLACE FUNCTION waybill.finish_plan(p_job uuid, p_chunks_total integer,
    p_sha256 text, p_attempt integer DEFAULT 0)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    PERFORM waybill.lock_plan(p_job, p_attempt);
    UPDATE waybill.ingestion_jobs SET chunks_total = p_chunks_total, sha256 = p_sha256
    WHERE job_id = p_job AND state = 'LOADING';
END
$$;

-- Take a chunk, for the length of the caller's transaction.
CREATE OR REPLACE FUNCTION waybill.claim_chunk(p_job uuid, p_chunk integer) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    job waybill.ingestion_jobs;
    part waybill.chunks;
BEGIN
    -- The row lock keeps a second loader of the same chunk out until this transaction ends:
    -- without it both would stage the chunk. NOWAIT: it comes back later, rather than
    -- holding a connection. The lock dies with the connection, and a loader that outlived
    -- its timeout cannot commit without it.
    SELECT * INTO part FROM waybill.chunks
    WHERE job_id = p_job AND chunk = p_chunk FOR UPDATE NOWAIT;
    SELECT * INTO job FROM waybill.ingestion_jobs WHERE job_id = p_job;
    IF job.job_id IS NULL OR part.job_id IS NULL THEN
        RAISE EXCEPTION 'There is no chunk % of job %.', p_chunk, p_job
            USING ERRCODE = 'WB002';
    ELSIF job.state NOT IN ('LOADING', 'MERGING') AND NOT job.restamping THEN
        RETURN jsonb_build_object('status', 'ended');
    ELSIF part.done THEN
        RETURN jsonb_build_object('status', 'done');
    END IF;
    RETURN jsonb_build_object('status', 'todo', 'bucket', job.bucket, 'key', job.object_key,
        'version_id', nullif(job.version_id, ''), 'etag', job.etag,
        'size_bytes', job.size_bytes, 'byte_from', part.byte_from, 'byte_to', part.byte_to,
        'first_line', part.first_line, 'chunks_total', job.chunks_total,
        'layout', job.layout, 'contract', job.contract, 'stage_schema', 'staging',
        'stage_table', waybill.stage_name(p_job), 'keeps_rejects', NOT job.restamping);
END
$$;

-- The chunk is staged: said in the transaction of its COPY, so that neither is there alone.
CREATE OR REPLACE FUNCTION waybill.finish_chunk(p_job uuid, p_chunk integer, p_read bigint,
    p_staged bigint, p_rejected bigint, p_sha256 text)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    job waybill.ingestion_jobs;
BEGIN
    -- Shared with other chunks, against a cancellation: it comes before, and this chunk is
    -- undone here, or after, and finds everything that was staged.
    SELECT * INTO job FROM waybill.ingestion_jobs WHERE job_id = p_job FOR SHARE;
    IF job.state <> 'LOADING' AND NOT job.restamping THEN
        RAISE EXCEPTION 'Job % has ended: %.', p_job, job.state USING ERRCODE = 'WB003';
    END IF;
    IF p_read <> p_staged + p_rejected THEN
        RAISE EXCEPTION 'Chunk % of job %: % records read, % staged, % rejected.', p_chunk,
            p_job, p_read, p_staged, p_rejected USING ERRCODE = 'WB005';
    END IF;
    UPDATE waybill.chunks SET done = true, read = p_read, staged = p_staged,
        rejected = p_rejected
    WHERE job_id = p_job AND chunk = p_chunk;
    IF p_sha256 IS NOT NULL AND job.sha256 IS NULL THEN
        UPDATE waybill.ingestion_jobs SET sha256 = p_sha256 WHERE job_id = p_job;
    END IF;
END
$$;

-- Asked after the chunk's commit, so that of two last chunks at least one sees both done.
CREATE OR REPLACE FUNCTION waybill.chunks_left(p_job uuid) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    remaining integer;
BEGIN
    SELECT coalesce(j.chunks_total - (SELECT count(*) FROM waybill.chunks AS c
        WHERE c.job_id = p_job AND c.done)::integer, 1)
    INTO remaining FROM waybill.ingestion_jobs AS j WHERE j.job_id = p_job;
    IF remaining = 0 THEN
        UPDATE waybill.ingestion_jobs SET state = 'MERGING'
        WHERE job_id = p_job AND state = 'LOADING';
    END IF;
    RETURN remaining;
END
$$;

GRANT EXECUTE ON FUNCTION waybill.claim_plan(uuid),
    waybill.start_loading(uuid, jsonb, integer), waybill.add_chunks(uuid, jsonb, integer),
    waybill.finish_plan(uuid, integer, text, integer), waybill.claim_chunk(uuid, integer),
    waybill.finish_chunk(uuid, integer, bigint, bigint, bigint, text),
    waybill.chunks_left(uuid) TO waybill_loader;
