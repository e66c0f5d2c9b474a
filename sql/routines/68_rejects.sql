-- Rejects as the API reads them.

-- A page of rejects, by line, cut where its raw text passes `p_bytes`: a record may have 16 MB
-- and a function's response 6. The sum needs the lengths only, so nothing large is read for it.
-- Rejects that were corrected and loaded are left out, so that a page can be replayed as it is.
-- `found` counts the page before the cut. `p_masked`: without personal values, and without the
-- text of a record that has some.
CREATE OR REPLACE FUNCTION waybill.list_rejects(p_job uuid, p_line bigint, p_reject_id uuid,
    p_limit integer, p_bytes bigint, p_masked boolean)
RETURNS TABLE (reject_id uuid, line bigint, raw bytea, "values" jsonb, errors jsonb, found bigint)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT cut.reject_id, cut.line,
        CASE WHEN p.columns <> '{}' THEN convert_to(waybill.mask(), 'UTF8') ELSE cut.raw END,
        waybill.masked(cut.values, p.columns),
        cut.errors,
        cut.found
    FROM (
        SELECT page.*, count(*) OVER () AS found,
            sum(octet_length(page.raw)) OVER (ORDER BY page.line, page.reject_id)
                - octet_length(page.raw) AS earlier
        FROM (
            SELECT v.reject_id, v.line, v.raw, v.values, v.errors
            FROM waybill.validation_errors AS v
            WHERE v.job_id = p_job AND v.replayed_by IS NULL
                AND (p_line IS NULL OR (v.line, v.reject_id) > (p_line, p_reject_id))
            ORDER BY v.line, v.reject_id
            LIMIT p_limit
        ) AS page
    ) AS cut
    CROSS JOIN (
        SELECT CASE WHEN p_masked THEN waybill.personal_columns_of(
            (SELECT j.dataset FROM waybill.ingestion_jobs AS j WHERE j.job_id = p_job))
            ELSE '{}' END AS columns
    ) AS p
    WHERE cut.earlier < p_bytes
    ORDER BY cut.line, cut.reject_id;
END;

-- The same of all members of an archive, by member and line. The members are read in their order,
-- so a page costs what it has, and not what the archive has. `found` of the last row is more than the
-- rows where others may follow. Those of a member that was taken back are left out, unless all were:
-- nobody can replay them, and what is listed is replayed by one request.
CREATE OR REPLACE FUNCTION waybill.list_member_rejects(p_archive uuid, p_position integer,
    p_line bigint, p_reject_id uuid, p_limit integer, p_bytes bigint, p_masked boolean)
RETURNS TABLE (job_id uuid, "position" integer, member text, reject_id uuid, line bigint,
    raw bytea, "values" jsonb, errors jsonb, found bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_is_reverted CONSTANT boolean := (
        SELECT j.state = 'REVERTED' FROM waybill.ingestion_jobs AS j WHERE j.job_id = p_archive);
    v_member waybill.archive_members;
    v_reject record;
    v_before integer;
    v_found bigint;
    v_rows integer := 0;
    v_bytes bigint := 0;
BEGIN
    FOR v_member IN
        SELECT m.* FROM waybill.archive_members AS m
        WHERE m.archive_job_id = p_archive AND m.position >= coalesce(p_position, 0)
            AND EXISTS (SELECT FROM waybill.validation_errors AS v
                WHERE v.job_id = m.job_id AND v.replayed_by IS NULL)
            AND (v_is_reverted OR EXISTS (SELECT FROM waybill.ingestion_jobs AS j
                WHERE j.job_id = m.job_id AND j.state <> 'REVERTED'))
        ORDER BY m.position
    LOOP
        v_before := v_rows;
        FOR v_reject IN
            SELECT r.* FROM waybill.list_rejects(v_member.job_id,
                CASE WHEN v_member.position = p_position THEN p_line END, p_reject_id,
                p_limit - v_rows, p_bytes - v_bytes, p_masked) AS r
        LOOP
            v_rows := v_rows + 1;
            v_bytes := v_bytes + octet_length(v_reject.raw);
            v_found := v_before + v_reject.found + (v_bytes >= p_bytes)::integer;
            RETURN QUERY SELECT v_member.job_id, v_member.position, v_member.name,
                v_reject.reject_id, v_reject.line, v_reject.raw, v_reject.values,
                v_reject.errors, v_found;
        END LOOP;
        EXIT WHEN v_rows >= p_limit OR v_found > v_rows;
    END LOOP;
END
$$;

-- The values of the rejects that a replay corrects, for what it leaves out; those that were
-- replayed already are not among them.
CREATE OR REPLACE FUNCTION waybill.rejects_of(p_job uuid, p_reject_ids uuid[])
RETURNS TABLE (reject_id uuid, "values" jsonb)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT v.reject_id, v.values
    FROM waybill.validation_errors AS v
    WHERE v.job_id = p_job AND v.replayed_by IS NULL AND v.reject_id = ANY (p_reject_ids);
END;
