-- The staged records in the types of the table, and as the rows that they would become.

-- On update a column that the file lacks keeps its value.
CREATE OR REPLACE FUNCTION waybill.updated_columns(p_plan waybill.merge_plan) RETURNS text[]
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN (p_plan).columns || ARRAY(SELECT jsonb_object_keys((p_plan).computed));

-- Columns that the merge computes or completes are written with the file's own on insert.
CREATE OR REPLACE FUNCTION waybill.inserted_columns(p_plan waybill.merge_plan) RETURNS text[]
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN waybill.updated_columns(p_plan) || (p_plan).defaulted;

-- A staged column in its type. What the loader did not check is cast only where that cannot
-- fail. The document of a record that its content identifies is kept as it was hashed.
CREATE OR REPLACE FUNCTION waybill.typed_column(p_plan waybill.merge_plan, p_column jsonb)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN CASE
    WHEN waybill.trusts_loader(p_column) AND p_column ->> 'kind' = p_column ->> 'stage'
        THEN quote_ident(p_column ->> 'name')
    WHEN waybill.trusts_loader(p_column)
        THEN format('%I::%s', p_column ->> 'name', p_column ->> 'type')
    WHEN p_column ->> 'name' = (p_plan).contract ->> 'document'
            AND (p_plan).contract ->> 'content_key' IS NOT NULL
        THEN format(
            $q$CASE WHEN pg_input_is_valid(%1$I, 'jsonb') THEN waybill.normalised(%1$I::jsonb) END$q$,
            p_column ->> 'name')
    ELSE format(
        $q$CASE WHEN pg_input_is_valid(%1$I::text, %3$L) THEN %1$I::%2$s END$q$,
        p_column ->> 'name', p_column ->> 'type', p_column ->> 'type')
END;

-- The file's columns in the table's types, and the computed ones.
CREATE OR REPLACE FUNCTION waybill.typed_columns(p_plan waybill.merge_plan) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN concat_ws(', ', (
    SELECT string_agg(
        format('%s AS %I', waybill.typed_column(p_plan, c.col), c.col ->> 'name'),
        ', ' ORDER BY c.n)
    FROM jsonb_array_elements((p_plan).contract -> 'columns') WITH ORDINALITY AS c (col, n)
    WHERE c.col ->> 'name' = ANY ((p_plan).columns)
), (
    SELECT string_agg(format('%s AS %I', c.value, c.key), ', ')
    FROM jsonb_each_text((p_plan).computed) AS c
));

-- The staged records that no check has rejected, in the table's types.
CREATE OR REPLACE FUNCTION waybill.accepted_records(p_plan waybill.merge_plan) RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    RETURN CASE
        WHEN p_plan.has_absent
            THEN waybill.completed_records(p_plan, waybill.typed_records(p_plan))
        ELSE waybill.typed_records(p_plan)
    END;
END
$$;

-- The records `p_records`, with a column that one lacks as in the row that is there, else its
-- default.
CREATE OR REPLACE FUNCTION waybill.completed_records(p_plan waybill.merge_plan, p_records text)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_columns CONSTANT text := (
        SELECT string_agg(
            CASE
                WHEN x.name = ANY (p_plan.columns) AND x.name <> ALL (p_plan.natural_key)
                    THEN format('CASE WHEN t._waybill_absent ? %1$L THEN %2$s ELSE t.%1$I END AS %1$I',
                        x.name, waybill.absent_column(p_plan, x.name, 'h'))
                ELSE format('t.%I', x.name)
            END,
            ', ' ORDER BY x.n)
        FROM unnest(waybill.updated_columns(p_plan)) WITH ORDINALITY AS x (name, n)
    );
BEGIN
    RETURN format(
        $q$
        SELECT t._waybill_line, t._waybill_raw, %1$s, t._waybill_absent
        FROM (%2$s) AS t
        LEFT JOIN %3$s AS h ON %4$s
        $q$,
        v_columns,
        p_records,
        p_plan.target,
        waybill.equal_on(p_plan.natural_key, 'h', 't'));
END
$$;

CREATE OR REPLACE FUNCTION waybill.typed_records(p_plan waybill.merge_plan) RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    RETURN format(
        $q$
        SELECT _waybill_line, %1$s AS _waybill_raw, %2$s%5$s
        FROM %3$s AS t
        WHERE %4$s
        $q$,
        CASE WHEN p_plan.keeps_raw THEN '_waybill_raw' ELSE 'NULL::text' END,
        waybill.typed_columns(p_plan),
        p_plan.source,
        CASE
            WHEN EXISTS (SELECT FROM pg_temp.merge_rejects)
                THEN 'NOT EXISTS (SELECT FROM pg_temp.merge_rejects AS b'
                    ' WHERE b.line = t._waybill_line)'
            ELSE 'true'
        END,
        CASE WHEN p_plan.has_absent THEN ', _waybill_absent' END);
END
$$;

-- The value of a column that a file lacks: as in the row that is there, else its default.
-- `p_row` is the alias of that row's table, null where there is none.
CREATE OR REPLACE FUNCTION waybill.absent_column(p_plan waybill.merge_plan, p_column text,
    p_row text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_default text;
    v_type text;
BEGIN
    SELECT CASE
            WHEN a.attidentity <> '' THEN format('nextval(%L)',
                pg_get_serial_sequence(p_plan.target::text, a.attname))
            ELSE pg_get_expr(d.adbin, d.adrelid)
        END,
        format_type(a.atttypid, a.atttypmod)
    INTO STRICT v_default, v_type
    FROM pg_attribute AS a
    LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = p_plan.target AND a.attname = p_column;
    -- A preview takes no value of a sequence.
    IF v_default LIKE '%nextval(%' AND waybill.is_preview(p_plan) THEN
        v_default := NULL;
    END IF;
    v_default := format('CAST(%s AS %s)', coalesce(v_default, 'NULL'), v_type);
    IF p_row IS NULL OR p_plan.natural_key = '{}' THEN
        RETURN v_default;
    END IF;
    RETURN format('CASE WHEN %1$s.%2$I IS NULL THEN %3$s ELSE %1$s.%4$I END',
        p_row, p_plan.natural_key[1], v_default, p_column);
END
$$;

-- Columns of the table that the file lacks and Waybill does not fill, other than generated ones.
CREATE OR REPLACE FUNCTION waybill.absent_columns(p_plan waybill.merge_plan) RETURNS text[]
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN ARRAY(
    SELECT a.attname::text
    FROM pg_attribute AS a
    WHERE a.attrelid = (p_plan).target
        AND a.attnum > 0
        AND NOT a.attisdropped
        AND a.attgenerated = ''
        AND a.attname <> ALL (waybill.updated_columns(p_plan))
    ORDER BY a.attnum
);

-- `, expression AS name` of each generated column.
CREATE OR REPLACE FUNCTION waybill.generated_columns(p_plan waybill.merge_plan) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN coalesce((
    SELECT string_agg(
        format(', %s AS %I', pg_get_expr(d.adbin, d.adrelid), a.attname), '' ORDER BY a.attnum)
    FROM pg_attribute AS a
    JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = (p_plan).target
        AND a.attgenerated <> ''
        AND NOT a.attisdropped
), '');

-- The columns that these ones are made of: a generated column stands for all that it may read.
CREATE OR REPLACE FUNCTION waybill.reads(p_plan waybill.merge_plan, p_columns text[])
RETURNS text[]
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN CASE
    WHEN EXISTS (
        SELECT FROM pg_attribute AS a
        WHERE a.attrelid = (p_plan).target
            AND a.attname = ANY (p_columns)
            AND a.attgenerated <> ''
    )
    THEN waybill.absent_columns(p_plan)
    ELSE p_columns
END;

-- The records as the rows that they would become: generated columns are computed, and those that
-- the file lacks have their value in the table, or their default. `p_read` are the columns whose
-- values matter; the table is joined only where one of them is not in the file.
CREATE OR REPLACE FUNCTION waybill.as_rows(p_plan waybill.merge_plan, p_read text[])
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_absent text[] := waybill.absent_columns(p_plan);
    v_joined boolean;
BEGIN
    v_joined := p_plan.natural_key <> '{}' AND v_absent && waybill.reads(p_plan, p_read);
    RETURN format(
        $q$(
        SELECT f.*%4$s
        FROM (
            SELECT a.*%2$s
            FROM (%1$s) AS a
            %3$s
        ) AS f
        )$q$,
        waybill.accepted_records(p_plan),
        (
            SELECT string_agg(format(', %s AS %I',
                waybill.absent_column(p_plan, x.name, CASE WHEN v_joined THEN 'h' END), x.name), '')
            FROM unnest(v_absent) AS x (name)
        ),
        CASE WHEN v_joined THEN format('LEFT JOIN %s AS h ON %s', p_plan.target,
            waybill.equal_on(p_plan.natural_key, 'h', 'a')) END,
        waybill.generated_columns(p_plan));
END
$$;
