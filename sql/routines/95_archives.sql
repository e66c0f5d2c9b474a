-- Archives: their members are listed, unpacked as objects of their own, and become jobs.

-- List the members of an archive, once: [{position, name, size_bytes, key}, …]. The job then
-- counts as loading until all of them are unpacked. Returns its state.
CREATE OR REPLACE FUNCTION waybill.register_members(p_job uuid, p_attempt integer, p_format text,
    p_left_out integer, p_members jsonb, p_sha256 text)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_job waybill.ingestion_jobs := waybill.lock_plan(p_job, p_attempt);
BEGIN
    IF v_job.state = 'LANDED' THEN
        UPDATE waybill.ingestion_jobs
        SET state = 'LOADING', archive_format = p_format, left_out = p_left_out,
            sha256 = p_sha256, started_at = clock_timestamp()
        WHERE job_id = p_job RETURNING * INTO v_job;
        INSERT INTO waybill.archive_members
            (archive_job_id, position, name, size_bytes, object_key)
        SELECT p_job, m.position, coalesce(r.name, m.name), m.size_bytes, m.key
        FROM jsonb_to_recordset(p_members)
            AS m (position integer, name text, size_bytes bigint, key text)
        -- A replay of rejects has the name of the member that they are of.
        LEFT JOIN waybill.replayed_members AS r ON r.job_id = p_job AND r.position = m.position
        -- The ids are UUIDv7: in the order of the archive.
        ORDER BY m.position;
    END IF;
    RETURN v_job.state;
END
$$;

-- The members that have no job yet, in order; none once the archive has ended, and null if the job
-- is no archive, or not listed.
CREATE OR REPLACE FUNCTION waybill.members_to_unpack(p_job uuid) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
BEGIN ATOMIC
    SELECT CASE WHEN j.state = 'LOADING' THEN (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
            'position', m.position,
            'name', m.name,
            'key', m.object_key) ORDER BY m.position), '[]')
        FROM waybill.archive_members AS m
        WHERE m.archive_job_id = j.job_id
            AND NOT EXISTS (SELECT FROM waybill.ingestion_jobs AS c WHERE c.job_id = m.job_id))
        ELSE '[]' END
    FROM waybill.ingestion_jobs AS j
    WHERE j.job_id = p_job AND j.archive_format IS NOT NULL;
END;

-- The job of a member whose object has landed, or, without a version, whose content is damaged.
-- It has the place of its archive in the landing order: its key begins with the archive's, and
-- then has its position. Of several versions, which a repeated attempt makes, the first counts.
-- The caller holds the registration lock of the dataset.
CREATE OR REPLACE FUNCTION waybill.register_member(p_bucket text, p_key text, p_version text,
    p_etag text, p_size_bytes bigint)
RETURNS waybill.ingestion_jobs
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_member waybill.archive_members;
    v_archive waybill.ingestion_jobs;
    v_job waybill.ingestion_jobs;
BEGIN
    SELECT m.* INTO v_member
    FROM waybill.archive_members AS m
    JOIN waybill.ingestion_jobs AS a ON a.job_id = m.archive_job_id AND a.bucket = p_bucket
    WHERE m.object_key = p_key
    LIMIT 1;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    SELECT * INTO v_job FROM waybill.ingestion_jobs WHERE job_id = v_member.job_id;
    IF NOT FOUND THEN
        -- Not beside a cancellation of the archive, which ends the members that it finds.
        SELECT * INTO v_archive FROM waybill.ingestion_jobs
        WHERE job_id = v_member.archive_job_id FOR SHARE;
        IF waybill.is_final(v_archive.state) THEN
            v_job := v_archive;
        END IF;
    END IF;
    IF v_job.job_id IS NOT NULL THEN
        -- Nobody reads this version, but an erasure must find it.
        IF p_size_bytes IS NOT NULL
            AND (v_job.object_key, v_job.version_id) <> (p_key, p_version)
        THEN
            INSERT INTO waybill.ignored_objects (dataset, bucket, object_key, version_id, landed_at)
            VALUES (v_job.dataset, p_bucket, p_key, p_version, v_job.landed_at)
            ON CONFLICT DO NOTHING;
        END IF;
        RETURN v_job;
    END IF;
    INSERT INTO waybill.ingestion_jobs (job_id, dataset, state, kind, bucket, object_key,
        version_id, etag, size_bytes, filename, options, landed_at, landing_order,
        archive_job_id, created_by)
    VALUES (v_member.job_id, v_archive.dataset, 'LANDED', v_archive.kind, p_bucket, p_key,
        p_version, p_etag, p_size_bytes, v_member.name, v_archive.options - 'sha256',
        v_archive.landed_at,
        waybill.landing_order(v_archive.dataset, v_archive.landed_at, p_key, p_version),
        v_archive.job_id, v_archive.created_by);
    PERFORM waybill.begin_member_replay(v_member);
    SELECT * INTO v_job FROM waybill.ingestion_jobs WHERE job_id = v_member.job_id;
    RETURN v_job;
END
$$;

-- Fail a member that cannot be unpacked; the others are loaded. Returns its job.
CREATE OR REPLACE FUNCTION waybill.fail_member(p_job uuid, p_position integer, p_problem jsonb)
RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_archive waybill.ingestion_jobs;
    v_member waybill.archive_members;
    v_job waybill.ingestion_jobs;
BEGIN
    SELECT * INTO v_archive FROM waybill.ingestion_jobs WHERE job_id = p_job;
    SELECT * INTO v_member FROM waybill.archive_members
    WHERE archive_job_id = p_job AND position = p_position;
    PERFORM waybill.lock_registration(v_archive.dataset);
    v_job := waybill.register_member(v_archive.bucket, v_member.object_key, '', '', NULL);
    IF v_job.job_id = v_member.job_id THEN
        PERFORM waybill.fail_job(v_job.job_id, p_problem);
    END IF;
    RETURN v_job.job_id;
END
$$;

-- All members are unpacked: from here on the archive waits for their ends, and keeps nobody back.
CREATE OR REPLACE FUNCTION waybill.finish_unpacking(p_job uuid, p_attempt integer)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    PERFORM waybill.lock_plan(p_job, p_attempt);
    UPDATE waybill.ingestion_jobs SET chunks_total = 0, state = 'MERGING'
    WHERE job_id = p_job AND state = 'LOADING';
END
$$;

-- The archive with the counts of its members added up.
CREATE OR REPLACE FUNCTION waybill.with_members(p_job waybill.ingestion_jobs)
RETURNS waybill.ingestion_jobs
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    SELECT coalesce(sum(m.read), 0), coalesce(sum(m.inserted), 0), coalesce(sum(m.updated), 0),
        coalesce(sum(m.unchanged), 0), coalesce(sum(m.superseded), 0),
        coalesce(sum(m.filtered), 0), coalesce(sum(m.rejected), 0),
        coalesce(sum(m.pending_reference), 0), coalesce(sum(m.deleted), 0),
        coalesce(sum(m.erased), 0), coalesce(sum(m.withdrawn), 0)
    INTO p_job.read, p_job.inserted, p_job.updated, p_job.unchanged, p_job.superseded,
        p_job.filtered, p_job.rejected, p_job.pending_reference, p_job.deleted, p_job.erased,
        p_job.withdrawn
    FROM waybill.ingestion_jobs AS m
    WHERE m.archive_job_id = p_job.job_id AND m.read IS NOT NULL;
    RETURN p_job;
END
$$;

-- What the members of an archive that has ended come to, as its document shows it: their counts, and
-- the rejects that remain of them and of their replays.
CREATE OR REPLACE FUNCTION waybill.archive_totals(p_job waybill.ingestion_jobs) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    p_job := waybill.with_members(p_job);
    RETURN jsonb_build_object('waybill', waybill.waybill_document(p_job))
        || CASE WHEN p_job.rejected > 0 AND NOT waybill.is_dry(p_job)
                AND p_job.duplicate_of IS NULL AND p_job.state <> 'REVERTED'
            THEN jsonb_build_object('rejects_remaining', waybill.rejects_remaining(p_job.job_id))
            ELSE '{}' END;
END
$$;

-- What the members that were not loaded say, as the problem of their archive; null if all were.
CREATE OR REPLACE FUNCTION waybill.members_problem(p_job uuid) RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, waybill, pg_temp
BEGIN ATOMIC
    SELECT CASE WHEN count(*) FILTER (WHERE m.state = 'FAILED') > 0 THEN jsonb_build_object(
        'type', 'members-failed',
        'title', 'Members of the archive failed',
        'detail', format('%s of %s members failed: %s.%s',
            count(*) FILTER (WHERE m.state = 'FAILED'),
            count(*),
            (array_to_string((array_agg(quote_literal(left(m.filename, 100)) ORDER BY m.object_key)
                FILTER (WHERE m.state = 'FAILED'))[1:10], ', ')),
            CASE WHEN bool_or(m.state <> 'FAILED') THEN ' The others were loaded.' ELSE '' END))
    END
    FROM waybill.ingestion_jobs AS m
    WHERE m.archive_job_id = p_job;
END;

-- The state of an archive whose members have all ended: the worst of theirs.
CREATE OR REPLACE FUNCTION waybill.state_of_members(p_job uuid) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, waybill, pg_temp
BEGIN ATOMIC
    SELECT m.state
    FROM waybill.ingestion_jobs AS m
    WHERE m.archive_job_id = p_job
    ORDER BY array_position(
        '{FAILED,CANCELLED,COMPLETED_WITH_REJECTS,COMPLETED,DUPLICATE}', m.state)
    LIMIT 1;
END;

-- End an archive whose members have ended; until then it waits for them.
CREATE OR REPLACE FUNCTION waybill.finish_archive(p_job waybill.ingestion_jobs)
RETURNS waybill.merge_result
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_result waybill.merge_result := waybill.empty_result(p_job, 'waiting');
BEGIN
    IF waybill.is_final(p_job.state) THEN
        RETURN waybill.before_merge(p_job);
    END IF;
    v_result.waiting_for := waybill.earlier_open(p_job);
    IF p_job.state <> 'MERGING' OR v_result.waiting_for <> '{}' THEN
        RETURN v_result;
    END IF;
    UPDATE waybill.ingestion_jobs AS j
    SET state = waybill.state_of_members(p_job.job_id),
        error = waybill.members_problem(p_job.job_id),
        -- The counts stay with the members, whose pending records may still be taken in.
        read = 0,
        stamped = true,
        finished_at = clock_timestamp()
    WHERE j.job_id = p_job.job_id
    RETURNING * INTO p_job;
    PERFORM waybill.emit_job_finished(p_job.job_id, p_job.dataset, p_job.state);
    RETURN waybill.result_of(p_job.job_id, 'merged');
END
$$;

-- Cancel the members of an archive that have not ended; the others stay as they are.
CREATE OR REPLACE FUNCTION waybill.cancel_members(p_job uuid) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    PERFORM waybill.cancel_job(m.job_id)
    FROM waybill.ingestion_jobs AS m
    WHERE m.archive_job_id = p_job AND NOT waybill.is_final(m.state)
    ORDER BY m.object_key;
END
$$;
