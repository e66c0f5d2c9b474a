-- A copy takes the place of partitions only when no transaction is left whose snapshot is older.
ALTER TABLE waybill.folds ADD COLUMN waits_for text[];
COMMENT ON COLUMN waybill.folds.waits_for IS
    'Virtual IDs of the transactions that ran when all rows had been copied, as far as they still run; null before.';
ALTER TABLE waybill.archived_partitions ADD COLUMN waits_for text[];
COMMENT ON COLUMN waybill.archived_partitions.waits_for IS
    'The same of a partition that is restored, when all files had been stored.';
