-- Jobs, runs and pending records as the API shows them.

CREATE OR REPLACE FUNCTION waybill.rfc3339(p_time timestamptz) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
RETURN to_char(p_time, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');

CREATE OR REPLACE FUNCTION waybill.waybill_document(j waybill.ingestion_jobs) RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT jsonb_strip_nulls(jsonb_build_object('read', j.read, 'inserted', j.inserted,
        'updated', j.updated, 'unchanged', j.unchanged, 'superseded', j.superseded,
        'filtered', j.filtered, 'rejected', j.rejected,
        'pending_reference', j.pending_reference,
        'deleted', CASE WHEN j.contract ->> 'write_disposition' = 'replace' THEN j.deleted END,
        'sha256', j.sha256,
        'contract_version', j.contract -> 'version',
        'seconds', round(took, 3),
        'records_per_second', CASE WHEN took > 0 THEN round(j.read / took) END))
    FROM (SELECT extract(epoch FROM j.finished_at - coalesce(j.started_at, j.landed_at,
        j.created_at)) AS took) AS x
);

CREATE OR REPLACE FUNCTION waybill.progress_document(j waybill.ingestion_jobs) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT jsonb_build_object('bytes_total', j.size_bytes,
        'bytes_read', coalesce(sum(c.byte_to - c.byte_from) FILTER (WHERE c.done), 0),
        'records_read', coalesce(sum(c.read) FILTER (WHERE c.done), 0),
        'chunks_total', j.chunks_total,
        'chunks_done', count(*) FILTER (WHERE c.done))
    FROM waybill.chunks AS c WHERE c.job_id = j.job_id
);

CREATE OR REPLACE VIEW waybill.job_documents AS
SELECT j.job_id, j.dataset, j.state, j.created_at, j.rejected, jsonb_build_object(
        'job_id', j.job_id, 'dataset', j.dataset, 'state', j.state,
        'source', jsonb_build_object('kind', j.kind, 'bucket', j.bucket, 'key', j.object_key,
            'version_id', nullif(j.version_id, ''), 'etag', j.etag,
            'size_bytes', j.size_bytes, 'filename', j.filename),
        'progress', waybill.progress_document(j),
        'attempts', (SELECT coalesce(max(r.attempt), 0) FROM waybill.job_runs AS r
            WHERE r.job_id = j.job_id))
    || jsonb_strip_nulls(jsonb_build_object(
        'waybill', CASE WHEN j.read IS NOT NULL THEN waybill.waybill_document(j) END,
        'dry_run', CASE WHEN waybill.is_dry(j) THEN true END,
        'warnings', nullif(j.layout -> 'warnings', '[]'),
        'rejects_remaining', CASE WHEN j.rejected > 0 AND NOT waybill.is_dry(j)
            THEN waybill.rejects_remaining(j.job_id) END,
        'error', j.error, 'duplicate_of', j.duplicate_of, 'parent_job_id', j.parent_job_id,
        'created_at', waybill.rfc3339(j.created_at), 'landed_at', waybill.rfc3339(j.landed_at),
        'expires_at', CASE WHEN j.state IN ('AWAITING_UPLOAD', 'EXPIRED')
            THEN waybill.rfc3339(j.expires_at) END,
        'started_at', waybill.rfc3339(j.started_at),
        'finished_at', waybill.rfc3339(j.finished_at))) AS document
FROM waybill.ingestion_jobs AS j;

CREATE OR REPLACE VIEW waybill.run_documents AS
SELECT r.job_id, r.run_id, jsonb_strip_nulls(jsonb_build_object('attempt', r.attempt,
    'step', r.step, 'chunk', r.chunk, 'started_at', waybill.rfc3339(r.started_at),
    'finished_at', waybill.rfc3339(r.finished_at), 'outcome', r.outcome,
    'error', r.error)) AS document
FROM waybill.job_runs AS r;

CREATE OR REPLACE VIEW waybill.pending_documents AS
SELECT p.job_id, p.line, jsonb_build_object('line', p.line, 'values', p.record,
    'errors', jsonb_build_array(jsonb_build_object('column', p.missing -> 'columns' -> 0,
        'code', 'unknown_reference',
        'message', coalesce(p.missing ->> 'message',
            format('has no parent in %s yet', p.missing ->> 'table'))))) AS document
FROM waybill.pending_references AS p;

GRANT SELECT ON waybill.job_documents, waybill.run_documents, waybill.pending_documents
    TO waybill_api;
-- A view's tables are read as its owner, but its functions run as whoever asks.
GRANT EXECUTE ON FUNCTION waybill.is_dry(waybill.ingestion_jobs),
    waybill.rfc3339(timestamptz),
    waybill.waybill_document(waybill.ingestion_jobs),
    waybill.progress_document(waybill.ingestion_jobs)
    TO waybill_api;
