-- Records of one key that lack different columns are combined.

CREATE FUNCTION waybill.second_of(p_first anyelement, p_second anyelement) RETURNS anyelement
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$ SELECT p_second $$;

-- The last value, null or not.
CREATE AGGREGATE waybill.last_of(anyelement) (SFUNC = waybill.second_of, STYPE = anyelement);

-- Created again by its file, with other parameters.
DROP FUNCTION IF EXISTS waybill.completed_records;
