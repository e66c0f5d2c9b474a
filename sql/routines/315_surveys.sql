-- Surveys: where the chunks of an object begin, found range by range (waybill/records/survey.py).

-- Store the survey of a range, and settle the chunks of which it was the last that was missing:
-- `settled` if this is one of them, `again` if its first record begins at none of the places that
-- were surveyed, and else `waiting`.
CREATE OR REPLACE FUNCTION waybill.record_survey(p_job uuid, p_chunk integer, p_surveys jsonb)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_job waybill.ingestion_jobs;
BEGIN
    -- One survey at a time: of two neighbours neither would see the other's, and both would leave
    -- their chunks to each other.
    SELECT * INTO v_job FROM waybill.ingestion_jobs WHERE job_id = p_job FOR NO KEY UPDATE;
    IF v_job.state IS DISTINCT FROM 'LOADING' THEN
        RAISE EXCEPTION 'Job % has ended: %.', p_job, v_job.state USING ERRCODE = 'WB003';
    END IF;
    UPDATE waybill.chunks SET surveys = p_surveys
    WHERE job_id = p_job AND chunk = p_chunk AND first_line IS NULL AND surveys IS NULL;
    IF NOT FOUND THEN
        -- Another loader had the same message, or the chunk was settled meanwhile: as nothing was
        -- left of it, nobody waited for this survey, and nobody else stages it.
        RETURN (
            SELECT CASE WHEN c.first_line IS NULL THEN 'waiting' ELSE 'settled' END
            FROM waybill.chunks AS c WHERE c.job_id = p_job AND c.chunk = p_chunk);
    END IF;
    RETURN waybill.settle_chunks(v_job, p_chunk);
END
$$;

-- Settle chunks from this one on, in order, up to the first one that has no survey.
CREATE OR REPLACE FUNCTION waybill.settle_chunks(p_job waybill.ingestion_jobs, p_chunk integer)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_chunk waybill.chunks;
    v_end bigint;
    v_line bigint;
BEGIN
    FOR v_chunk IN
        SELECT * FROM waybill.chunks AS c WHERE c.job_id = p_job.job_id AND c.chunk >= p_chunk
        ORDER BY c.chunk
    LOOP
        IF v_end IS NOT NULL THEN
            v_chunk.byte_from := v_end;
            v_chunk.start_line := v_line;
        ELSIF v_chunk.start_line IS NULL THEN
            EXIT;
        END IF;
        SELECT f.ends, v_chunk.start_line + f.lines INTO v_end, v_line
        FROM waybill.chunk_end(v_chunk, p_job.size_bytes) AS f;
        UPDATE waybill.chunks
        SET byte_from = v_chunk.byte_from,
            start_line = v_chunk.start_line,
            -- Only now: a loader of an earlier release cannot read a chunk without it.
            first_line = CASE WHEN v_end IS NOT NULL THEN v_chunk.start_line END,
            byte_to = coalesce(v_end, byte_to),
            surveys = NULL,
            -- Without a survey its message is still to come.
            settled_by = CASE WHEN surveys IS NOT NULL THEN p_chunk END
        WHERE job_id = p_job.job_id AND chunk = v_chunk.chunk;
        EXIT WHEN v_end IS NULL;
    END LOOP;
    RETURN (
        SELECT CASE
            WHEN c.first_line IS NOT NULL THEN 'settled'
            WHEN c.start_line IS NULL THEN 'waiting'
            ELSE 'again'
        END
        FROM waybill.chunks AS c WHERE c.job_id = p_job.job_id AND c.chunk = p_chunk);
END
$$;

-- Where a chunk that begins at its first byte ends, and how many lines later; no row if its survey
-- does not tell.
CREATE OR REPLACE FUNCTION waybill.chunk_end(p_chunk waybill.chunks, p_size bigint,
    OUT ends bigint, OUT lines bigint)
RETURNS SETOF record
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF p_chunk.byte_from >= p_chunk.byte_to THEN
        -- The record before it is longer than the range and leaves nothing of it.
        RETURN QUERY SELECT p_chunk.byte_from, 0::bigint;
    ELSIF p_chunk.byte_to = p_size THEN
        -- Nobody asks how many lines the last one has.
        RETURN QUERY SELECT p_size, 0::bigint;
    ELSE
        RETURN QUERY
            SELECT s."end", s.lines
            FROM jsonb_to_recordset(p_chunk.surveys)
                AS s (start bigint, "end" bigint, lines bigint)
            WHERE s.start = p_chunk.byte_from;
    END IF;
END
$$;
