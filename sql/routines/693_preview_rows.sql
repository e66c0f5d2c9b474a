-- Previewed records beside the rows that are there: missing parents, partitions, unique values. By
-- the statements of the merge; no row is locked or written, and what was made for them is undone.

-- Whether a caller may learn that a parent is missing: of no dataset that it may not read, and by no
-- personal value that is masked for it.
CREATE OR REPLACE FUNCTION waybill.may_see_parent(p_reference jsonb, p_readable jsonb)
RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN p_reference ->> 'dataset' IS NULL
    OR p_readable ? (p_reference ->> 'dataset')
    AND NOT (
        (p_readable ->> (p_reference ->> 'dataset'))::boolean
        AND waybill.text_array(p_reference -> 'to')
            && waybill.personal_columns_of(p_reference ->> 'dataset'));

-- The outcomes, beside the rows that are there if `p_with_rows`; `hidden`: of what nothing is said.
CREATE OR REPLACE FUNCTION waybill.preview_rows(p_plan waybill.merge_plan, p_concealed text[],
    p_readable jsonb, p_has_checks boolean, p_is_masked boolean, p_with_rows boolean,
    OUT records jsonb, OUT hidden text[])
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_references CONSTANT jsonb := (
        SELECT coalesce(jsonb_agg(r.reference), '[]')
        FROM jsonb_array_elements(p_plan.contract -> 'references') AS r (reference)
        WHERE waybill.may_see_parent(r.reference, p_readable));
    -- Of a file that replaces the table, other rows are gone by then.
    v_has_keys CONSTANT boolean :=
        p_has_checks AND NOT p_is_masked AND p_plan.disposition <> 'replace';
    v_waits jsonb := '[]';
BEGIN
    hidden := ARRAY(
        SELECT x.name
        FROM (VALUES
            ('references', v_references <> p_plan.contract -> 'references'),
            ('keys', NOT v_has_keys AND p_plan.keeps_raw)) AS x (name, is_hidden)
        WHERE p_with_rows AND x.is_hidden);
    p_plan.contract := p_plan.contract || jsonb_build_object('references', v_references);
    BEGIN
        IF p_with_rows THEN
            PERFORM waybill.preview_parents(p_plan);
            p_plan.keeps_raw := p_plan.keeps_raw AND v_has_keys;
            PERFORM waybill.preview_classes(p_plan);
            v_waits := waybill.previewed_waits(p_plan);
        END IF;
        IF NOT v_has_keys THEN
            DELETE FROM pg_temp.merge_rejects WHERE code = 'duplicate_key';
        END IF;
        records := waybill.previewed_records(p_plan, p_concealed, p_has_checks) || v_waits;
        RAISE EXCEPTION 'shown' USING ERRCODE = 'WB999';
    EXCEPTION
        WHEN SQLSTATE 'WB999' THEN
            -- Undone to here; the variables keep their values.
            NULL;
    END;
END
$$;

-- Where records without a parent are rejected: those.
CREATE OR REPLACE FUNCTION waybill.preview_parents(p_plan waybill.merge_plan) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_reference jsonb;
BEGIN
    IF NOT p_plan.keeps_raw OR p_plan.contract ->> 'on_missing_parent' <> 'reject' THEN
        RETURN;
    END IF;
    FOR v_reference IN SELECT waybill.written_references(p_plan) LOOP
        PERFORM waybill.reject_orphans(p_plan, v_reference, waybill.as_rows(p_plan,
            waybill.text_array(v_reference -> 'columns')));
    END LOOP;
    PERFORM waybill.filter_duplicates(p_plan);
END
$$;

-- As accept_records: the classes of the records, again without those that a check rejects.
CREATE OR REPLACE FUNCTION waybill.preview_classes(p_plan waybill.merge_plan) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_before bigint;
BEGIN
    FOR v_pass IN 1..10 LOOP
        v_before := waybill.count_refusals();
        PERFORM waybill.classify(p_plan);
        PERFORM waybill.set_orphans_pending(p_plan);
        p_plan.totals := waybill.count_records();
        PERFORM waybill.check_partitions(p_plan);
        LOOP
            PERFORM waybill.check_unique(p_plan);
            EXIT WHEN NOT waybill.refers_to_itself(p_plan)
                OR waybill.set_orphans_pending(p_plan) = 0;
        END LOOP;
        EXIT WHEN waybill.count_refusals() = v_before OR NOT waybill.take_back_refused(p_plan);
    END LOOP;
END
$$;

-- Why records would wait, by line; or be rejected, where records without a parent are: one whose
-- parent is rejected is looked at again by the load.
CREATE OR REPLACE FUNCTION waybill.previewed_waits(p_plan waybill.merge_plan) RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_are_rejected CONSTANT boolean := p_plan.contract ->> 'on_missing_parent' = 'reject';
BEGIN
    RETURN (
        SELECT coalesce(jsonb_agg(jsonb_build_object('line', s._waybill_line,
            CASE WHEN v_are_rejected THEN 'errors' ELSE 'waits' END,
            jsonb_build_array(jsonb_build_object(
                'column', s._waybill_missing -> 'columns' -> 0,
                'code', 'unknown_reference',
                'message', format('has no parent in %s', s._waybill_missing ->> 'table')
                    || CASE WHEN v_are_rejected THEN '' ELSE ' yet' END)))), '[]')
        FROM pg_temp.merge_records AS s
        WHERE s._waybill_class = 'pending'
    );
END
$$;
