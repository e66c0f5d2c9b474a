-- name: limit_time(job_id)$
-- A merge outlives the function that called it, but not the time that its records can take.
SELECT set_config('statement_timeout', waybill.merge_time_limit(:job_id)::text, false);

-- name: merge_job(job_id)$
-- One call, one transaction: staging table to table, with the waybill.
SELECT to_jsonb(r) FROM waybill.merge_job(:job_id) AS r;

-- name: resolve_pending(job_id)$
-- Takes in pending records whose parents have come.
SELECT to_jsonb(r) FROM waybill.resolve_pending(:job_id) AS r;

-- name: fail_job(job_id, problem)$
-- The database refuses the file as a whole; the reason stays with the job.
SELECT waybill.fail_job(:job_id, :problem);
