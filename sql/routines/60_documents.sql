-- Parts of the documents that the API shows; `sql/views` puts them together.

CREATE OR REPLACE FUNCTION waybill.rfc3339(p_time timestamptz) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
RETURN to_char(p_time, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');

CREATE OR REPLACE FUNCTION waybill.waybill_document(p_job waybill.ingestion_jobs) RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT jsonb_strip_nulls(jsonb_build_object('read', p_job.read, 'inserted', p_job.inserted,
        'updated', p_job.updated, 'unchanged', p_job.unchanged, 'superseded', p_job.superseded,
        'filtered', p_job.filtered, 'rejected', p_job.rejected,
        'pending_reference', p_job.pending_reference,
        'erased', nullif(p_job.erased, 0),
        'withdrawn', nullif(p_job.withdrawn, 0),
        'deleted', CASE WHEN p_job.contract ->> 'write_disposition' = 'replace' THEN p_job.deleted END,
        'sha256', p_job.sha256,
        'contract_version', p_job.contract -> 'version',
        'seconds', round(took, 3),
        'records_per_second', CASE WHEN took > 0 THEN round(p_job.read / took) END))
    FROM (SELECT extract(epoch FROM p_job.finished_at - coalesce(p_job.started_at, p_job.landed_at,
        p_job.created_at)) AS took) AS x
);

CREATE OR REPLACE FUNCTION waybill.progress_document(p_job waybill.ingestion_jobs) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT jsonb_build_object('bytes_total', p_job.size_bytes,
        'bytes_read', coalesce(sum(c.byte_to - c.byte_from) FILTER (WHERE c.done), 0),
        'records_read', coalesce(sum(c.read) FILTER (WHERE c.done), 0),
        'chunks_total', p_job.chunks_total,
        'chunks_done', count(*) FILTER (WHERE c.done))
    FROM waybill.chunks AS c WHERE c.job_id = p_job.job_id
);

-- The waybill of a revert; null if the job is not reverted.
CREATE OR REPLACE FUNCTION waybill.revert_document(p_job uuid) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT jsonb_build_object('reverted_at', waybill.rfc3339(r.reverted_at), 'rows', r.taken,
        'removed', r.removed, 'restored', r.restored, 'restamped', r.restamped,
        'reinserted', r.reinserted, 'erased', r.erased, 'withdrawn', r.withdrawn)
    FROM waybill.reverts AS r WHERE r.job_id = p_job
);

-- Why the last request was refused; null if it was not.
CREATE OR REPLACE FUNCTION waybill.revert_refusal(p_job uuid) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
RETURN (SELECT r.refusal FROM waybill.revert_requests AS r WHERE r.job_id = p_job);

-- The archive as the API shows it; null if the job is none, or is not listed.
CREATE OR REPLACE FUNCTION waybill.archive_document(p_job waybill.ingestion_jobs) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
BEGIN ATOMIC
    SELECT jsonb_build_object(
        'format', p_job.archive_format,
        'members', (SELECT count(*) FROM waybill.archive_members AS m
            WHERE m.archive_job_id = p_job.job_id),
        'left_out', p_job.left_out,
        'states', (
            SELECT coalesce(jsonb_object_agg(s.state, s.jobs), '{}')
            FROM (
                SELECT m.state, count(*) AS jobs
                FROM waybill.ingestion_jobs AS m
                WHERE m.archive_job_id = p_job.job_id
                GROUP BY m.state
            ) AS s))
    WHERE p_job.archive_format IS NOT NULL;
END;

-- The first members of an archive and their jobs, in order; no field for any other job. The jobs of
-- all are listed page by page.
CREATE OR REPLACE FUNCTION waybill.members_document(p_job uuid) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
BEGIN ATOMIC
    SELECT coalesce(
        (
            SELECT jsonb_build_object('members', jsonb_agg(jsonb_build_object(
                'position', m.position,
                'name', m.name,
                'size_bytes', m.size_bytes,
                'job_id', m.job_id,
                'state', j.state,
                'read', j.read,
                'rejected', j.rejected) ORDER BY m.position))
            FROM (
                SELECT a.* FROM waybill.archive_members AS a
                WHERE a.archive_job_id = p_job
                ORDER BY a.position
                LIMIT 100
            ) AS m
            LEFT JOIN waybill.ingestion_jobs AS j ON j.job_id = m.job_id
            HAVING count(*) > 0
        ), '{}');
END;
