-- When a job last took in pending records; an attempt that found no parent leaves it as it is.
ALTER TABLE waybill.ingestion_jobs ADD COLUMN resolved_at timestamptz;
COMMENT ON COLUMN waybill.ingestion_jobs.resolved_at IS
    'When pending records of it last came into the table.';
