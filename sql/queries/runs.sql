-- name: start_run(job_id, step, chunk)$
-- One row per attempt of a step at a job, written before anything is tried.
SELECT waybill.start_run(:job_id, :step, :chunk);

-- name: end_run(run_id, outcome, problem)$
-- How the attempt ended. One that was killed stays without an end, which says so.
SELECT waybill.end_run(:run_id, :outcome, :problem);
