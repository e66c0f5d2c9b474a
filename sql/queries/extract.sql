-- Rows of other databases, for sources of kind `database`. Names and conditions in braces are
-- composed by the function `extract`.

-- name: postgresql_rows()
-- Each row as JSON, as the server itself writes it, with the values that it is ordered by. In order
-- of the key, so that a run continues after the last row that was kept.
SELECT pg_catalog.row_to_json(s.*)::pg_catalog.text, pg_catalog.json_build_array({position})::pg_catalog.text
FROM {source} AS s
WHERE {after}
ORDER BY {key};

-- name: mysql_rows()
-- The same of MySQL and MariaDB.
SELECT s.* FROM {source} AS s WHERE {after} ORDER BY {key};

-- name: mysql_read_only()!
-- Nothing is written.
SET SESSION TRANSACTION READ ONLY;

-- name: mysql_utc()!
-- Moments are in UTC.
SET SESSION time_zone = '+00:00';

-- name: mysql_begin()!
-- One snapshot for the whole read.
START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY;

-- name: mysql_limit()!
-- Milliseconds, of MySQL.
SET SESSION max_execution_time = {milliseconds};

-- name: mariadb_limit()!
-- Seconds, of MariaDB.
SET SESSION max_statement_time = {seconds};
