-- Records of one key in a file whose records need not have all columns.

-- The records `p_records`, those of one key as one, on the last of their lines: each column as the
-- last of them has it that has it at all.
CREATE OR REPLACE FUNCTION waybill.combined_records(p_plan waybill.merge_plan, p_records text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_columns text;
    v_absent text;
BEGIN
    SELECT string_agg(format(
            'waybill.last_of(%1$I ORDER BY _waybill_line)'
            ' FILTER (WHERE NOT coalesce(_waybill_absent ? %1$L, false)) AS %1$I', x.name), ', '),
        string_agg(format(
            'CASE WHEN bool_and(coalesce(_waybill_absent ? %1$L, false)) THEN %1$L END', x.name),
            ', ')
    INTO v_columns, v_absent
    FROM unnest(waybill.updated_columns(p_plan)) AS x (name)
    WHERE x.name <> ALL (p_plan.natural_key);
    RETURN format(
        $q$
        SELECT max(_waybill_line) AS _waybill_line,
            waybill.last_of(_waybill_raw ORDER BY _waybill_line) AS _waybill_raw,
            %1$s,
            to_jsonb(array_remove(ARRAY[%2$s]::text[], NULL)) AS _waybill_absent
        FROM (%3$s) AS r
        GROUP BY %4$s
        $q$,
        concat_ws(', ', waybill.ident_list(p_plan.natural_key), v_columns),
        v_absent,
        p_records,
        waybill.ident_list(p_plan.natural_key));
END
$$;
