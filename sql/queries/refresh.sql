-- name: bound_time(milliseconds)$
-- A refresh that hangs must end before its Lambda does, and release its locks.
SELECT set_config('statement_timeout', :milliseconds::text, false);
