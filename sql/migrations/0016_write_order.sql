-- Records that are written one by one have an order of their own.

-- Created again by their files, with other parameters.
DROP FUNCTION IF EXISTS waybill.write_row_by_row, waybill.write_lines;
