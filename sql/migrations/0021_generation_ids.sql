-- Generations have ids. A number comes again when a database is restored or a dataset is registered
-- anew, and a cache may still have entries of the first time.

ALTER TABLE waybill.data_generations
    ADD COLUMN generation_id uuid NOT NULL DEFAULT gen_random_uuid();
COMMENT ON COLUMN waybill.data_generations.generation_id IS
    'Identifies the rows of this generation, also after a restore.';

-- The routine is created again with another type of its result.
DROP FUNCTION IF EXISTS waybill.lease_generation;
