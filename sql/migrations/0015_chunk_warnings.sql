-- Warnings that the loaders of a job find.

ALTER TABLE waybill.chunks ADD COLUMN warnings text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN waybill.chunks.warnings IS 'About its records, for the user.';

-- As for every new argument: the routine is created again, and must not exist twice.
DROP FUNCTION IF EXISTS waybill.finish_chunk;
