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
