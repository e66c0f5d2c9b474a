-- Data sources as the API shows them. The outcome of the last run counts before it is settled.
CREATE OR REPLACE VIEW waybill.source_documents AS
SELECT s.source_id, s.name, jsonb_strip_nulls(jsonb_build_object('id', s.source_id,
    'name', s.name, 'kind', s.kind, 'connection', s.connection, 'dataset', s.dataset,
    'schedule', s.schedule, 'transformation', s.transformation, 'cursor', seen.cursor,
    'retry', s.retry, 'notify', s.notify, 'late_after_seconds', s.late_after_seconds,
    'declared_in', 'sql/' || s.declared_in, 'last_job_id', last.job_id,
    'created_at', waybill.rfc3339(s.created_at), 'updated_at', waybill.rfc3339(s.updated_at)))
    || jsonb_build_object('freshness', jsonb_build_object(
        'last_success_at', waybill.rfc3339(seen.success_at),
        'lag_seconds', round(extract(epoch FROM clock_timestamp() - seen.success_at)),
        'is_late', coalesce(extract(epoch FROM clock_timestamp()
            - coalesce(seen.success_at, s.created_at)) > s.late_after_seconds, false)))
    AS document
FROM waybill.data_sources AS s
LEFT JOIN LATERAL (
    SELECT r.job_id FROM waybill.source_runs AS r
    WHERE r.source_id = s.source_id ORDER BY r.job_id DESC LIMIT 1
) AS last ON true
LEFT JOIN waybill.ingestion_jobs AS j
    ON j.job_id = s.last_job
        AND j.state IN ('COMPLETED', 'COMPLETED_WITH_REJECTS', 'DUPLICATE')
LEFT JOIN waybill.source_runs AS r ON r.job_id = j.job_id
CROSS JOIN LATERAL (
    SELECT coalesce(r.cursor_to, s.cursor) AS cursor,
        coalesce(j.created_at, s.last_success_at) AS success_at
) AS seen;
