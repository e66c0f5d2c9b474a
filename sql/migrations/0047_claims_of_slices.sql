-- A loader says whether it reads slices: one of an earlier release would read the whole object.
-- As for every new argument: the routine is created again, and must not exist twice.
DROP FUNCTION IF EXISTS waybill.claim_chunk;
