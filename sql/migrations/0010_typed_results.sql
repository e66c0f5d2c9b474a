-- A merge returns typed results, and names of the ledger are those of the documentation.

ALTER TABLE waybill.ingestion_jobs RENAME COLUMN landed_seq TO landing_order;
COMMENT ON COLUMN waybill.ingestion_jobs.effective_order IS
    'Landing order at which its records count, where it is not landing_order: a replay counts'
    ' right after the file that it corrects.';

-- waiting_for: jobs that must end first; none when the job waits for its own plan.
-- restamping: later jobs whose chunks are staged again before this one may merge.
ALTER TYPE waybill.merge_result
    DROP ATTRIBUTE waiting_for,
    DROP ATTRIBUTE reload,
    ADD ATTRIBUTE waiting_for uuid[],
    ADD ATTRIBUTE restamping uuid[];

-- Created again by their files, with other parameter names.
DROP VIEW IF EXISTS waybill.job_documents, waybill.run_documents, waybill.pending_documents;
DROP FUNCTION IF EXISTS waybill.waybill_document, waybill.progress_document, waybill.request_restamps;
