-- Corrected rejects come back as a file of their own that counts at the place of the file that
-- they were in: what has changed since by a later file stays.

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
    INSERT INTO waybill.ingestion_jobs (job_id, dataset, state, kind, filename, applies_at,
        parent_job_id, expires_at)
    VALUES (p_job, parent.dataset, 'AWAITING_UPLOAD', 'replay', 'replay.csv',
        coalesce(parent.applies_at, parent.landed_seq), p_parent, now() + interval '1 hour');
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
    )
    SELECT count(*) FROM family AS f
    JOIN waybill.validation_errors AS v ON v.job_id = f.job_id
    WHERE v.replayed_by IS NULL;
END;

GRANT EXECUTE ON FUNCTION waybill.register_replay(uuid, uuid, uuid[]),
    waybill.rejects_remaining(uuid) TO waybill_api;
