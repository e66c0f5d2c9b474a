-- A file that is the whole table, or whole partitions of it: what it does not have, leaves.

-- merge_deleted: one row per row that left, with the partition it left. Rows of later landings stay;
-- what an earlier one had of a record that waits for its parent does not, or it would depend on
-- which of the two merged first whether it is there.
CREATE OR REPLACE FUNCTION waybill.delete_absent(m waybill.merge_plan) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    gone bigint;
BEGIN
    DROP TABLE IF EXISTS pg_temp.merge_deleted;
    CREATE TEMP TABLE merge_deleted (part timestamp) ON COMMIT DROP;
    IF m.disposition <> 'replace' THEN
        RETURN 0;
    END IF;
    EXECUTE format('WITH gone AS (DELETE FROM %s AS h WHERE %s AND %s RETURNING %s AS part)'
        ' INSERT INTO pg_temp.merge_deleted SELECT part FROM gone', m.target,
        CASE WHEN m.key = '{}' THEN 'true' ELSE format('h._landed <= %s AND NOT EXISTS'
            ' (SELECT FROM pg_temp.merge_records AS s WHERE s._cls <> ''p'' AND %s)', m.place,
            waybill.equal_on(m.key, 'h', 's')) END,
        waybill.in_scope(m, 'h'), waybill.part_of(m, 'h'));
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END
$$;

-- Rows that the file speaks for: all, or those of the partitions that its records are in;
-- never those of a part that a file landed later has replaced.
CREATE OR REPLACE FUNCTION waybill.in_scope(m waybill.merge_plan, alias text) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog
RETURN format('NOT (%s)', waybill.covered_by_replace(m, waybill.part_of(m, alias)))
    || CASE WHEN (m).contract ->> 'replace_scope' = 'partition' THEN format(
        ' AND %s IN (SELECT _part FROM pg_temp.merge_records)', waybill.part_of(m, alias)) ELSE '' END;

-- What the job is to remember of it, for files that come late.
CREATE OR REPLACE FUNCTION waybill.replaced_parts(m waybill.merge_plan) RETURNS text[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    RETURN CASE WHEN m.disposition <> 'replace' THEN NULL
        WHEN m.contract ->> 'replace_scope' = 'table' THEN ARRAY['']
        ELSE ARRAY(SELECT DISTINCT _part::text FROM pg_temp.merge_records WHERE _part IS NOT NULL) END;
END
$$;
