-- A merge keeps no copy of the records that are as their rows are.

-- How many records merge_records lacks for that; their class is `unchanged`.
ALTER TYPE waybill.merge_plan ADD ATTRIBUTE left_out bigint;

-- Now without its second argument: two of that name would be ambiguous.
DROP FUNCTION IF EXISTS waybill.classify;
