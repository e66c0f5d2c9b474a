-- A run keeps name and rules of its source as they were when it began: the source may be changed or
-- deleted before what was pulled is planned, or its rejects are replayed.

ALTER TABLE waybill.source_runs ADD COLUMN name text COLLATE "C", ADD COLUMN transformation jsonb;
UPDATE waybill.source_runs AS r
SET name = s.name, transformation = s.transformation
FROM waybill.data_sources AS s
WHERE s.source_id = r.source_id;
COMMENT ON COLUMN waybill.source_runs.transformation IS 'The rules of the source when the run began.';
CREATE INDEX source_runs_name ON waybill.source_runs (name, job_id);
