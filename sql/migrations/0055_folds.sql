-- Partitions by day or month that become one of a month or year, once that has ended.

ALTER TABLE waybill.datasets
ADD COLUMN history_unit text CHECK (history_unit IN ('month', 'year'));

ALTER TYPE waybill.merge_plan ADD ATTRIBUTE history_unit text;

-- A fold takes many transactions: whoever ends one finds here what is left to do.
CREATE TABLE waybill.folds (
    fold_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    dataset text NOT NULL REFERENCES waybill.datasets (name) ON DELETE CASCADE,
    lower timestamp NOT NULL,
    upper timestamp NOT NULL,
    definition text NOT NULL,
    is_analysed boolean NOT NULL DEFAULT false,
    copies_left integer NOT NULL DEFAULT 3,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    given_up_at timestamptz,
    UNIQUE (dataset, lower)
);
COMMENT ON TABLE waybill.folds IS
    'Periods whose partitions are being copied into one table, staging.fold_<fold_id>.';
COMMENT ON COLUMN waybill.folds.definition IS
    'Hash of the table''s columns, constraints and indexes when the copy began.';
COMMENT ON COLUMN waybill.folds.copies_left IS
    'How often partitions that changed meanwhile are copied again before the fold is given up.';
COMMENT ON COLUMN waybill.folds.given_up_at IS
    'When the copy was dropped; the period is tried again a day later.';

CREATE TABLE waybill.fold_parts (
    fold_id uuid NOT NULL REFERENCES waybill.folds ON DELETE CASCADE,
    partition_id oid NOT NULL,
    filenode oid NOT NULL,
    unseen_from xid8 NOT NULL,
    next_page bigint NOT NULL DEFAULT 0,
    is_copied boolean NOT NULL DEFAULT false,
    rows bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (fold_id, partition_id)
);
COMMENT ON TABLE waybill.fold_parts IS 'How far each partition of a fold is copied.';
COMMENT ON COLUMN waybill.fold_parts.unseen_from IS
    'Every transaction before this one had ended when the copy began; of later ones it may lack rows.';

-- As for every new argument: the routines are created again, and must not exist twice.
DROP FUNCTION IF EXISTS waybill.register_dataset;
DROP FUNCTION IF EXISTS waybill.free_partition_name;
