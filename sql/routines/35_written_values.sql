-- Records as texts: as they are staged, and as files write them.

-- `to_jsonb` of a row of these expressions ([{name, value}]); jsonb_build_object would take no
-- more than fifty.
CREATE OR REPLACE FUNCTION waybill.json_object(p_fields jsonb) RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN format('(SELECT to_jsonb(x.*) FROM (SELECT %s) AS x)', (
    SELECT string_agg(format('%s AS %I', f.field ->> 'value', f.field ->> 'name'), ', '
        ORDER BY f.n)
    FROM jsonb_array_elements(p_fields) WITH ORDINALITY AS f (field, n)
));

-- A record as its columns' texts, for a pending one to be staged again.
CREATE OR REPLACE FUNCTION waybill.record_values(p_plan waybill.merge_plan, p_alias text)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN waybill.json_object((
    SELECT jsonb_agg(jsonb_build_object(
        'name', c.name, 'value', format('%s.%I::text', p_alias, c.name)))
    FROM unnest((p_plan).columns) AS c (name)
));

-- How the contract writes a column in files: as said of the column itself, or of all ("*").
CREATE OR REPLACE FUNCTION waybill.format_of(p_plan waybill.merge_plan, p_column jsonb,
    p_part text)
RETURNS jsonb
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN coalesce(
    (p_plan).contract -> 'formats' -> (p_column ->> 'name') -> p_part,
    (p_plan).contract -> 'formats' -> '*' -> p_part);

-- A staged column as files write it: a corrected reject is replayed in that form.
CREATE OR REPLACE FUNCTION waybill.written_column(p_plan waybill.merge_plan,
    p_column jsonb, p_alias text)
RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_value CONSTANT text := format('%s.%I', p_alias, p_column ->> 'name');
    v_kind CONSTANT text := p_column ->> 'kind';
    v_date CONSTANT text := waybill.format_of(p_plan, p_column, 'date') #>> '{}';
    v_zone CONSTANT text := waybill.format_of(p_plan, p_column, 'zone') #>> '{}';
    v_decimal CONSTANT text := waybill.format_of(p_plan, p_column, 'decimal') #>> '{}';
    v_true CONSTANT text := waybill.format_of(p_plan, p_column, 'true_words') ->> 0;
    v_false CONSTANT text := waybill.format_of(p_plan, p_column, 'false_words') ->> 0;
BEGIN
    IF v_kind IN ('date', 'timestamp') AND v_date IS NOT NULL THEN
        RETURN format('to_char(%s, %L)', v_value, v_date);
    ELSIF v_kind = 'timestamptz' AND v_date IS NOT NULL THEN
        RETURN format('to_char(%s AT TIME ZONE %L, %L)', v_value, coalesce(v_zone, 'UTC'),
            v_date);
    ELSIF v_kind IN ('numeric', 'float4', 'float8') AND v_decimal IS NOT NULL THEN
        RETURN format($q$replace(%s::text, '.', %L)$q$, v_value, v_decimal);
    ELSIF v_kind = 'bool' AND v_true IS NOT NULL AND v_false IS NOT NULL THEN
        RETURN format('CASE %s WHEN true THEN %L WHEN false THEN %L END', v_value, v_true,
            v_false);
    END IF;
    RETURN v_value || '::text';
END
$$;

CREATE OR REPLACE FUNCTION waybill.written_values(p_plan waybill.merge_plan, p_alias text)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN waybill.json_object((
    SELECT jsonb_agg(jsonb_build_object(
        'name', c.col ->> 'name', 'value', waybill.written_column(p_plan, c.col, p_alias)))
    FROM jsonb_array_elements((p_plan).contract -> 'columns') AS c (col)
    WHERE c.col ->> 'name' = ANY ((p_plan).columns)
));
