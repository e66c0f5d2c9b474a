-- Runs of jobs as the API shows them; the end and the outcome of a run that goes on are null.
CREATE OR REPLACE VIEW waybill.run_documents AS
SELECT r.job_id, r.run_id, jsonb_build_object('attempt', r.attempt, 'step', r.step,
    'started_at', waybill.rfc3339(r.started_at), 'finished_at', waybill.rfc3339(r.finished_at),
    'outcome', r.outcome)
    || jsonb_strip_nulls(jsonb_build_object('chunk', r.chunk, 'error', r.error)) AS document
FROM waybill.job_runs AS r;
