-- Values as cells of CSV, in exports and in pages of rows.

-- A cell that a spreadsheet would run gets an apostrophe in front, as `waybill/http/csv_text.py`
-- has it.
CREATE OR REPLACE FUNCTION waybill.escaped_formula(p_text text) RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN CASE WHEN p_text ~ E'^''*[-=+@\t\r\n\uff1d\uff0b\uff0d\uff20]' THEN '''' || p_text
    ELSE p_text END;

-- An expression for the cell of a column of `t` in CSV. Null is empty, an empty text is quoted.
CREATE OR REPLACE FUNCTION waybill.csv_cell(p_column text, p_kind text, p_escapes boolean)
RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN CASE
    WHEN p_kind IN ('int2', 'int4', 'int8', 'numeric', 'float4', 'float8', 'bool', 'date',
        'timestamp', 'timestamptz', 'uuid')
        THEN format($q$coalesce(t.%I::text, '')$q$, p_column)
    ELSE format($q$coalesce('"' || replace(%s, '"', '""') || '"', '')$q$,
        -- Of the other types only these cannot be texts of anybody's.
        format(CASE WHEN p_escapes AND p_kind NOT IN ('time', 'timetz', 'interval', 'money')
            THEN 'waybill.escaped_formula(t.%I::text)' ELSE 't.%I::text' END, p_column))
END;
