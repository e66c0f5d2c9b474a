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

-- Whether merge_records may lack the records that are as their rows are: nothing is written for
-- them, and nobody asks about them, unless their rows are stamped. They are while an earlier record
-- is pending, too, so none of them waits for it.
CREATE OR REPLACE FUNCTION waybill.may_leave_out(p_plan waybill.merge_plan) RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    RETURN p_plan.disposition = 'merge'
        AND NOT p_plan.stamp_unchanged
        AND waybill.may_stay_staged(p_plan);
END
$$;

-- How many records are staged. Of a file the chunks say it; the merge is undone if it finds another
-- number (`assert_all_found`).
CREATE OR REPLACE FUNCTION waybill.count_staged(p_plan waybill.merge_plan) RETURNS bigint
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_staged bigint;
BEGIN
    IF p_plan.source = format('staging.%I', waybill.stage_name(p_plan.job_id)) THEN
        RETURN (SELECT coalesce(sum(c.staged), 0) FROM waybill.chunks AS c
            WHERE c.job_id = p_plan.job_id);
    END IF;
    EXECUTE format('SELECT count(*) FROM %s AS s', p_plan.source) INTO v_staged;
    RETURN v_staged;
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
