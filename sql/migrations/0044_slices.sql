-- A compressed or UTF-16 object may outlast one run of its loader: it is staged in slices.

ALTER TABLE waybill.chunks ADD COLUMN text_from bigint, ADD COLUMN text_to bigint;
COMMENT ON COLUMN waybill.chunks.text_from IS
    'First byte of the object''s text that is this slice''s; null for the beginning.';
COMMENT ON COLUMN waybill.chunks.text_to IS
    'End of the slice in the object''s text, where the next one begins; null for the last.';

-- As for every new argument or column: the routine is created again, and must not exist twice.
DROP FUNCTION IF EXISTS waybill.claim_chunk;
DROP FUNCTION IF EXISTS waybill.finish_chunk;
