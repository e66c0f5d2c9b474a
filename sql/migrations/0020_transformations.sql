-- Rules that change the records of a dataset, and the records that they leave out.

ALTER TABLE waybill.datasets
    ADD COLUMN transformation jsonb NOT NULL DEFAULT '{}';
COMMENT ON COLUMN waybill.datasets.transformation IS
    'Rules for the records of every file and batch: {"lower": ["email"]}.';

ALTER TABLE waybill.chunks ADD COLUMN filtered bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN waybill.chunks.filtered IS 'Records that a filter of the dataset left out.';
-- The waybill has counted filtered records from the beginning; now each chunk balances, too.
ALTER TABLE waybill.chunks ADD CONSTRAINT chunk_balances
    CHECK (NOT done OR read = staged + rejected + filtered) NOT VALID;

ALTER TYPE waybill.merge_counts ADD ATTRIBUTE filtered bigint;

-- Created again by their files, with other parameters.
DROP FUNCTION IF EXISTS waybill.register_dataset;
DROP FUNCTION IF EXISTS waybill.finish_chunk;
DROP FUNCTION IF EXISTS waybill.merge_batch;
