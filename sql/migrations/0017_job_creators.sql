-- Who made a job: the subject of the token. Null for objects that were put into the bucket directly.
-- The session says for whom it acts, so that every way to make a job records it.
ALTER TABLE waybill.ingestion_jobs ADD COLUMN created_by text
    DEFAULT nullif(current_setting('waybill.principal', true), '');
COMMENT ON COLUMN waybill.ingestion_jobs.created_by IS
    'Subject of the token that made the job; a loader may cancel and replay only its own jobs.';
