-- name: bound_time(milliseconds)$
-- A refresh that hangs must end before its Lambda does, and give its locks back.
SELECT set_config('statement_timeout', :milliseconds::text, false);
