-- Taking a load back: rows as they were before it, and the waybill of the revert.

ALTER TABLE waybill.datasets
    ADD COLUMN revertible_days integer NOT NULL DEFAULT 7
        CHECK (revertible_days BETWEEN 0 AND 365),
    ADD COLUMN images_since timestamptz DEFAULT clock_timestamp();
COMMENT ON COLUMN waybill.datasets.revertible_days IS
    'Days for which a load can be taken back; 0 keeps no images of its rows.';
COMMENT ON COLUMN waybill.datasets.images_since IS
    'Since when images of changed rows are kept; null if they are not.';

ALTER TABLE waybill.ingestion_jobs DROP CONSTRAINT ingestion_jobs_state_check;
ALTER TABLE waybill.ingestion_jobs ADD CONSTRAINT ingestion_jobs_state_check CHECK (state IN (
    'AWAITING_UPLOAD', 'EXTRACTING', 'LANDED', 'LOADING', 'MERGING', 'COMPLETED',
    'COMPLETED_WITH_REJECTS', 'FAILED', 'CANCELLED', 'EXPIRED', 'DUPLICATE', 'REVERTED'))
    NOT VALID;
ALTER TABLE waybill.ingestion_jobs VALIDATE CONSTRAINT ingestion_jobs_state_check;

ALTER TABLE waybill.ingestion_jobs ADD COLUMN withdrawn bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN waybill.ingestion_jobs.withdrawn IS
    'Pending records that were dropped when the load was reverted.';
ALTER TABLE waybill.ingestion_jobs DROP CONSTRAINT waybill_balances;
ALTER TABLE waybill.ingestion_jobs ADD CONSTRAINT waybill_balances
    CHECK (read IS NULL OR read = inserted + updated + unchanged + superseded + filtered
        + rejected + pending_reference + erased + withdrawn);

CREATE TABLE waybill.row_images (
    image_id bigint GENERATED ALWAYS AS IDENTITY,
    dataset text NOT NULL,
    job_id uuid,
    landed bigint NOT NULL,
    record jsonb,
    kept_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE waybill.row_images IS
    'Rows of datasets as they were before they were updated or deleted.';
COMMENT ON COLUMN waybill.row_images.job_id IS
    'The job that changed the row; null for a statement of somebody else.';
COMMENT ON COLUMN waybill.row_images.landed IS '_landed of the row before the change.';
COMMENT ON COLUMN waybill.row_images.record IS
    'The row, {column: text}; null once its person was erased.';
CREATE INDEX row_images_job ON waybill.row_images (job_id);
CREATE INDEX row_images_landed ON waybill.row_images (dataset, landed);
-- Rows are added in the order of time, so that this finds the oldest for next to nothing.
CREATE INDEX row_images_kept ON waybill.row_images USING brin (kept_at);

CREATE TABLE waybill.superseded_keys (
    job_id uuid NOT NULL REFERENCES waybill.ingestion_jobs ON DELETE CASCADE,
    hashes bigint[],
    noted_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX superseded_keys_job ON waybill.superseded_keys (job_id);
COMMENT ON TABLE waybill.superseded_keys IS
    'Keys of records that were not written since a file that landed later had written their rows.';
COMMENT ON COLUMN waybill.superseded_keys.hashes IS
    'Hashes of the keys; null where they are too many, or cannot be hashed.';

CREATE TABLE waybill.reverts (
    job_id uuid PRIMARY KEY REFERENCES waybill.ingestion_jobs ON DELETE CASCADE,
    reverted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    taken bigint NOT NULL,
    removed bigint NOT NULL,
    restored bigint NOT NULL,
    restamped bigint NOT NULL,
    reinserted bigint NOT NULL,
    erased bigint NOT NULL,
    withdrawn bigint NOT NULL,
    -- A revert whose numbers do not add up cannot be committed.
    CONSTRAINT revert_balances CHECK (
        taken = removed + restored + restamped + reinserted + erased)
);
COMMENT ON TABLE waybill.reverts IS 'The waybill of a revert: what became of the rows of a load.';
COMMENT ON COLUMN waybill.reverts.taken IS
    'Rows that the load had inserted, updated, stamped or deleted.';
COMMENT ON COLUMN waybill.reverts.restamped IS
    'Rows that the load had found unchanged and stamped.';

-- The routines are created again, with another argument or result.
DROP FUNCTION IF EXISTS waybill.register_dataset;
