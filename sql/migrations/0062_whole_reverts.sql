-- Archives are reverted whole, in one transaction, by another routine.
DROP FUNCTION IF EXISTS waybill.revert_member(waybill.ingestion_jobs);
