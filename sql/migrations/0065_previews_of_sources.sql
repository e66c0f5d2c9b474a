-- A preview may be of a source; the routine has other arguments, and must not exist twice.
DROP FUNCTION IF EXISTS waybill.preview_merge;
DROP FUNCTION IF EXISTS waybill.stage_preview, waybill.previewed_records;
