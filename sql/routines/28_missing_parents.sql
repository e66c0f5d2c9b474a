-- Records whose parent is missing, and in a table that refers to itself those below them.

-- Records without a parent are pending, and in a table that refers to itself so are those whose
-- parent is such a record. Returns how many were found.
CREATE OR REPLACE FUNCTION waybill.set_orphans_pending(p_plan waybill.merge_plan) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_reference jsonb;
    v_records CONSTANT text := waybill.written_rows(p_plan);
    v_refers_to_itself CONSTANT boolean := waybill.refers_to_itself(p_plan);
    v_total bigint := 0;
BEGIN
    PERFORM waybill.store_records();
    IF v_refers_to_itself THEN
        PERFORM waybill.link_records(p_plan, v_records);
    END IF;
    FOR v_reference IN SELECT waybill.written_references(p_plan) LOOP
        v_total := v_total + waybill.run_sql(format(
            $q$
            UPDATE pg_temp.merge_records AS t
            SET _waybill_class = 'pending', _waybill_missing = %1$L
            FROM %2$s AS s
            WHERE t._waybill_line = s._waybill_line
                AND %3$s
                AND %4$s
            $q$,
            v_reference,
            v_records,
            waybill.all_filled(v_reference, 's'),
            waybill.lacks_parent(p_plan, v_reference, 's', v_records)));
    END LOOP;
    IF v_refers_to_itself AND v_total > 0 THEN
        v_total := v_total + waybill.set_descendants_pending();
    END IF;
    RETURN v_total;
END
$$;

-- merge_links: records of a table that refers to itself whose only parent is in the same file.
CREATE OR REPLACE FUNCTION waybill.link_records(p_plan waybill.merge_plan, p_records text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
SET client_min_messages = warning
AS $$
DECLARE
    v_reference jsonb;
BEGIN
    DROP TABLE IF EXISTS pg_temp.merge_links;
    CREATE TEMP TABLE merge_links (parent bigint, child bigint, missing jsonb) ON COMMIT DROP;
    FOR v_reference IN
        SELECT r.reference
        FROM waybill.written_references(p_plan) AS r (reference)
        WHERE (r.reference ->> 'table')::regclass = p_plan.target
    LOOP
        PERFORM waybill.run_sql(format(
            $q$
            INSERT INTO pg_temp.merge_links
            SELECT q._waybill_line, s._waybill_line, %1$L
            FROM %2$s AS s
            JOIN %2$s AS q ON %3$s
            WHERE %4$s
            $q$,
            v_reference,
            p_records,
            waybill.parent_match(v_reference, 'q', 's'),
            waybill.lacks_stored_parent(p_plan, v_reference, 's')));
    END LOOP;
    CREATE INDEX ON pg_temp.merge_links (parent);
END
$$;

-- A level's children are looked up in the index: another join would read all links for each level
-- of a chain.
CREATE OR REPLACE FUNCTION waybill.set_descendants_pending() RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
SET client_min_messages = warning
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_seqscan = off
AS $$
DECLARE
    v_found bigint;
BEGIN
    DROP TABLE IF EXISTS pg_temp.merge_orphans;
    CREATE TEMP TABLE merge_orphans ON COMMIT DROP AS
    WITH RECURSIVE orphans (line, missing) AS (
        SELECT t._waybill_line, NULL::jsonb
        FROM pg_temp.merge_records AS t
        WHERE t._waybill_class = 'pending'
        UNION
        SELECT l.child, l.missing
        FROM orphans AS o
        JOIN pg_temp.merge_links AS l ON l.parent = o.line
    )
    SELECT line, missing FROM orphans WHERE missing IS NOT NULL;
    SET LOCAL enable_hashjoin = on;
    UPDATE pg_temp.merge_records AS t
    SET _waybill_class = 'pending', _waybill_missing = o.missing
    FROM pg_temp.merge_orphans AS o
    WHERE t._waybill_line = o.line AND t._waybill_class IN ('insert', 'update');
    GET DIAGNOSTICS v_found = ROW_COUNT;
    RETURN v_found;
END
$$;

-- Where records without a parent are not kept: reject them.
CREATE OR REPLACE FUNCTION waybill.reject_orphans(p_plan waybill.merge_plan, p_reference jsonb,
    p_records text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    PERFORM waybill.run_sql(format(
        $q$
        INSERT INTO pg_temp.merge_rejects
        SELECT s._waybill_line, %1$L, 'unknown_reference', %2$L
        FROM %3$s AS s
        WHERE %4$s
            AND %5$s
        $q$,
        p_reference -> 'columns' ->> 0,
        format('has no parent in %s', p_reference ->> 'table'),
        p_records,
        waybill.all_filled(p_reference, 's'),
        waybill.lacks_parent(p_plan, p_reference, 's', p_records)));
END
$$;
