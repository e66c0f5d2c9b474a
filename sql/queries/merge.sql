-- name: limit_time(job_id)$
-- A merge outlives the function that called it, but not the time that its records can take.
SELECT set_config('statement_timeout', waybill.merge_time_limit(:job_id)::text, false);
