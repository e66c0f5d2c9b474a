-- name: create_extension#
-- Counts calls and time of each statement; the server loads its library at the start. What others
-- ran is shown to readers of all statistics only.
CREATE SCHEMA IF NOT EXISTS extensions;
CREATE EXTENSION IF NOT EXISTS pg_stat_statements WITH SCHEMA extensions;
GRANT USAGE ON SCHEMA extensions TO PUBLIC;
-- name: grant_statistics#
-- Otherwise the owner's routines would see the statements of their own role only.
GRANT pg_read_all_stats TO waybill_owner;
