-- Rules that are written in SQL, and look-ups in other datasets: checked when they are declared.

-- A condition as PostgreSQL prints it, or its problem. It is tried as a generated column, which
-- may use the columns of its row and immutable functions: no subquery, no other table.
CREATE OR REPLACE FUNCTION waybill.compile_condition(p_table regclass, p_condition text,
    OUT compiled text, OUT problem text)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_foreign text;
    v_cursor refcursor;
BEGIN
    EXECUTE format('CREATE TEMP TABLE waybill_condition (%s)', (
        SELECT string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', '
            ORDER BY a.attnum)
        FROM pg_attribute AS a
        WHERE a.attrelid = p_table AND a.attnum > 0 AND NOT a.attisdropped
            AND a.attgenerated = '' AND a.attname <> '_landed'));
    -- A text that ends the expression and goes on with another statement is no query. Opening it
    -- parses and plans it; nothing is read.
    OPEN v_cursor FOR EXECUTE format('SELECT (%s) FROM pg_temp.waybill_condition', p_condition);
    CLOSE v_cursor;
    EXECUTE format('ALTER TABLE pg_temp.waybill_condition'
        ' ADD COLUMN _waybill_holds boolean GENERATED ALWAYS AS (%s) STORED', p_condition);
    SELECT pg_get_expr(d.adbin, d.adrelid), (
            SELECT min(CASE p.refclassid
                WHEN 'pg_proc'::regclass THEN p.refobjid::regprocedure::text
                ELSE p.refobjid::regoperator::text END)
            FROM pg_depend AS p
            WHERE p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid
                AND p.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass))
    INTO STRICT compiled, v_foreign
    FROM pg_attrdef AS d
    WHERE d.adrelid = 'pg_temp.waybill_condition'::regclass;
    -- What is PostgreSQL's own leaves no dependency. An operator calls its function.
    IF v_foreign IS NOT NULL THEN
        problem := format('%s is not a function or operator of PostgreSQL', v_foreign);
    END IF;
    DROP TABLE pg_temp.waybill_condition;
EXCEPTION
    WHEN invalid_cursor_definition OR too_many_rows OR no_data_found THEN
        problem := 'one expression is needed';
    WHEN syntax_error_or_access_rule_violation OR feature_not_supported OR data_exception THEN
        problem := SQLERRM;
END
$$;

-- The rules with their SQL as it runs.
CREATE OR REPLACE FUNCTION waybill.compiled_rules(p_name text, p_table regclass, p_rules jsonb)
RETURNS jsonb
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_compiled text;
    v_problem text;
BEGIN
    IF jsonb_typeof(p_rules) <> 'object' OR NOT p_rules ? 'where' THEN
        RETURN p_rules;
    ELSIF jsonb_typeof(p_rules -> 'where') <> 'string' THEN
        v_problem := 'an SQL condition is needed, as text';
    ELSE
        SELECT c.compiled, c.problem INTO v_compiled, v_problem
        FROM waybill.compile_condition(p_table, p_rules ->> 'where') AS c;
    END IF;
    IF v_problem IS NOT NULL THEN
        RAISE EXCEPTION 'transformation of %: where: %.', p_name, v_problem
            USING ERRCODE = 'WB005';
    END IF;
    RETURN p_rules || jsonb_build_object('where', v_compiled);
END
$$;

-- Duplicates are left out where nothing else tells records apart: of a key the later line counts.
CREATE OR REPLACE FUNCTION waybill.duplicates_problem(p_dataset waybill.datasets, p_names jsonb)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN CASE
    WHEN p_dataset.natural_key <> '{}'
        THEN 'drop_duplicates: of records with one key the later one counts already'
    WHEN p_dataset.write_disposition <> 'append'
        THEN 'drop_duplicates: a file that replaces the table is taken as it is'
    ELSE waybill.name_list_problem(p_dataset, 'drop_duplicates', p_names)
END;

-- The columns of a table that identify one row: its key, or those of a unique index.
CREATE OR REPLACE FUNCTION waybill.identifies_row(p_dataset waybill.datasets, p_columns text[])
RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN p_dataset.natural_key <> '{}'
        AND p_dataset.natural_key @> p_columns AND p_columns @> p_dataset.natural_key
    OR EXISTS (
        SELECT FROM pg_index AS i
        WHERE i.indrelid = p_dataset.target AND i.indisunique AND i.indisvalid
            AND i.indpred IS NULL AND i.indexprs IS NULL
            AND waybill.column_names(i.indrelid, i.indkey::smallint[]) @> p_columns
            AND p_columns @> waybill.column_names(i.indrelid, i.indkey::smallint[]));

CREATE OR REPLACE FUNCTION waybill.same_type(p_left regclass, p_column text, p_right regclass,
    p_other text)
RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN EXISTS (
    SELECT FROM pg_attribute AS l
    JOIN pg_attribute AS r ON r.atttypid = l.atttypid AND r.atttypmod = l.atttypmod
    WHERE l.attrelid = p_left AND l.attname = p_column AND NOT l.attisdropped AND l.attnum > 0
        AND r.attrelid = p_right AND r.attname = p_other AND NOT r.attisdropped AND r.attnum > 0);

-- The problem of one look-up, or null: `{"dataset": …, "take": …, "on": {"their": "ours"}}`.
CREATE OR REPLACE FUNCTION waybill.enrich_problem(p_dataset waybill.datasets, p_column text,
    p_enrich jsonb)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_from waybill.datasets;
    v_on CONSTANT jsonb := CASE WHEN jsonb_typeof(p_enrich) = 'object' THEN p_enrich -> 'on' END;
BEGIN
    IF jsonb_typeof(v_on) IS DISTINCT FROM 'object' OR v_on = '{}'
        OR p_enrich - '{dataset,take,on}'::text[] <> '{}'
    THEN
        RETURN 'a dataset, a column to take, and pairs of columns under on are needed';
    ELSIF p_column = ANY (p_dataset.natural_key)
        OR NOT EXISTS (SELECT FROM waybill.rule_columns(p_dataset) AS c WHERE c.name = p_column)
    THEN
        RETURN 'this is not a column outside the key';
    ELSIF EXISTS (
        SELECT FROM pg_constraint AS c
        WHERE c.conrelid = p_dataset.target AND c.contype = 'f'
            AND p_column = ANY (waybill.column_names(c.conrelid, c.conkey)))
        OR waybill.partitioning(p_dataset) ->> 'column' = p_column
    THEN
        RETURN 'a foreign key or the partitions need the column';
    END IF;
    SELECT * INTO v_from FROM waybill.datasets WHERE name = p_enrich ->> 'dataset';
    RETURN CASE
        WHEN v_from.name IS NULL OR v_from.name = p_dataset.name
            THEN format('there is no other dataset %s', p_enrich -> 'dataset')
        WHEN NOT waybill.same_type(v_from.target, p_enrich ->> 'take', p_dataset.target, p_column)
            THEN format('%s has no column %s of the same type', v_from.name, p_enrich -> 'take')
        WHEN NOT waybill.identifies_row(v_from, ARRAY(SELECT jsonb_object_keys(v_on)))
            THEN format('the columns of on do not identify a row of %s', v_from.name)
        ELSE (
            SELECT min(CASE
                WHEN NOT waybill.same_type(v_from.target, o.key, p_dataset.target, o.value)
                    THEN format('%s and %s are not of the same type', o.key, o.value)
                ELSE format('%s may be missing in a file', o.value)
            END)
            FROM jsonb_each_text(v_on) AS o
            WHERE NOT waybill.same_type(v_from.target, o.key, p_dataset.target, o.value)
                OR NOT EXISTS (
                    SELECT FROM jsonb_array_elements(waybill.contract_columns(p_dataset)) AS c (col)
                    WHERE c.col ->> 'name' = o.value AND (c.col ->> 'required')::boolean))
    END;
END
$$;

CREATE OR REPLACE FUNCTION waybill.enrichments_problem(p_dataset waybill.datasets,
    p_enrichments jsonb)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN CASE
    WHEN jsonb_typeof(p_enrichments) <> 'object'
        THEN 'enrich: a JSON object is needed, with a look-up for each column'
    ELSE (
        SELECT min(format('enrich, %s: %s', e.key,
            waybill.enrich_problem(p_dataset, e.key, e.value)))
        FROM jsonb_each(p_enrichments) AS e
        WHERE waybill.enrich_problem(p_dataset, e.key, e.value) IS NOT NULL
    )
END;
