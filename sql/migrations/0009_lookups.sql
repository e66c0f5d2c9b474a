-- Columns that can be searched by, and strategies to look rows up by.

ALTER TABLE waybill.datasets
    ADD COLUMN searchable text[] NOT NULL DEFAULT '{}',
    ADD COLUMN lookups jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(lookups) = 'object');
COMMENT ON COLUMN waybill.datasets.searchable IS
    'Columns that GET /datasets/{name}/rows finds rows by; each has an index.';
COMMENT ON COLUMN waybill.datasets.lookups IS
    'Strategies by name: {"indexed": {"columns": ["code"], "index": "parcels_code"}}.';

-- The routine is created again with the new arguments. Without this there would be two of the
-- name, and a call that leaves arguments out would be ambiguous.
DROP FUNCTION IF EXISTS waybill.register_dataset;

CREATE TABLE waybill.data_generations (
    dataset text PRIMARY KEY REFERENCES waybill.datasets ON DELETE CASCADE,
    generation bigint NOT NULL DEFAULT 0,
    leased_until timestamptz NOT NULL DEFAULT '-infinity'
);
COMMENT ON TABLE waybill.data_generations IS 'How often the rows of a dataset have changed.';
COMMENT ON COLUMN waybill.data_generations.leased_until IS
    'Until then processes may serve cached rows of this generation without asking.';

CREATE TABLE waybill.data_changes (
    dataset text NOT NULL REFERENCES waybill.datasets ON DELETE CASCADE,
    generation bigint NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (dataset, generation)
);
COMMENT ON TABLE waybill.data_changes IS
    'The latest changes of each dataset; one that changes often is not cached.';

-- Applied again with its routine, which the trigger only names.
CREATE FUNCTION waybill.await_leases() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN NULL;
END
$$;
-- At the commit, after everything else that the transaction does.
CREATE CONSTRAINT TRIGGER await_leases
    AFTER INSERT OR UPDATE OF generation ON waybill.data_generations
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.generation > 0) EXECUTE FUNCTION waybill.await_leases();
