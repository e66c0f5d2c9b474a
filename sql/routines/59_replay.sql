-- Replays: corrected rejects return as a file of their own, which counts right after the file that
-- they were in. Changes of later files stay.

-- The place of a replay in the landing order: after its file and the file's other replays, so that
-- the latest replay counts, and pending records of the file count before them all. Without room
-- before the next file, the place of the file itself.
CREATE OR REPLACE FUNCTION waybill.replay_order(p_parent waybill.ingestion_jobs) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_place CONSTANT bigint := coalesce(p_parent.effective_order, p_parent.landing_order);
    v_next_file bigint;
    v_last_replay bigint;
BEGIN
    PERFORM waybill.lock_registration(p_parent.dataset);
    SELECT min(landing_order) INTO v_next_file FROM waybill.ingestion_jobs
    WHERE dataset = p_parent.dataset AND landing_order > v_place;
    SELECT max(effective_order) INTO v_last_replay FROM waybill.ingestion_jobs
    WHERE dataset = p_parent.dataset AND effective_order > v_place
        AND (v_next_file IS NULL OR effective_order < v_next_file);
    RETURN greatest(v_place, least(coalesce(v_last_replay, v_place) + 1, v_next_file - 1));
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
    v_parent waybill.ingestion_jobs;
    v_taken uuid[];
BEGIN
    -- Shared, so that it is not reverted before this replay can be seen.
    SELECT * INTO v_parent FROM waybill.ingestion_jobs WHERE job_id = p_parent FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'There is no job %.', p_parent USING ERRCODE = 'WB002';
    ELSIF v_parent.read IS NULL OR waybill.is_dry(v_parent) OR v_parent.state = 'REVERTED' THEN
        RAISE EXCEPTION 'Job % is %; only rejects of a loaded file are replayed.', p_parent,
            v_parent.state USING ERRCODE = 'WB012';
    ELSIF EXISTS (
        SELECT FROM waybill.ingestion_jobs AS j
        WHERE j.job_id IN (p_parent, v_parent.archive_job_id) AND j.reverting
    ) THEN
        RAISE EXCEPTION 'Job % is being reverted.', p_parent USING ERRCODE = 'WB012';
    END IF;
    -- Locked until the commit, so that two replays cannot both take a reject.
    PERFORM FROM waybill.validation_errors AS v
    WHERE v.job_id = p_parent AND v.reject_id = ANY (p_reject_ids) FOR UPDATE;
    v_taken := ARRAY(
        SELECT unnest(p_reject_ids)
        EXCEPT
        SELECT v.reject_id FROM waybill.validation_errors AS v
        WHERE v.job_id = p_parent AND v.replayed_by IS NULL);
    IF v_taken <> '{}' THEN
        RAISE EXCEPTION 'Not among the rejects that remain: %.', array_to_string(v_taken, ', ')
            USING ERRCODE = 'WB012';
    END IF;
    INSERT INTO waybill.ingestion_jobs (job_id, dataset, state, kind, filename, effective_order,
        parent_job_id, expires_at)
    VALUES (p_job, v_parent.dataset, 'AWAITING_UPLOAD', 'replay', 'replay.csv',
        waybill.replay_order(v_parent), p_parent, now() + interval '1 hour');
    UPDATE waybill.validation_errors SET replayed_by = p_job
    WHERE job_id = p_parent AND reject_id = ANY (p_reject_ids);
END
$$;

-- Rejects of a file that are neither loaded nor being loaded: its own that were not replayed, and
-- those of its replays.
CREATE OR REPLACE FUNCTION waybill.rejects_remaining(p_job uuid) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
BEGIN ATOMIC
    WITH RECURSIVE family (job_id) AS (
        SELECT p_job
        UNION ALL
        SELECT j.job_id FROM family AS f
        JOIN waybill.ingestion_jobs AS j ON j.parent_job_id = f.job_id
        -- The rejects of one that was not loaded remain where they were.
        WHERE j.state NOT IN ('FAILED', 'CANCELLED', 'EXPIRED', 'REVERTED')
    )
    SELECT count(*) FROM family AS f
    JOIN waybill.validation_errors AS v ON v.job_id = f.job_id
    WHERE v.replayed_by IS NULL;
END;
