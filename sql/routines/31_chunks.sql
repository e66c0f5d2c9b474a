-- Chunks: each is staged once.

-- Claim a chunk for the rest of the caller's transaction: `todo` with what to read and where it
-- goes, `done` when it is staged, `ended` when its job has ended. Of a range whose records are not
-- known yet, `survey` with what to read, and `waiting` when that is done or not needed: whoever
-- settles it sends it again.
CREATE OR REPLACE FUNCTION waybill.claim_chunk(p_job uuid, p_chunk integer,
    p_reads_slices boolean DEFAULT false, p_surveys boolean DEFAULT false,
    OUT status text, OUT bucket text, OUT key text, OUT version_id text, OUT etag text,
    OUT size_bytes bigint, OUT byte_from bigint, OUT byte_to bigint, OUT first_line bigint,
    OUT text_from bigint, OUT text_to bigint,
    OUT layout jsonb, OUT contract jsonb, OUT stage_schema text, OUT stage_table text,
    OUT keeps_rejects boolean, OUT unblocked integer[])
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_job waybill.ingestion_jobs;
    v_chunk waybill.chunks;
BEGIN
    -- The row lock keeps a second loader of the chunk out until this transaction ends: without it
    -- both would stage the chunk. It ends with the connection, so a loader that outlived its
    -- timeout cannot commit. NOWAIT: the second one is retried later, rather than waiting with a
    -- connection.
    SELECT * INTO v_chunk FROM waybill.chunks AS c
    WHERE c.job_id = p_job AND c.chunk = p_chunk FOR UPDATE NOWAIT;
    SELECT * INTO v_job FROM waybill.ingestion_jobs AS j WHERE j.job_id = p_job;
    IF v_job.job_id IS NULL OR v_chunk.job_id IS NULL THEN
        RAISE EXCEPTION 'There is no chunk % of job %.', p_chunk, p_job USING ERRCODE = 'WB002';
    END IF;
    status := CASE
        WHEN v_job.state NOT IN ('LOADING', 'MERGING') AND NOT v_job.restamping THEN 'ended'
        WHEN v_chunk.done THEN 'done'
        WHEN v_chunk.first_line IS NOT NULL THEN 'todo'
        -- The last chunk ends with the object.
        WHEN v_chunk.surveys IS NOT NULL OR v_chunk.byte_to = v_job.size_bytes THEN 'waiting'
        ELSE 'survey'
    END;
    IF status IN ('ended', 'done') THEN
        RETURN;
    ELSIF NOT p_surveys AND v_chunk.first_line IS NULL THEN
        RAISE EXCEPTION 'Chunk % of job % is a range, for a later release.', p_chunk, p_job
            USING ERRCODE = 'lock_not_available';
    ELSIF status = 'waiting' THEN
        -- Of the last chunk, too: its message came too early, so that it must be sent again.
        UPDATE waybill.chunks AS c SET surveys = coalesce(c.surveys, '[]')
        WHERE c.job_id = p_job AND c.chunk = p_chunk;
    ELSIF NOT p_reads_slices AND num_nonnulls(v_chunk.text_from, v_chunk.text_to) > 0 THEN
        -- After a release was taken back. It would stage the whole object as this slice.
        RAISE EXCEPTION 'Chunk % of job % is a slice, for a later release.', p_chunk, p_job
            USING ERRCODE = 'lock_not_available';
    END IF;
    bucket := v_job.bucket;
    key := v_job.object_key;
    version_id := nullif(v_job.version_id, '');
    etag := v_job.etag;
    size_bytes := v_job.size_bytes;
    byte_from := v_chunk.byte_from;
    byte_to := v_chunk.byte_to;
    first_line := coalesce(v_chunk.first_line, v_chunk.start_line);
    text_from := v_chunk.text_from;
    text_to := v_chunk.text_to;
    layout := v_job.layout;
    contract := v_job.contract;
    stage_schema := 'staging';
    stage_table := waybill.stage_name(p_job);
    keeps_rejects := NOT v_job.restamping;
    -- Their messages may not have been sent, if an earlier loader of this chunk was killed.
    unblocked := CASE WHEN v_chunk.settled_by = p_chunk THEN ARRAY(
        SELECT c.chunk FROM waybill.chunks AS c
        WHERE c.job_id = p_job AND c.settled_by = p_chunk AND c.chunk > p_chunk AND NOT c.done
        ORDER BY c.chunk) END;
END
$$;

-- Mark a chunk as staged, in the transaction of its COPY, so that both are committed or neither.
-- Of a stream whose loader ran out of time, `p_cut` says where: the rest becomes a chunk of its own.
CREATE OR REPLACE FUNCTION waybill.finish_chunk(p_job uuid, p_chunk integer, p_read bigint,
    p_staged bigint, p_rejected bigint, p_sha256 text, p_warnings text[] DEFAULT '{}',
    p_filtered bigint DEFAULT 0, p_columns jsonb DEFAULT NULL, p_drift jsonb DEFAULT NULL,
    p_cut jsonb DEFAULT NULL, p_summary jsonb DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_job waybill.ingestion_jobs;
BEGIN
    IF p_cut IS NOT NULL THEN
        PERFORM waybill.cut_chunk(p_job, p_chunk, p_cut);
    END IF;
    -- Shared with other chunks, but not with a cancellation: if that commits first, this chunk is
    -- rolled back; if it commits later, it finds all that was staged.
    SELECT * INTO v_job FROM waybill.ingestion_jobs WHERE job_id = p_job FOR SHARE;
    IF v_job.state <> 'LOADING' AND NOT v_job.restamping THEN
        RAISE EXCEPTION 'Job % has ended: %.', p_job, v_job.state USING ERRCODE = 'WB003';
    ELSIF p_read <> p_staged + p_rejected + p_filtered THEN
        RAISE EXCEPTION 'Chunk % of job %: % records read, % staged, % rejected, % filtered.',
            p_chunk, p_job, p_read, p_staged, p_rejected, p_filtered USING ERRCODE = 'WB005';
    END IF;
    UPDATE waybill.chunks
    SET done = true, read = p_read, staged = p_staged, rejected = p_rejected,
        filtered = p_filtered, warnings = p_warnings, columns = p_columns, drift = p_drift,
        -- It may name keys of people, and the merge that clears it is over.
        summary = CASE WHEN NOT v_job.restamping THEN p_summary END
    WHERE job_id = p_job AND chunk = p_chunk;
    IF p_sha256 IS NOT NULL AND v_job.sha256 IS NULL THEN
        UPDATE waybill.ingestion_jobs SET sha256 = p_sha256 WHERE job_id = p_job;
    END IF;
END
$$;

-- End a chunk of a stream where its loader stopped, and add the rest as a new one.
CREATE OR REPLACE FUNCTION waybill.cut_chunk(p_job uuid, p_chunk integer, p_cut jsonb)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_text CONSTANT bigint := (p_cut ->> 'text')::bigint;
    v_byte CONSTANT bigint := (p_cut ->> 'object')::bigint;
BEGIN
    -- The plan may be finishing, and sets the number of chunks: without the lock one of the two
    -- would not count the new chunk, and the merge would begin without it.
    UPDATE waybill.ingestion_jobs SET chunks_total = chunks_total + 1 WHERE job_id = p_job;
    INSERT INTO waybill.chunks (job_id, chunk, byte_from, byte_to, first_line, text_from, text_to)
    SELECT p_job, (SELECT max(a.chunk) + 1 FROM waybill.chunks AS a WHERE a.job_id = p_job),
        v_byte, c.byte_to, (p_cut ->> 'line')::bigint, v_text, c.text_to
    FROM waybill.chunks AS c
    WHERE c.job_id = p_job AND c.chunk = p_chunk;
    UPDATE waybill.chunks SET byte_to = v_byte, text_to = v_text
    WHERE job_id = p_job AND chunk = p_chunk;
END
$$;

-- The job's layout, to which the warnings of its chunks are added, each once.
CREATE OR REPLACE FUNCTION waybill.layout_with_warnings(p_job waybill.ingestion_jobs)
RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, waybill, pg_temp
BEGIN ATOMIC
    SELECT CASE
        WHEN count(*) = 0 THEN p_job.layout
        ELSE p_job.layout || jsonb_build_object('warnings',
            coalesce(p_job.layout -> 'warnings', '[]')
            || jsonb_agg(w.warning ORDER BY w.chunk, w.warning))
    END
    FROM (
        SELECT t.warning, min(c.chunk) AS chunk
        FROM waybill.chunks AS c, unnest(c.warnings) AS t (warning)
        WHERE c.job_id = p_job.job_id
        GROUP BY t.warning
        ORDER BY chunk, t.warning
        LIMIT 20) AS w;
END;

-- How the records of a job differ from the table, where its chunks tell it: fields that some
-- records have, and columns that none has.
CREATE OR REPLACE FUNCTION waybill.drift_of_chunks(p_job uuid) RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, waybill, pg_temp
BEGIN ATOMIC
    WITH parts AS (
        SELECT c.chunk, c.drift FROM waybill.chunks AS c
        WHERE c.job_id = p_job AND c.drift IS NOT NULL
    ), found AS (
        SELECT d ->> 'change' AS change, d ->> 'column' AS name, min(p.chunk) AS first,
            count(*) AS parts, sum((d ->> 'records')::bigint) AS records,
            min(d ->> 'nearest') AS nearest, min(d ->> 'action') AS action
        FROM parts AS p, jsonb_array_elements(p.drift) AS d
        GROUP BY 1, 2
        HAVING d ->> 'change' <> 'missing' OR count(*) = (SELECT count(*) FROM parts)
        ORDER BY 1, first, 2
        LIMIT 200
    )
    SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
        'column', f.name,
        'change', f.change,
        'nearest', f.nearest,
        'action', f.action,
        'records', f.records)) ORDER BY f.change, f.first, f.name), '[]')
    FROM found AS f;
END;

-- The job's layout with what its chunks found out.
CREATE OR REPLACE FUNCTION waybill.layout_with_findings(p_job waybill.ingestion_jobs)
RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, waybill, pg_temp
RETURN CASE waybill.drift_of_chunks(p_job.job_id)
    WHEN '[]' THEN waybill.layout_with_warnings(p_job)
    ELSE waybill.layout_with_warnings(p_job)
        || jsonb_build_object('drift', waybill.drift_of_chunks(p_job.job_id))
END;

-- Chunks that are not staged; at least 1 while the plan is unfinished. Called after the chunk's
-- commit, so that of two last chunks at least one sees both done.
CREATE OR REPLACE FUNCTION waybill.chunks_left(p_job uuid) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_done CONSTANT integer :=
        (SELECT count(*) FROM waybill.chunks WHERE job_id = p_job AND done);
    v_left integer;
BEGIN
    SELECT coalesce(chunks_total - v_done, 1) INTO v_left
    FROM waybill.ingestion_jobs WHERE job_id = p_job;
    IF v_left = 0 THEN
        -- Counted again with the lock, which a merge holds while it sends chunks again that a crash
        -- has lost: else the job would count as staged, and refuse them for ever.
        PERFORM FROM waybill.ingestion_jobs AS j
        WHERE j.job_id = p_job AND j.state = 'LOADING' FOR UPDATE;
        IF FOUND THEN
            v_left := cardinality(waybill.unstaged_chunks(p_job));
            UPDATE waybill.ingestion_jobs AS j
            SET state = 'MERGING', layout = waybill.layout_with_findings(j)
            WHERE j.job_id = p_job AND v_left = 0;
        END IF;
    END IF;
    RETURN v_left;
END
$$;

-- The planned chunks that are not staged, in order.
CREATE OR REPLACE FUNCTION waybill.unstaged_chunks(p_job uuid) RETURNS integer[]
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
RETURN ARRAY(
    SELECT c.chunk
    FROM waybill.chunks AS c
    WHERE c.job_id = p_job AND NOT c.done
    ORDER BY c.chunk
);

-- The chunk that is sent after this one, unless it is staged: the next slice of a stream, or the one
-- that flow control allows.
CREATE OR REPLACE FUNCTION waybill.following_chunk(p_job uuid, p_chunk integer, p_at_once integer)
RETURNS integer
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
RETURN (
    SELECT f.chunk
    FROM waybill.chunks AS c
    JOIN waybill.chunks AS f ON f.job_id = c.job_id AND CASE
        WHEN c.text_to IS NOT NULL THEN f.text_from = c.text_to
        WHEN c.text_from IS NULL THEN f.chunk = c.chunk + p_at_once
    END
    WHERE c.job_id = p_job AND c.chunk = p_chunk AND NOT f.done
);

-- Whether a chunk is planned, and staged: this decides which chunk is sent next.
CREATE OR REPLACE FUNCTION waybill.chunk_state(p_job uuid, p_chunk integer) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
BEGIN ATOMIC
    SELECT coalesce((
        SELECT CASE WHEN c.done THEN 'done' ELSE 'todo' END
        FROM waybill.chunks AS c WHERE c.job_id = p_job AND c.chunk = p_chunk), 'absent');
END;
