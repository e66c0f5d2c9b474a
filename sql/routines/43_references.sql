-- References are checked as a set; a record whose parent is not there yet is pending.

-- The foreign keys whose columns the file has.
CREATE OR REPLACE FUNCTION waybill.merge_references(m waybill.merge_plan) RETURNS SETOF jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog
BEGIN ATOMIC
    SELECT r FROM jsonb_array_elements((m).contract -> 'references') AS r
    WHERE to_jsonb((m).cols) @> (r -> 'columns');
END;

-- A reference with a null in it refers to nothing (MATCH SIMPLE).
CREATE OR REPLACE FUNCTION waybill.all_filled(ref jsonb, alias text) RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog
RETURN (SELECT string_agg(format('%s.%I IS NOT NULL', alias, c), ' AND ')
    FROM jsonb_array_elements_text(ref -> 'columns') AS c);

CREATE OR REPLACE FUNCTION waybill.parent_match(ref jsonb, parent text, child text)
RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog
RETURN (SELECT string_agg(format('%s.%I = %s.%I', parent, t, child, c), ' AND ')
    FROM ROWS FROM (jsonb_array_elements_text(ref -> 'columns'),
        jsonb_array_elements_text(ref -> 'to')) AS x (c, t));

-- Lock the parents that the records in `records` name, until the commit; returns the parent
-- table. Without the lock a parent could be deleted between this check and our commit, and
-- the row would be an orphan. KEY SHARE leaves readers and writers of other columns alone.
CREATE OR REPLACE FUNCTION waybill.lock_parents(m waybill.merge_plan, ref jsonb,
    records text)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    parent CONSTANT text := (ref ->> 'table')::regclass::text;
    columns CONSTANT text :=
        waybill.ident_list(ARRAY(SELECT jsonb_array_elements_text(ref -> 'columns')));
BEGIN
    EXECUTE format('SELECT count(*) FROM (SELECT FROM %s AS p, (SELECT DISTINCT %s FROM %s AS s'
        ' WHERE %s) AS c WHERE %s FOR KEY SHARE OF p) AS locked', parent, columns, records,
        waybill.all_filled(ref, 's'), waybill.parent_match(ref, 'p', 'c'));
    RETURN parent;
END
$$;

CREATE OR REPLACE FUNCTION waybill.set_pending(m waybill.merge_plan) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    ref jsonb;
    found bigint;
    more boolean := true;
    again boolean := false;
BEGIN
    FOR ref IN SELECT waybill.merge_references(m) LOOP
        again := again OR (ref ->> 'table')::regclass = m.target;
        PERFORM waybill.lock_parents(m, ref,
            '(SELECT * FROM pg_temp.merge_records WHERE _cls IN (''i'', ''u''))');
    END LOOP;
    -- Of a table that refers to itself the parent may be in the same file, and may be
    -- pending itself: its children then are too, so look until nothing more is found.
    WHILE more LOOP
        more := false;
        FOR ref IN SELECT waybill.merge_references(m) LOOP
            EXECUTE format('UPDATE pg_temp.merge_records AS s SET _cls = ''p'', _missing = %L'
                ' WHERE s._cls IN (''i'', ''u'') AND %s'
                ' AND NOT EXISTS (SELECT FROM %s AS p WHERE %s)'
                ' AND NOT EXISTS (SELECT FROM pg_temp.merge_records AS q'
                ' WHERE %s AND q._cls IN (''i'', ''u''))',
                ref, waybill.all_filled(ref, 's'), (ref ->> 'table')::regclass,
                waybill.parent_match(ref, 'p', 's'),
                CASE WHEN (ref ->> 'table')::regclass = m.target
                    THEN waybill.parent_match(ref, 'q', 's') ELSE 'false' END);
            GET DIAGNOSTICS found = ROW_COUNT;
            more := more OR again AND found > 0;
        END LOOP;
    END LOOP;
END
$$;
