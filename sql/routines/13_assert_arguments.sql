-- The arguments of register_dataset are checked one by one, so that a mistake fails the
-- registration with the name of the argument, and not every file after it.

CREATE OR REPLACE FUNCTION waybill.has_columns(p_table regclass, p_names text[]) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN NOT EXISTS (
    SELECT FROM unnest(p_names) AS n
    WHERE NOT EXISTS (
        SELECT FROM pg_attribute AS a
        WHERE a.attrelid = p_table AND a.attname = n AND a.attnum > 0 AND NOT a.attisdropped)
);

CREATE OR REPLACE FUNCTION waybill.has_column_of(p_table regclass, p_name text, p_type text)
RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN EXISTS (
    SELECT FROM pg_attribute AS a
    WHERE a.attrelid = p_table AND a.attname = p_name AND a.attnum > 0 AND NOT a.attisdropped
        AND format_type(a.atttypid, NULL) = p_type
);

CREATE OR REPLACE FUNCTION waybill.is_referenced(p_table regclass) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN EXISTS (
    SELECT FROM pg_constraint AS c WHERE c.contype = 'f' AND c.confrelid = p_table
);

-- The problem of a lookup strategy, or null.
CREATE OR REPLACE FUNCTION waybill.lookup_problem(p_table regclass, p_name text, p_lookup jsonb)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN CASE
    WHEN p_name !~ '^[a-z][a-z0-9-]*$' OR p_name = 'compare'
        THEN 'is no name of a strategy'
    WHEN NOT coalesce(jsonb_typeof(p_lookup -> 'columns') = 'array'
            AND p_lookup -> 'columns' <> '[]', false)
        THEN 'needs a list of columns'
    WHEN NOT waybill.has_columns(p_table, ARRAY(
            SELECT jsonb_array_elements_text(p_lookup -> 'columns')
            UNION ALL
            SELECT jsonb_object_keys(p_lookup -> 'filters')
            UNION ALL
            SELECT jsonb_object_keys(p_lookup -> 'where')))
        THEN format('names a column that %s does not have', p_table)
    WHEN p_lookup ? 'index'
        AND NOT p_lookup -> 'columns' ?
            coalesce((waybill.index_key(
                waybill.index_of_table(p_table, p_lookup ->> 'index')))[1], '')
        THEN format('needs an index of %s that begins with one of its columns', p_table)
    WHEN p_lookup - '{columns,filters,where,index,cached}'::text[] <> '{}'
        THEN 'has an unknown field'
END;

-- The problem of the first lookup strategy that has one, or null.
CREATE OR REPLACE FUNCTION waybill.lookups_problem(p_dataset waybill.datasets) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT format('lookups: %s %s', l.key, waybill.lookup_problem(p_dataset.target, l.key, l.value))
    FROM jsonb_each(p_dataset.lookups) AS l
    WHERE waybill.lookup_problem(p_dataset.target, l.key, l.value) IS NOT NULL
    ORDER BY l.key
    LIMIT 1
);

-- The problem of drift and rescued, or null.
CREATE OR REPLACE FUNCTION waybill.drift_problem(p_dataset waybill.datasets) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN CASE
    WHEN p_dataset.drift <> 'refuse' AND p_dataset.document IS NOT NULL
        THEN 'drift: a document takes any fields'
    WHEN p_dataset.drift <> 'refuse' AND p_dataset.header = 'absent'
        THEN 'drift: without a header, other columns have no names'
    WHEN (p_dataset.drift = 'rescue') <> (p_dataset.rescued IS NOT NULL)
        THEN 'rescued: drift => ''rescue'' needs a column for what it keeps, and only that does'
    WHEN p_dataset.rescued IS NULL
        THEN NULL
    WHEN NOT waybill.has_column_of(p_dataset.target, p_dataset.rescued, 'jsonb')
        THEN 'rescued: a column of type jsonb is needed'
    WHEN EXISTS (
        SELECT FROM pg_attribute AS a
        WHERE a.attrelid = p_dataset.target AND a.attname = p_dataset.rescued
            AND (a.attnotnull OR a.attgenerated <> ''))
        THEN 'rescued: the column must be nullable, since most records keep nothing'
    WHEN p_dataset.rescued IN (p_dataset.provenance, p_dataset.content_key)
        OR p_dataset.rescued = ANY (p_dataset.natural_key)
        THEN 'rescued: the column has another purpose'
    WHEN p_dataset.personal <> '{}' AND p_dataset.rescued <> ALL (p_dataset.personal)
        THEN 'rescued: must be one of the personal columns, since files may add personal data'
END;

-- The problem of one argument, or null. Runs after the row was written, so that defaults are in.
CREATE OR REPLACE FUNCTION waybill.argument_problem(p_dataset waybill.datasets) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN CASE
    WHEN array_position(p_dataset.null_words, NULL) IS NOT NULL
        THEN 'null_words: a word is NULL; write ''{"NULL"}'' for the text NULL'
    WHEN array_position(p_dataset.natural_key, NULL) IS NOT NULL
        THEN 'natural_key: a name is NULL'
    WHEN NOT waybill.has_columns(p_dataset.target, p_dataset.personal)
        THEN format('personal: %s has no such columns', p_dataset.target)
    WHEN NOT waybill.has_columns(p_dataset.target, p_dataset.searchable)
        THEN format('searchable: %s has no such columns', p_dataset.target)
    WHEN p_dataset.searchable <> '{}' AND p_dataset.natural_key = '{}'
        THEN 'searchable: pages of rows need a natural key to continue from'
    WHEN waybill.lookups_problem(p_dataset) IS NOT NULL
        THEN waybill.lookups_problem(p_dataset)
    WHEN jsonb_typeof(p_dataset.aliases) <> 'object'
        OR p_dataset.aliases @? '$.* ? (@.type() != "string")'
        THEN 'aliases: a JSON object is needed that names a column for each header name'
    WHEN isempty(p_dataset.partition_range)
        THEN 'partition_range: the range is empty'
    WHEN p_dataset.content_key IS NOT NULL
        AND NOT waybill.has_column_of(p_dataset.target, p_dataset.content_key, 'text')
        THEN 'content_key: a column of type text is needed'
    WHEN p_dataset.provenance IS NOT NULL
        AND NOT waybill.has_column_of(p_dataset.target, p_dataset.provenance, 'jsonb')
        THEN 'provenance: a column of type jsonb is needed'
    WHEN p_dataset.document IS NOT NULL
        AND NOT waybill.has_column_of(p_dataset.target, p_dataset.document, 'jsonb')
        THEN 'document: a column of type jsonb is needed'
    WHEN waybill.drift_problem(p_dataset) IS NOT NULL
        THEN waybill.drift_problem(p_dataset)
    WHEN p_dataset.encoding NOT IN
            ('utf-8', 'latin-1', 'windows-1252', 'utf-16-le', 'utf-16-be')
        THEN format('encoding: %L is not utf-8, latin-1, windows-1252, utf-16-le or utf-16-be',
            p_dataset.encoding)
    WHEN p_dataset.write_disposition = 'merge' AND p_dataset.natural_key = '{}'
        THEN 'write_disposition: merge needs a natural key'
    WHEN p_dataset.partition_unit IS NOT NULL
        AND waybill.default_unit(p_dataset.target) IS NULL
        THEN 'partition_unit: the table is not partitioned by range of one time column'
    WHEN p_dataset.history_unit = 'month' AND p_dataset.partition_unit IS DISTINCT FROM 'day'
        OR p_dataset.history_unit = 'year'
            AND coalesce(p_dataset.partition_unit, 'year') = 'year'
        THEN 'history_unit: must be longer than the unit of the partitions'
    WHEN p_dataset.history_unit IS NOT NULL AND waybill.is_referenced(p_dataset.target)
        THEN 'history_unit: other tables refer to the table, so its partitions stay'
    WHEN p_dataset.replace_scope = 'partition' AND p_dataset.partition_unit IS NULL
        THEN 'replace_scope: the table has no partitions by time'
END;

-- An argument that takes one of a few words.
CREATE OR REPLACE FUNCTION waybill.assert_word(p_argument text, p_word text, p_words text[])
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF p_word <> ALL (p_words) THEN
        RAISE EXCEPTION '%: % is not one of %.', p_argument, quote_literal(p_word),
            array_to_string(p_words, ', ') USING ERRCODE = 'WB005';
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION waybill.assert_arguments(p_dataset text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_dataset waybill.datasets;
    v_problem text;
BEGIN
    SELECT * INTO v_dataset FROM waybill.datasets WHERE name = p_dataset;
    v_problem := waybill.argument_problem(v_dataset);
    IF v_problem IS NOT NULL THEN
        RAISE EXCEPTION '%.', v_problem USING ERRCODE = 'WB005';
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION waybill.assert_aliases(p_dataset text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_unknown text;
    v_alias text;
BEGIN
    SELECT string_agg(a.value, ', ') INTO v_unknown
    FROM waybill.datasets AS d, jsonb_each_text(d.aliases) AS a
    WHERE d.name = p_dataset
        AND NOT EXISTS (
            SELECT FROM pg_attribute AS c
            WHERE c.attrelid = d.target AND c.attname = a.value AND c.attnum > 0);
    IF v_unknown IS NOT NULL THEN
        RAISE EXCEPTION 'aliases of %: there is no column %.', p_dataset, v_unknown
            USING ERRCODE = 'WB005';
    END IF;
    -- The column's own name would win, and the alias mean nothing.
    SELECT a.key INTO v_alias
    FROM waybill.datasets AS d
    CROSS JOIN jsonb_each_text(d.aliases) AS a
    JOIN pg_attribute AS c ON c.attrelid = d.target
    WHERE d.name = p_dataset
        AND c.attnum > 0
        AND lower(c.attname) = a.key
        AND c.attname <> a.value
    LIMIT 1;
    IF v_alias IS NOT NULL THEN
        RAISE EXCEPTION 'aliases of %: % is the name of another column.', p_dataset, v_alias
            USING ERRCODE = 'WB005';
    END IF;
END
$$;
