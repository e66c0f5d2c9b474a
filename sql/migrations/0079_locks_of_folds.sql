-- Merges use them, too, with other arguments; without this the ones before would stay.
DROP FUNCTION IF EXISTS waybill.lock_fold(waybill.folds, waybill.merge_plan, text);
DROP FUNCTION IF EXISTS waybill.lock_out_readers(waybill.folds, waybill.merge_plan);
