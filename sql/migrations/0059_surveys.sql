-- The ranges of a large text are surveyed by their loaders, each on its own, instead of one process
-- that reads all of it to find where records begin.

ALTER TABLE waybill.chunks
    ALTER COLUMN first_line DROP NOT NULL,
    ADD COLUMN start_line bigint,
    ADD COLUMN surveys jsonb,
    ADD COLUMN settled_by integer;
COMMENT ON COLUMN waybill.chunks.first_line IS
    'Physical line at byte_from; null while it is a range, not known to begin and end where records do.';
COMMENT ON COLUMN waybill.chunks.start_line IS
    'Of a range that is known to begin where a record does: the physical line.';
COMMENT ON COLUMN waybill.chunks.surveys IS
    'For each place where its first record may begin: start, end, lines. Null before and after.';
COMMENT ON COLUMN waybill.chunks.settled_by IS
    'The chunk whose survey settled this one after its message had come; it is sent again.';

-- As for every new argument or column: the routine is created again, and must not exist twice.
DROP FUNCTION IF EXISTS waybill.claim_chunk;
