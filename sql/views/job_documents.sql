-- Jobs as the API shows them.
CREATE OR REPLACE VIEW waybill.job_documents AS
SELECT j.job_id, j.dataset, CASE WHEN j.reverting THEN 'REVERTING' ELSE j.state END AS state,
    j.created_at, j.rejected, jsonb_build_object('job_id', j.job_id, 'dataset', j.dataset,
        'state', CASE WHEN j.reverting THEN 'REVERTING' ELSE j.state END,
        'source', jsonb_build_object('kind', j.kind, 'bucket', j.bucket, 'key', j.object_key,
            'version_id', nullif(j.version_id, ''), 'etag', j.etag,
            'size_bytes', j.size_bytes, 'filename', j.filename),
        'progress', waybill.progress_document(j),
        'attempts', (SELECT coalesce(max(r.attempt), 0) FROM waybill.job_runs AS r
            WHERE r.job_id = j.job_id))
    || CASE WHEN j.archive_format IS NOT NULL AND waybill.is_final(j.state)
        THEN waybill.archive_totals(j) ELSE '{}' END
    || jsonb_strip_nulls(jsonb_build_object(
        'waybill', CASE WHEN j.read IS NOT NULL
                AND (j.archive_format IS NULL OR NOT waybill.is_final(j.state))
            THEN waybill.waybill_document(j) END,
        'archive', CASE WHEN j.archive_format IS NOT NULL THEN waybill.archive_document(j) END,
        'archive_job_id', j.archive_job_id,
        'dry_run', CASE WHEN waybill.is_dry(j) THEN true END,
        'warnings', nullif(j.layout -> 'warnings', '[]'),
        'drift', nullif(j.layout -> 'drift', '[]'),
        'rejects_remaining', CASE WHEN j.rejected > 0
                AND (j.archive_format IS NULL OR NOT waybill.is_final(j.state))
                AND NOT waybill.is_dry(j)
                AND j.duplicate_of IS NULL AND j.state <> 'REVERTED'
            THEN waybill.rejects_remaining(j.job_id) END,
        'revert', CASE WHEN j.state = 'REVERTED' THEN waybill.revert_document(j.job_id) END,
        'revert_error', CASE WHEN waybill.is_loaded(j.state) OR j.archive_format IS NOT NULL
            THEN waybill.revert_refusal(j.job_id) END,
        'error', j.error, 'duplicate_of', j.duplicate_of, 'parent_job_id', j.parent_job_id,
        'created_at', waybill.rfc3339(j.created_at), 'landed_at', waybill.rfc3339(j.landed_at),
        'object_erased_at', waybill.rfc3339(j.object_erased_at),
        'expires_at', CASE WHEN j.state IN ('AWAITING_UPLOAD', 'EXPIRED')
            THEN waybill.rfc3339(j.expires_at) END,
        'started_at', waybill.rfc3339(j.started_at),
        'finished_at', waybill.rfc3339(j.finished_at))) AS document,
    j.created_by, j.archive_job_id, j.archive_format IS NOT NULL AS is_archive, j.filename
FROM waybill.ingestion_jobs AS j;
