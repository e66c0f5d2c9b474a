-- Corrected rejects come back as a file of their own that counts at the place of the file that
-- they were in: what has changed since by a later file stays.

-- The place of a replay: right behind its file, and behind the file's other replays, so that of
-- several the one asked for last counts, and what the file itself still waits for counts before
-- them all. Without room before the next file it is the parent's own place.
CREATE OR REPLACE FUNCTION waybill.replay_order(parent waybill.ingestion_jobs) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
DECLARE
    place CONSTANT bigint := coalesce(parent.effective_order, parent.landed_seq);
    next_file bigint;
    last_replay bigint;
BEGIN
    -- As for objects: one registration per dataset at a time.
    PERFORM pg_advisory_xact_lock(hashtextextended('waybill.landing.' || parent.dataset, 0));
    SELECT min(landed_seq) INTO next_file FROM waybill.ingestion_jobs
    WHERE dataset = parent.dataset AND landed_seq > place;
    SELECT max(effective_order) INTO last_replay FROM waybill.ingestion_jobs
    WHERE dataset = parent.dataset AND effective_order > place
        AND (next_file IS NULL OR effective_order < next_file);
    RETURN greatest(place, least(coalesce(last_replay, place) + 1, next_file - 1));
END
$$;

CREATE OR REPLACE FUNCTION waybill.register_replay(p_parent uuid, p_job uuid,
    p_reject_ids uuid[])
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
SET lock_timeout = '3s'
AS $$
DECLARE
    parent waybill.ingestion_jobs;
    wrong uuid[];
BEGIN
    SELECT * INTO parent FROM waybill.ingestion_jobs WHERE job_id = p_parent;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'There is no job %.', p_parent USING ERRCODE = 'WB002';
    ELSIF parent.read IS NULL OR waybill.is_dry(parent) THEN
        RAISE EXCEPTION 'Job % is %; only rejects of a loaded file are replayed.', p_parent,
            parent.state USING ERRCODE = 'WB012';
    END IF;
    -- Locked until the commit, so that two replays cannot both take a reject.
    PERFORM FROM waybill.validation_errors AS v
    WHERE v.job_id = p_parent AND v.reject_id = ANY (p_reject_ids) FOR UPDATE;
    wrong := ARRAY(SELECT unnest(p_reject_ids) EXCEPT
        SELECT v.reject_id FROM waybill.validation_errors AS v
        WHERE v.job_id = p_parent AND v.replayed_by IS NULL);
    IF wrong <> '{}' THEN
        RAISE EXCEPTION 'Not among the rejects that remain: %.', array_to_string(wrong, ', ')
            USING ERRCODE = 'WB012';
    END IF;
    INSERT INTO waybill.ingestion_jobs (job_id, dataset, state, kind, filename, effective_order,
        parent_job_id, expires_at)
    VALUES (p_job, parent.dataset, 'AWAITING_UPLOAD', 'replay', 'replay.csv',
        waybill.replay_order(parent), p_parent, now() + interval '1 hour');
    UPDATE waybill.validation_errors SET replayed_by = p_job
    WHERE job_id = p_parent AND reject_id = ANY (p_reject_ids);
END
$$;

-- Rejects of a file that are neither loaded nor on their way: its own that were not replayed,
-- and those that its replays left.
CREATE OR REPLACE FUNCTION waybill.rejects_remaining(p_job uuid) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
BEGIN ATOMIC
    WITH RECURSIVE family (job_id) AS (
        SELECT p_job
        UNION ALL
        SELECT j.job_id FROM family AS f
        JOIN waybill.ingestion_jobs AS j ON j.parent_job_id = f.job_id
        -- What a failed one was to bring remains where it came from.
        WHERE j.state NOT IN ('FAILED', 'CANCELLED', 'EXPIRED')
    )
    SELECT count(*) FROM family AS f
    JOIN waybill.validation_errors AS v ON v.job_id = f.job_id
    WHERE v.replayed_by IS NULL;
END;

GRANT EXECUTE ON FUNCTION waybill.register_replay(uuid, uuid, uuid[]),
    waybill.rejects_remaining(uuid) TO waybill_api;
