-- Records of one key that lack different columns are combined.

-- Created again by its file, with other parameters.
DROP FUNCTION IF EXISTS waybill.completed_records;
