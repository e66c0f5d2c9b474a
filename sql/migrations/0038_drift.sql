-- What becomes of columns in files that the table lacks, and what files differed in.

ALTER TABLE waybill.datasets
    ADD COLUMN drift text NOT NULL DEFAULT 'refuse'
        CHECK (drift IN ('refuse', 'ignore', 'rescue')),
    ADD COLUMN rescued text;
COMMENT ON COLUMN waybill.datasets.drift IS
    'What becomes of columns in files that the table lacks.';
COMMENT ON COLUMN waybill.datasets.rescued IS 'Column of type jsonb that keeps them.';

ALTER TABLE waybill.chunks ADD COLUMN drift jsonb;
COMMENT ON COLUMN waybill.chunks.drift IS
    'How its records differ from the table; null if the header tells it, or there are none.';

-- As for every new argument: the routines are created again, and must not exist twice.
DROP FUNCTION IF EXISTS waybill.register_dataset;
DROP FUNCTION IF EXISTS waybill.finish_chunk;
DROP FUNCTION IF EXISTS waybill.merge_batch;
DROP FUNCTION IF EXISTS waybill.register_batch;
