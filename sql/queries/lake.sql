-- Rows of a partition that is archived.

-- name: lines(partition_id, begin, end)
SELECT l.line, l.hash
FROM waybill.archived_lines(p_partition => :partition_id, p_from => :begin, p_to => :end) AS l;

-- name: bound_time(milliseconds)$
-- Comparing all rows of a partition takes longer than other statements of the role.
SELECT set_config('statement_timeout', :milliseconds::text, false);
