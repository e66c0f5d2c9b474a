-- The plan of an object: its layout, its chunks, and the staging table that they are loaded into.

-- Take over the plan: from here on every earlier attempt is refused. Two attempts at once would
-- divide the object in two ways, and records would be lost between the chunks. Returns what
-- earlier attempts planned, so that this one resumes there.
CREATE OR REPLACE FUNCTION waybill.claim_plan(p_job uuid, p_surveys boolean DEFAULT false,
    OUT state text, OUT attempt integer, OUT chunks_total integer, OUT layout jsonb,
    OUT chunks jsonb)
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
    IF NOT p_surveys AND EXISTS (
        SELECT FROM waybill.chunks AS c WHERE c.job_id = p_job AND c.first_line IS NULL)
    THEN
        -- While releases change. It cannot read them, and would fail the job for that.
        RAISE EXCEPTION 'Chunks of job % are ranges, for a later release.', p_job
            USING ERRCODE = 'lock_not_available';
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
    chunks := (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
            'chunk', c.chunk,
            'byte_from', c.byte_from,
            'byte_to', c.byte_to,
            'first_line', c.first_line,
            'done', c.done) ORDER BY c.chunk), '[]')
        FROM waybill.chunks AS c WHERE c.job_id = p_job);
END
$$;

-- Lock the job's row for a write of the plan, unless a later attempt has taken over. Held until
-- the commit, so that a later attempt begins before this write or after it, never during it.
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

-- The job starts loading: its contract and layout are fixed and its staging table is created.
CREATE OR REPLACE FUNCTION waybill.start_loading(p_job uuid, p_layout jsonb,
    p_attempt integer DEFAULT 0)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_job waybill.ingestion_jobs := waybill.lock_plan(p_job, p_attempt);
BEGIN
    IF v_job.state = 'LANDED' THEN
        UPDATE waybill.ingestion_jobs
        SET state = 'LOADING', layout = p_layout, contract = waybill.contract_of_job(p_job),
            started_at = clock_timestamp()
        WHERE job_id = p_job RETURNING * INTO v_job;
        PERFORM waybill.create_stage(v_job);
    END IF;
    RETURN v_job.state;
END
$$;

-- Create the staging table. Unlogged, since its rows can be read from the object again: a crash
-- of the server empties it, which the merge notices (`assert_all_found`).
CREATE OR REPLACE FUNCTION waybill.create_stage(p_job waybill.ingestion_jobs) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_table CONSTANT text := format('staging.%I', waybill.stage_name(p_job.job_id));
    v_columns CONSTANT text := (
        SELECT string_agg(format('%I %s', c.col ->> 'name', c.col ->> 'stage'), ', '
            ORDER BY c.place)
        FROM jsonb_array_elements(p_job.contract -> 'columns') WITH ORDINALITY AS c (col, place));
    v_raw CONSTANT text :=
        CASE WHEN (p_job.contract ->> 'keeps_raw')::boolean THEN ', _waybill_raw text' ELSE '' END;
    v_absent CONSTANT text :=
        CASE WHEN waybill.tracks_absence(p_job) THEN ', _waybill_absent jsonb' ELSE '' END;
BEGIN
    PERFORM waybill.run_sql(format($q$
        CREATE UNLOGGED TABLE %s (
            _waybill_chunk integer,
            _waybill_line bigint,
            %s%s%s
        ) WITH (autovacuum_enabled = false)
        $q$, v_table, v_columns, v_raw, v_absent));
    PERFORM waybill.run_sql(format('GRANT INSERT ON %s TO waybill_load', v_table));
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
    INSERT INTO waybill.chunks (job_id, chunk, byte_from, byte_to, first_line, start_line)
    SELECT p_job, c.chunk, c.byte_from, c.byte_to, c.first_line, c.start_line
    FROM jsonb_to_recordset(p_chunks)
        AS c (chunk integer, byte_from bigint, byte_to bigint, first_line bigint, start_line bigint)
    -- An attempt that resumes adds the last chunk again.
    ON CONFLICT DO NOTHING;
END
$$;

-- The number of chunks is known: from here on one of them can be the last one.
CREATE OR REPLACE FUNCTION waybill.finish_plan(p_job uuid, p_chunks_total integer,
    p_sha256 text, p_attempt integer DEFAULT 0)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    PERFORM waybill.lock_plan(p_job, p_attempt);
    UPDATE waybill.ingestion_jobs
    SET chunks_total = coalesce((
            -- With those that the loader of a stream has added already.
            SELECT count(*) FROM waybill.chunks AS c
            WHERE c.job_id = p_job HAVING bool_or(c.text_from IS NOT NULL)), p_chunks_total),
        sha256 = p_sha256
    WHERE job_id = p_job AND state = 'LOADING';
END
$$;
