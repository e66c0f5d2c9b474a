-- A plan says whether it knows ranges: the routine has another argument, and must not exist twice.
DROP FUNCTION IF EXISTS waybill.claim_plan;
