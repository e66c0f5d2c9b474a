-- Records that the database refuses are found as a set, before anything is written.

-- merge_rejects: one line per reason. Records in it take no further part.
CREATE OR REPLACE FUNCTION waybill.check_records(m waybill.merge_plan) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    DROP TABLE IF EXISTS pg_temp.merge_rejects;
    CREATE TEMP TABLE merge_rejects (line bigint, "column" text, code text, message text)
        ON COMMIT DROP;
    IF m.keeps_raw THEN
        PERFORM waybill.check_input(m);
        PERFORM waybill.check_constraints(m);
        IF m.contract ->> 'on_missing_parent' = 'reject' THEN
            PERFORM waybill.check_parents(m);
        END IF;
    END IF;
END
$$;

-- Types that the loader knows nothing of: the type's own input function decides.
CREATE OR REPLACE FUNCTION waybill.check_input(m waybill.merge_plan) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    col jsonb;
BEGIN
    FOR col IN SELECT x FROM jsonb_array_elements(m.contract -> 'columns') AS x
        WHERE x ->> 'name' = ANY (m.cols)
            AND NOT waybill.checked_by_loader(x ->> 'kind')
    LOOP
        EXECUTE format(
            'INSERT INTO pg_temp.merge_rejects SELECT s._line, %2$L, %3$L, e.message'
            ' FROM %4$s AS s, pg_input_error_info(s.%1$I, %5$L) AS e'
            ' WHERE s.%1$I IS NOT NULL AND e.sql_error_code IS NOT NULL',
            col ->> 'name', col ->> 'name', 'invalid_' || (col ->> 'kind'), m.source,
            col ->> 'type');
    END LOOP;
END
$$;

-- The records as rows of the table would be: columns that the file lacks have their default,
-- generated ones are computed, so that a constraint's own expression can be asked.
CREATE OR REPLACE FUNCTION waybill.as_rows(m waybill.merge_plan) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog
RETURN (
    SELECT format('(SELECT f.*%s FROM (SELECT _line, %s%s FROM %s AS s'
            ' WHERE NOT EXISTS (SELECT FROM pg_temp.merge_rejects AS b WHERE b.line = s._line)) AS f)',
        string_agg(format(', %s AS %I', pg_get_expr(d.adbin, d.adrelid), a.attname), '')
            FILTER (WHERE a.attgenerated <> ''),
        waybill.typed_columns(m),
        string_agg(format(', %s AS %I', CASE
                WHEN d.adbin IS NULL OR pg_get_expr(d.adbin, d.adrelid) LIKE '%nextval(%'
                THEN 'NULL::' || format_type(a.atttypid, a.atttypmod)
                ELSE pg_get_expr(d.adbin, d.adrelid) END, a.attname), '')
            FILTER (WHERE a.attgenerated = '' AND a.attname <> ALL ((m).cols)),
        (m).source)
    FROM pg_attribute AS a
    LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = (m).target AND a.attnum > 0 AND NOT a.attisdropped
);

CREATE OR REPLACE FUNCTION waybill.check_constraints(m waybill.merge_plan) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    con record;
BEGIN
    FOR con IN SELECT c.conname, pg_get_expr(c.conbin, c.conrelid) AS expression,
            CASE WHEN cardinality(c.conkey) = 1
                THEN (waybill.column_names(c.conrelid, c.conkey))[1] END AS single
        FROM pg_constraint AS c WHERE c.conrelid = m.target AND c.contype = 'c'
        ORDER BY c.conname
    LOOP
        BEGIN
            EXECUTE format('INSERT INTO pg_temp.merge_rejects SELECT _line, %L, %L, %L FROM %s AS r'
                ' WHERE (%s) IS FALSE', con.single, 'check_violation',
                format('violates %s: %s', con.conname, con.expression), waybill.as_rows(m),
                con.expression);
        EXCEPTION
            -- An expression that itself fails on some record (a division by zero): the
            -- write then finds that record one by one.
            WHEN data_exception THEN
                RAISE LOG 'check % could not be asked as a set: %', con.conname, SQLERRM;
        END;
    END LOOP;
END
$$;

-- For datasets whose contract refuses records without a parent, rather than keeping them.
CREATE OR REPLACE FUNCTION waybill.check_parents(m waybill.merge_plan) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    ref jsonb;
    parent text;
BEGIN
    FOR ref IN SELECT waybill.merge_references(m)
    LOOP
        parent := waybill.lock_parents(m, ref, m.source);
        EXECUTE format('INSERT INTO pg_temp.merge_rejects SELECT s._line, %L, %L, %L FROM %s AS s'
            ' WHERE %s AND NOT EXISTS (SELECT FROM %s AS p WHERE %s)'
            ' AND NOT EXISTS (SELECT FROM %s AS q WHERE %s)',
            ref -> 'columns' ->> 0, 'unknown_reference',
            format('has no parent in %s', ref ->> 'table'), m.source,
            waybill.all_filled(ref, 's'), parent, waybill.parent_match(ref, 'p', 's'),
            m.source, CASE WHEN (ref ->> 'table')::regclass = m.target
                THEN waybill.parent_match(ref, 'q', 's') ELSE 'false' END);
    END LOOP;
END
$$;
