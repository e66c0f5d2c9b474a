-- A loader sums up the records that it stages, so that a merge need not read all of them for it.

ALTER TABLE waybill.chunks ADD COLUMN summary jsonb;
COMMENT ON COLUMN waybill.chunks.summary IS
    'Keys, partitions and parents of the staged records, until the merge; null if unknown.';

-- As for every new argument or column: the routine is created again, and must not exist twice.
DROP FUNCTION IF EXISTS waybill.finish_chunk;
