-- Replays of an archive's rejects: an archive itself, with a replay for each of the members that
-- had them, each at the place of its member. So what a later member changed stays.

-- Rejects of a file, or of an archive's members, that are neither loaded nor being loaded: their own
-- that were not replayed, and those of their replays.
CREATE OR REPLACE FUNCTION waybill.rejects_remaining(p_job uuid) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
BEGIN ATOMIC
    WITH RECURSIVE family (job_id, is_archive) AS (
        SELECT a.job_id, a.archive_format IS NOT NULL
        FROM waybill.ingestion_jobs AS a WHERE a.job_id = p_job
        -- A replay of a member's rejects may be found as such, and as a member of a replay.
        UNION
        SELECT j.job_id, j.is_archive
        FROM family AS f
        CROSS JOIN LATERAL (
            SELECT r.job_id, r.archive_format IS NOT NULL AS is_archive, r.state
            FROM waybill.ingestion_jobs AS r
            WHERE r.parent_job_id = f.job_id
            UNION ALL
            -- Only an archive has members: for each of ten thousand all would be looked at.
            SELECT m.job_id, m.archive_format IS NOT NULL, m.state
            FROM waybill.ingestion_jobs AS m
            WHERE f.is_archive AND m.archive_job_id = f.job_id
        ) AS j
        -- The rejects of one that was not loaded remain where they were.
        WHERE j.state NOT IN ('FAILED', 'CANCELLED', 'EXPIRED', 'REVERTED')
    )
    SELECT coalesce(sum(r.remaining), 0)::bigint
    FROM family AS f
    CROSS JOIN LATERAL (
        SELECT count(*) AS remaining FROM waybill.validation_errors AS v
        WHERE v.job_id = f.job_id AND v.replayed_by IS NULL
    ) AS r;
END;

-- The rejects of members that a replay of their archive corrects, by the place of the member in it;
-- those that were replayed already are not among them.
CREATE OR REPLACE FUNCTION waybill.rejects_of_members(p_archive uuid, p_reject_ids uuid[])
RETURNS TABLE (reject_id uuid, "values" jsonb, job_id uuid, "position" integer)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT v.reject_id, v.values, m.job_id, m.position
    FROM waybill.archive_members AS m
    JOIN waybill.validation_errors AS v ON v.job_id = m.job_id
    WHERE m.archive_job_id = p_archive AND v.replayed_by IS NULL
        AND v.reject_id = ANY (p_reject_ids);
END;

-- Register the job of an archive's replay. `p_members`: the jobs of the members whose rejects it has,
-- in the order that their replays have in it.
CREATE OR REPLACE FUNCTION waybill.register_archive_replay(p_archive uuid, p_job uuid,
    p_members uuid[], p_reject_ids uuid[])
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
SET lock_timeout = '3s'
AS $$
DECLARE
    v_archive waybill.ingestion_jobs;
    v_member waybill.ingestion_jobs;
    v_members uuid[] := '{}';
BEGIN
    -- Shared, so that neither it nor a member is reverted before this replay can be seen.
    SELECT * INTO v_archive FROM waybill.ingestion_jobs WHERE job_id = p_archive FOR SHARE;
    PERFORM waybill.assert_replayable(v_archive);
    FOR v_member IN
        SELECT j.* FROM waybill.ingestion_jobs AS j
        WHERE j.job_id = ANY (p_members) AND j.archive_job_id = p_archive
        ORDER BY j.job_id
        FOR SHARE
    LOOP
        PERFORM waybill.assert_replayable(v_member);
        v_members := v_members || v_member.job_id;
    END LOOP;
    PERFORM waybill.lock_rejects(v_members, p_reject_ids);
    INSERT INTO waybill.ingestion_jobs (job_id, dataset, state, kind, filename, parent_job_id,
        expires_at)
    VALUES (p_job, v_archive.dataset, 'AWAITING_UPLOAD', 'replay', 'replay.zip', p_archive,
        now() + interval '1 hour');
    INSERT INTO waybill.replayed_members
    SELECT p_job, m.position, j.job_id, a.name, waybill.replay_order(j)
    FROM unnest(p_members) WITH ORDINALITY AS m (job_id, position)
    JOIN waybill.ingestion_jobs AS j USING (job_id)
    JOIN waybill.archive_members AS a USING (job_id)
    WHERE j.job_id = ANY (v_members);
    UPDATE waybill.validation_errors SET replayed_by = p_job
    WHERE job_id = ANY (v_members) AND reject_id = ANY (p_reject_ids);
END
$$;

-- Make a member of an archive of replays, which has become a job, the replay of the member whose
-- rejects it has. Any other member stays as it is.
CREATE OR REPLACE FUNCTION waybill.begin_member_replay(p_member waybill.archive_members)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_replayed waybill.replayed_members;
BEGIN
    SELECT * INTO v_replayed FROM waybill.replayed_members AS r
    WHERE r.job_id = p_member.archive_job_id AND r.position = p_member.position;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    UPDATE waybill.ingestion_jobs
    SET parent_job_id = v_replayed.member_job_id, effective_order = v_replayed.effective_order
    WHERE job_id = p_member.job_id;
    -- They remain by themselves if this one is not loaded.
    UPDATE waybill.validation_errors SET replayed_by = p_member.job_id
    WHERE job_id = v_replayed.member_job_id AND replayed_by = p_member.archive_job_id;
END
$$;
