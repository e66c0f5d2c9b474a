-- name: bound_time(milliseconds)$
-- A refresh that hangs must end before its Lambda does, and give its locks back.
SELECT set_config('statement_timeout', :milliseconds::text, false);

-- name: stale_views()
-- What is stale, longest waiting first.
SELECT dataset, part FROM waybill.stale_views();

-- name: refresh_part(dataset, part)$
-- One part per statement, in autocommit: its locks go with it, whatever comes after.
SELECT waybill.refresh_part(:dataset, :part);

-- name: settled_jobs(jobs)
-- The jobs about which nothing is left to do, so that their marks may go.
SELECT job FROM waybill.settled_jobs(:jobs) AS settled (job);

-- name: premake_partitions()$
-- The first file of a new year then needs no new partition.
SELECT waybill.premake_partitions();
