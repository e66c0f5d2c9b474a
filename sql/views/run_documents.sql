-- Runs of jobs as the API shows them.
CREATE OR REPLACE VIEW waybill.run_documents AS
SELECT r.job_id, r.run_id, jsonb_strip_nulls(jsonb_build_object('attempt', r.attempt,
    'step', r.step, 'chunk', r.chunk, 'started_at', waybill.rfc3339(r.started_at),
    'finished_at', waybill.rfc3339(r.finished_at), 'outcome', r.outcome,
    'error', r.error)) AS document
FROM waybill.job_runs AS r;
