-- Records that wait for each other across files are written together.

-- in_cycle: records of `cycle_records` count as parents that are there, and the foreign keys are
-- checked when all of them are written.
ALTER TYPE waybill.merge_plan ADD ATTRIBUTE in_cycle boolean;

-- Created again by their files, with other parameters or results.
DROP FUNCTION IF EXISTS waybill.add_to_waybill, waybill.apply_pending,
    waybill.hold_back_partial;
