-- Archives: a job that has the members of its object as jobs of their own.

ALTER TABLE waybill.ingestion_jobs
    ADD COLUMN archive_format text,
    ADD COLUMN left_out integer CHECK (left_out >= 0),
    ADD COLUMN archive_job_id uuid REFERENCES waybill.ingestion_jobs ON DELETE CASCADE;
COMMENT ON COLUMN waybill.ingestion_jobs.archive_format IS
    'Of an archive, once its members are listed.';
COMMENT ON COLUMN waybill.ingestion_jobs.left_out IS
    'Entries of an archive that are not loaded: folders, links, files of the system.';
COMMENT ON COLUMN waybill.ingestion_jobs.archive_job_id IS
    'The job of the archive that the object was in.';
CREATE INDEX ingestion_jobs_members ON waybill.ingestion_jobs (archive_job_id)
    WHERE archive_job_id IS NOT NULL;

CREATE TABLE waybill.archive_members (
    archive_job_id uuid NOT NULL REFERENCES waybill.ingestion_jobs ON DELETE CASCADE,
    position integer NOT NULL CHECK (position >= 1),
    name text NOT NULL,
    size_bytes bigint NOT NULL,
    job_id uuid NOT NULL UNIQUE DEFAULT uuidv7(),
    object_key text COLLATE "C" NOT NULL,
    PRIMARY KEY (archive_job_id, position)
);
COMMENT ON TABLE waybill.archive_members IS
    'The members of archives, listed before the first of them is unpacked.';
COMMENT ON COLUMN waybill.archive_members.job_id IS 'The member''s job, also before it exists.';
CREATE INDEX archive_members_key ON waybill.archive_members (object_key);

-- As for every new column of the result: the routine is created again.
DROP FUNCTION IF EXISTS waybill.register_object;
