-- Objects that expire because a person of their dataset was erased.

ALTER TABLE waybill.ingestion_jobs
    ADD COLUMN object_erased_at timestamptz,
    ADD COLUMN object_gone boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN waybill.ingestion_jobs.object_erased_at IS
    'When the object was marked to expire, since a person of the dataset was erased.';
COMMENT ON COLUMN waybill.ingestion_jobs.object_gone IS
    'Whether that object was missing when it was to be staged again.';

-- Finds the next objects to mark without reading the jobs whose objects are marked.
CREATE INDEX ingestion_jobs_object_kept ON waybill.ingestion_jobs (dataset, landed_at)
    WHERE object_key IS NOT NULL AND object_erased_at IS NULL;
CREATE INDEX erasures_newest ON waybill.erasures (dataset, erased_at);

CREATE TABLE waybill.ignored_objects (
    object_id uuid PRIMARY KEY DEFAULT uuidv7(),
    dataset text NOT NULL,
    bucket text NOT NULL,
    object_key text NOT NULL,
    version_id text NOT NULL,
    landed_at timestamptz NOT NULL,
    UNIQUE (bucket, object_key, version_id)
);
COMMENT ON TABLE waybill.ignored_objects IS
    'Objects that arrived after their job had been cancelled, which therefore have none.';
CREATE INDEX ignored_objects_dataset ON waybill.ignored_objects (dataset, landed_at);
