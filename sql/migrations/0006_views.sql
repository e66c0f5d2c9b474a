-- Materialised views by part: which families there are, how fresh each view is, what is stale.

CREATE TABLE waybill.stale_parts (
    change_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dataset text NOT NULL,
    part text NOT NULL,
    job_id uuid NOT NULL,
    marked_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE waybill.stale_parts IS
    'Parts of datasets that changed since the views were refreshed.';
CREATE INDEX stale_parts_part ON waybill.stale_parts (dataset, part);

CREATE TABLE waybill.view_families (
    family text PRIMARY KEY CHECK (family ~ '^[a-z_][a-z0-9_]{0,50}$'),
    dataset text NOT NULL REFERENCES waybill.datasets (name),
    source text NOT NULL,
    row_key text[] NOT NULL,
    definition text NOT NULL
);
COMMENT ON TABLE waybill.view_families IS
    'A family is one materialised view per part of a dataset, united by a view of its name.';
COMMENT ON COLUMN waybill.view_families.source IS
    'Function (lower, upper timestamptz) that reads the rows of a view from the dataset.';
COMMENT ON COLUMN waybill.view_families.row_key IS
    'Columns that identify a row of a view: REFRESH CONCURRENTLY compares by them.';
COMMENT ON COLUMN waybill.view_families.definition IS
    'The source as it was when the views were last declared stale for it.';

CREATE TABLE waybill.family_views (
    family text NOT NULL REFERENCES waybill.view_families,
    part text NOT NULL,
    as_of timestamptz NOT NULL,
    refreshed_at timestamptz NOT NULL,
    PRIMARY KEY (family, part)
);
COMMENT ON TABLE waybill.family_views IS 'The views that exist and how fresh each is.';
COMMENT ON COLUMN waybill.family_views.as_of IS
    'Everything committed by this time is in the view.';
