-- Rows of a dataset by the values of searchable columns, in pages.

-- The columns of the natural key with their values in a row, as text: where the next page begins.
CREATE OR REPLACE FUNCTION waybill.row_key(p_columns text[]) RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT format('jsonb_build_array(%s)', string_agg(format('t.%I::text', c.name), ', '
        ORDER BY c.place))
    FROM unnest(p_columns) WITH ORDINALITY AS c (name, place)
);

-- The values of a key as literals of its columns' types.
CREATE OR REPLACE FUNCTION waybill.key_literals(p_table regclass, p_columns text[], p_key jsonb)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT string_agg(waybill.column_literal(p_table, c.name, p_key ->> (c.place - 1)::integer),
        ', ' ORDER BY c.place)
    FROM unnest(p_columns) WITH ORDINALITY AS c (name, place)
);

-- A cursor is input: the key in it may be none that the table can have.
CREATE OR REPLACE FUNCTION waybill.assert_key(p_table regclass, p_columns text[], p_key jsonb)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE 'SELECT ' || waybill.key_literals(p_table, p_columns, p_key);
EXCEPTION
    WHEN data_exception OR integrity_constraint_violation OR program_limit_exceeded
        OR syntax_error_or_access_rule_violation
    THEN
        RAISE EXCEPTION 'The cursor is not one of this list.' USING ERRCODE = 'WB013';
END
$$;

-- `(a, b) > (1, 2)`: the rows after those of the previous page; `true` on the first.
CREATE OR REPLACE FUNCTION waybill.after_key(p_table regclass, p_columns text[], p_after jsonb)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT CASE WHEN p_after IS NULL THEN 'true' ELSE format('(%s) > (%s)',
        string_agg(format('t.%I', c.name), ', ' ORDER BY c.place),
        waybill.key_literals(p_table, p_columns, p_after)) END
    FROM unnest(p_columns) WITH ORDINALITY AS c (name, place)
);

-- A page of rows, in the order of the natural key: for each the text that the expression `p_text`
-- makes of `t`. `p_values` has a value for each column; `key` of the last row is `p_after` of the
-- next page. Reading stops one row after the page has more than `p_bytes`, as in `65_pages.sql`.
CREATE OR REPLACE FUNCTION waybill.find_texts(p_dataset text, p_values jsonb, p_after jsonb,
    p_limit integer, p_bytes integer, p_text text)
RETURNS TABLE (item text, key jsonb)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_table CONSTANT regclass := waybill.target_of(p_dataset);
    v_key CONSTANT text[] := (
        SELECT d.natural_key FROM waybill.datasets AS d WHERE d.name = p_dataset);
    v_order CONSTANT text := (
        SELECT string_agg(format('t.%I', c.name), ', ' ORDER BY c.place)
        FROM unnest(v_key) WITH ORDINALITY AS c (name, place));
    v_read bigint := 0;
    v_is_full boolean;
BEGIN
    IF p_after IS NOT NULL THEN
        PERFORM waybill.assert_key(v_table, v_key, p_after);
    END IF;
    FOR item, key IN EXECUTE format($q$
        SELECT %s, %s
        FROM %s AS t
        WHERE %s AND %s
        ORDER BY %s
        LIMIT $1
        $q$,
        p_text, waybill.row_key(v_key), v_table, waybill.conditions(v_table, p_values),
        waybill.after_key(v_table, v_key, p_after), v_order)
        USING p_limit
    LOOP
        v_is_full := v_read > p_bytes;
        v_read := v_read + octet_length(item);
        RETURN NEXT;
        EXIT WHEN v_is_full;
    END LOOP;
END
$$;

-- The personal columns of a dataset that are masked, if any are.
CREATE OR REPLACE FUNCTION waybill.masked_columns(p_dataset text, p_masked boolean) RETURNS text[]
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN CASE WHEN p_masked THEN waybill.personal_columns_of(p_dataset) ELSE '{}' END;

-- A page of rows as JSON. `p_masked`: without personal values.
CREATE OR REPLACE FUNCTION waybill.find_rows(p_dataset text, p_values jsonb, p_after jsonb,
    p_limit integer, p_bytes integer, p_masked boolean)
RETURNS TABLE (item text, key jsonb)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
SET jit = off
BEGIN ATOMIC
    SELECT f.item, f.key
    FROM waybill.find_texts(p_dataset, p_values, p_after, p_limit, p_bytes,
        format($q$waybill.masked(to_jsonb(t.*) - '_landed', %L::text[])::text$q$,
            waybill.masked_columns(p_dataset, p_masked))) AS f;
END;

-- The columns of these rows, in the order of the table.
CREATE OR REPLACE FUNCTION waybill.row_columns(p_dataset text, p_masked boolean)
RETURNS TABLE (name text, kind text, type_precision integer, type_scale integer, is_masked boolean)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT a.attname::text, CASE WHEN m.is_masked THEN 'text' ELSE t.typname::text END,
        CASE WHEN t.typname = 'numeric' AND b.typmod > 4 THEN (b.typmod - 4) >> 16 & 65535 END,
        CASE WHEN t.typname = 'numeric' AND b.typmod > 4
            THEN ((b.typmod - 4 & 2047) # 1024) - 1024 END,
        m.is_masked
    FROM pg_attribute AS a
    CROSS JOIN LATERAL waybill.base_type(a.atttypid, a.atttypmod) AS b
    JOIN pg_type AS t ON t.oid = b.base
    CROSS JOIN LATERAL (
        SELECT a.attname = ANY (waybill.masked_columns(p_dataset, p_masked))
    ) AS m (is_masked)
    WHERE a.attrelid = waybill.target_of(p_dataset) AND a.attnum > 0 AND NOT a.attisdropped
        AND a.attname <> '_landed'
    ORDER BY a.attnum;
END;

-- A page of rows as lines of CSV, with the columns of `row_columns`; the order of lines and keys
-- is that of `find_rows`. Values are written as exports have them, and formulas escaped if
-- `p_escapes`.
CREATE OR REPLACE FUNCTION waybill.find_row_lines(p_dataset text, p_values jsonb, p_after jsonb,
    p_limit integer, p_bytes integer, p_masked boolean, p_escapes boolean)
RETURNS TABLE (item text, key jsonb)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
SET timezone = 'UTC'
SET datestyle = 'ISO, YMD'
SET intervalstyle = 'postgres'
SET bytea_output = 'hex'
SET extra_float_digits = 1
SET jit = off
BEGIN ATOMIC
    SELECT f.item, f.key
    FROM waybill.find_texts(p_dataset, p_values, p_after, p_limit, p_bytes, (
        SELECT string_agg(CASE WHEN c.is_masked
                THEN format($q$CASE WHEN t.%I IS NULL THEN '' ELSE '"' || waybill.mask() || '"' END$q$,
                    c.name)
                ELSE waybill.csv_cell(c.name, c.kind, p_escapes) END, $q$ || ',' || $q$
            ORDER BY c.place)
        FROM waybill.row_columns(p_dataset, p_masked) WITH ORDINALITY
            AS c (name, kind, type_precision, type_scale, is_masked, place))) AS f;
END;
