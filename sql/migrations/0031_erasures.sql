-- Erased persons: their records in files that landed before are left out whenever those are loaded
-- again, and counted as `erased`.

CREATE TABLE waybill.erasures (
    dataset text NOT NULL,
    key_hash bytea NOT NULL,
    erased_at timestamptz NOT NULL,
    PRIMARY KEY (dataset, key_hash)
);
COMMENT ON TABLE waybill.erasures IS 'Natural keys that were erased, as salted hashes.';

CREATE TABLE waybill.erasure_salts (
    dataset text PRIMARY KEY,
    salt uuid NOT NULL DEFAULT gen_random_uuid()
);
COMMENT ON TABLE waybill.erasure_salts IS
    'A salt for each dataset, so that hashes of keys cannot be looked up elsewhere.';

ALTER TABLE waybill.ingestion_jobs ADD COLUMN erased bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN waybill.ingestion_jobs.erased IS 'Records of persons who were erased.';
ALTER TABLE waybill.ingestion_jobs DROP CONSTRAINT waybill_balances;
ALTER TABLE waybill.ingestion_jobs ADD CONSTRAINT waybill_balances
    CHECK (read IS NULL OR read = inserted + updated + unchanged + superseded + filtered
        + rejected + pending_reference + erased);

ALTER TYPE waybill.merge_counts ADD ATTRIBUTE erased bigint;
