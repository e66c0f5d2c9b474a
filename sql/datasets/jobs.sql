-- Jobs that people are hired for (not to be confused with ingestion jobs).
CREATE TABLE jobs (
    id integer PRIMARY KEY,
    job text NOT NULL
);
COMMENT ON TABLE jobs IS 'Jobs that people are hired for.';
COMMENT ON COLUMN jobs.id IS 'Number of the job.';
COMMENT ON COLUMN jobs.job IS 'Name of the job.';

SELECT waybill.register_dataset(
    'jobs',
    aliases => '{"id_job": "id", "job_id": "id", "name": "job"}'
);
