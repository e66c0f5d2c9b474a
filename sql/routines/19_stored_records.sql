-- The classified records of a merge: a table, or a view of the staging table.

-- Whether the staged records can be read again and again with the same result: no default is
-- computed for them and nothing is looked up in tables that others write; none has been rejected,
-- and no check will reject one that has been read.
CREATE OR REPLACE FUNCTION waybill.may_stay_staged(p_plan waybill.merge_plan) RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    RETURN p_plan.source LIKE 'staging.%'
        AND p_plan.disposition <> 'replace'
        AND p_plan.defaulted = '{}'
        AND NOT coalesce(p_plan.contract -> 'transformation' ? 'enrich', false)
        AND NOT p_plan.keeps_raw
        AND NOT coalesce(p_plan.has_absent, false)
        AND NOT EXISTS (SELECT FROM pg_temp.merge_rejects);
END
$$;

-- Make a table of merge_records, so that classes can be changed.
CREATE OR REPLACE FUNCTION waybill.store_records() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    IF waybill.is_view('pg_temp.merge_records') THEN
        CREATE TEMP TABLE stored_records ON COMMIT DROP AS SELECT * FROM pg_temp.merge_records;
        DROP VIEW pg_temp.merge_records;
        ALTER TABLE pg_temp.stored_records RENAME TO merge_records;
    END IF;
END
$$;

-- A view does not end with the transaction, and would keep the staging table from being dropped.
CREATE OR REPLACE FUNCTION waybill.drop_records() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    IF waybill.is_view('pg_temp.merge_records') THEN
        DROP VIEW pg_temp.merge_records;
    ELSE
        DROP TABLE IF EXISTS pg_temp.merge_records;
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION waybill.is_view(p_name text) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN EXISTS (
    SELECT FROM pg_class AS c WHERE c.oid = to_regclass(p_name) AND c.relkind = 'v'
);
