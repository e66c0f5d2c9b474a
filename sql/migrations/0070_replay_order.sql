-- The places of a dataset's replays, without a look at its other jobs: an archive may have a
-- thousand members whose rejects are replayed at once.
CREATE INDEX ingestion_jobs_replays ON waybill.ingestion_jobs (dataset, effective_order)
    WHERE effective_order IS NOT NULL;
