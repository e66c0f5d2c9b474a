-- A copy takes the place of partitions only when no snapshot is left that does not see all its rows.
ALTER TABLE waybill.folds ADD COLUMN copied_by xid8;
COMMENT ON COLUMN waybill.folds.copied_by IS 'The last transaction that copied rows.';
ALTER TABLE waybill.archived_partitions ADD COLUMN stored_by xid8;
COMMENT ON COLUMN waybill.archived_partitions.stored_by IS
    'The last transaction that stored rows of a partition that is restored.';
-- What is under way was copied and stored before.
UPDATE waybill.folds SET copied_by = pg_current_xact_id();
UPDATE waybill.archived_partitions SET stored_by = pg_current_xact_id() WHERE state = 'RESTORING';
