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
    SELECT max(o.effective_order) INTO v_last_replay
    FROM (
        SELECT effective_order FROM waybill.ingestion_jobs
        WHERE dataset = p_parent.dataset AND effective_order > v_place
        UNION ALL
        -- Members of an archive of replays are no jobs before it is unpacked.
        SELECT r.effective_order
        FROM waybill.replayed_members AS r
        JOIN waybill.ingestion_jobs AS j USING (job_id)
        WHERE j.dataset = p_parent.dataset AND r.effective_order > v_place
    ) AS o
    WHERE o.effective_order < coalesce(v_next_file, 9223372036854775807);
    RETURN greatest(v_place, least(coalesce(v_last_replay, v_place) + 1, v_next_file - 1));
END
$$;

-- Raise unless the rejects of the job can be replayed. The caller has locked its row. Of an archive
-- that was not loaded, members may have been before it ended.
CREATE OR REPLACE FUNCTION waybill.assert_replayable(p_job waybill.ingestion_jobs) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    IF p_job.job_id IS NULL THEN
        RAISE EXCEPTION 'There is no such job.' USING ERRCODE = 'WB002';
    ELSIF waybill.is_dry(p_job) OR p_job.state = 'REVERTED' OR p_job.read IS NULL
        AND NOT (p_job.archive_format IS NOT NULL AND waybill.is_final(p_job.state))
    THEN
        RAISE EXCEPTION 'Job % is %; only rejects of a loaded file are replayed.', p_job.job_id,
            p_job.state USING ERRCODE = 'WB012';
    ELSIF EXISTS (
        SELECT FROM waybill.ingestion_jobs AS j
        WHERE j.job_id IN (p_job.job_id, p_job.archive_job_id) AND j.reverting
    ) THEN
        RAISE EXCEPTION 'Job % is being reverted.', p_job.job_id USING ERRCODE = 'WB012';
    END IF;
END
$$;

-- Lock these rejects of jobs until the commit, so that two replays cannot both take one; raise
-- unless all of them remain.
CREATE OR REPLACE FUNCTION waybill.lock_rejects(p_jobs uuid[], p_reject_ids uuid[]) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_taken uuid[];
BEGIN
    PERFORM FROM waybill.validation_errors AS v
    WHERE v.job_id = ANY (p_jobs) AND v.reject_id = ANY (p_reject_ids)
    ORDER BY v.job_id, v.line, v.reject_id
    FOR UPDATE;
    v_taken := ARRAY(
        SELECT unnest(p_reject_ids)
        EXCEPT
        SELECT v.reject_id FROM waybill.validation_errors AS v
        WHERE v.job_id = ANY (p_jobs) AND v.reject_id = ANY (p_reject_ids)
            AND v.replayed_by IS NULL);
    IF v_taken <> '{}' THEN
        RAISE EXCEPTION 'Not among the rejects that remain: %.', array_to_string(v_taken, ', ')
            USING ERRCODE = 'WB012';
    END IF;
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
BEGIN
    -- Shared, so that it is not reverted before this replay can be seen.
    SELECT * INTO v_parent FROM waybill.ingestion_jobs WHERE job_id = p_parent FOR SHARE;
    PERFORM waybill.assert_replayable(v_parent),
        waybill.lock_rejects(ARRAY[p_parent], p_reject_ids);
    INSERT INTO waybill.ingestion_jobs (job_id, dataset, state, kind, filename, effective_order,
        parent_job_id, expires_at)
    VALUES (p_job, v_parent.dataset, 'AWAITING_UPLOAD', 'replay', 'replay.csv',
        waybill.replay_order(v_parent), p_parent, now() + interval '1 hour');
    UPDATE waybill.validation_errors SET replayed_by = p_job
    WHERE job_id = p_parent AND reject_id = ANY (p_reject_ids);
END
$$;
