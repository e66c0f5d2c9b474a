-- The tables with which Athena reads the lake.

-- The type of Athena for a column of the files, which have the types of `waybill/tables/writers.py`.
CREATE OR REPLACE FUNCTION waybill.athena_type(p_column jsonb) RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN CASE p_column ->> 'kind'
    WHEN 'bool' THEN 'boolean'
    WHEN 'int2' THEN 'smallint'
    WHEN 'int4' THEN 'int'
    WHEN 'int8' THEN 'bigint'
    WHEN 'float4' THEN 'float'
    WHEN 'float8' THEN 'double'
    WHEN 'date' THEN 'date'
    WHEN 'timestamp' THEN 'timestamp'
    WHEN 'timestamptz' THEN 'timestamp'
    WHEN 'numeric' THEN CASE
        WHEN (p_column ->> 'precision')::int <= 38
            AND (p_column ->> 'scale')::int BETWEEN 0 AND (p_column ->> 'precision')::int
        THEN format('decimal(%s,%s)', p_column ->> 'precision', p_column ->> 'scale')
        ELSE 'string' END
    ELSE 'string'
END;

-- The type that reads files of each of these types; null if none does.
CREATE OR REPLACE FUNCTION waybill.common_athena_type(p_types text[]) RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN CASE
    WHEN cardinality(p_types) = 1 THEN p_types[1]
    WHEN p_types <@ '{smallint,int}' THEN 'int'
    WHEN p_types <@ '{smallint,int,bigint}' THEN 'bigint'
    WHEN p_types <@ '{float,double}' THEN 'double'
END;

-- The longest of the units by which partitions of the dataset are, or will be, in folders.
CREATE OR REPLACE FUNCTION waybill.lake_unit(p_dataset waybill.datasets) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT u.unit
    FROM unnest('{year,month,day}'::text[]) WITH ORDINALITY AS u (unit, place)
    WHERE u.unit IN (p_dataset.partition_unit, p_dataset.history_unit)
        OR u.unit IN (
            SELECT a.unit FROM waybill.archived_partitions AS a
            WHERE a.dataset = p_dataset.name AND a.has_files)
    ORDER BY u.place
    LIMIT 1
);

-- The columns of the dataset's files by name in lower case, as Athena knows them, with a type, or
-- why they are left out. `p_folders` are the columns that the folders are.
CREATE OR REPLACE FUNCTION waybill.athena_columns(p_dataset waybill.datasets, p_folders text[],
    OUT name text, OUT type text, OUT reason text)
RETURNS SETOF record
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH stored AS (
        SELECT c.col ->> 'name' AS name, waybill.athena_type(c.col) AS type, s.place + c.place AS place
        FROM (
            SELECT waybill.lake_columns(p_dataset.target), 0
            UNION ALL
            SELECT a.columns, 10000 FROM waybill.archived_partitions AS a
            WHERE a.dataset = p_dataset.name AND a.has_files
        ) AS s (columns, place)
        CROSS JOIN LATERAL jsonb_array_elements(s.columns) WITH ORDINALITY AS c (col, place)
    ), by_name AS (
        SELECT lower(s.name) AS name, count(DISTINCT s.name) AS names,
            array_agg(DISTINCT s.type) AS types, min(s.place) AS place
        FROM stored AS s
        GROUP BY lower(s.name)
    )
    SELECT b.name, waybill.common_athena_type(b.types), CASE
        WHEN b.name !~ '^[a-z0-9_]+$' THEN 'names in Athena have letters, digits and underscores'
        WHEN b.name = ANY (p_folders) THEN 'a folder has the name'
        WHEN b.names > 1 THEN 'several columns have the name, in upper and lower case'
        WHEN waybill.common_athena_type(b.types) IS NULL
            THEN 'files differ in its type: ' || array_to_string(b.types, ', ')
    END
    FROM by_name AS b
    ORDER BY b.place;
END;

-- The years in which a partition of the dataset may be, as `1700,2299`.
CREATE OR REPLACE FUNCTION waybill.lake_years(p_range daterange) RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN concat_ws(',',
    greatest(1, CASE WHEN isfinite(lower(p_range)) THEN extract(year FROM lower(p_range)) END),
    least(9999, CASE WHEN isfinite(upper(p_range)) THEN extract(year FROM upper(p_range) - 1) END));

-- The properties of the table. Athena computes the partitions from the query, and so finds new ones.
CREATE OR REPLACE FUNCTION waybill.athena_properties(p_dataset waybill.datasets,
    p_location text, p_folders text[])
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT string_agg(format($q$    '%s' = '%s'$q$, p.name, p.value), E',\n'
        ORDER BY p.place, p.name)
    FROM (
        VALUES (0, 'projection.enabled', 'true'),
            (9, 'storage.location.template',
                (SELECT p_location || string_agg(format('%1$s=${%1$s}/', f.name), '' ORDER BY f.place)
                    FROM unnest(p_folders) WITH ORDINALITY AS f (name, place)))
        UNION ALL
        SELECT f.place, format('projection.%s.%s', f.name, p.name), p.value
        FROM unnest(p_folders) WITH ORDINALITY AS f (name, place)
        CROSS JOIN LATERAL (VALUES
            ('type', 'integer'),
            ('range', CASE f.place WHEN 1 THEN waybill.lake_years(p_dataset.partition_range)
                WHEN 2 THEN '1,12' ELSE '1,31' END),
            ('digits', CASE f.place WHEN 1 THEN '4' ELSE '2' END)) AS p (name, value)
    ) AS p (place, name, value)
);

-- The labels of archived partitions that the table does not read: their folders have other names,
-- since the dataset's table had other columns, or are outside of its range.
CREATE OR REPLACE FUNCTION waybill.unread_partitions(p_dataset waybill.datasets) RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT coalesce(jsonb_agg(a.label ORDER BY a.lower), '[]')
    FROM waybill.archived_partitions AS a
    WHERE a.dataset = p_dataset.name AND a.has_files AND NOT (
        starts_with(a.folder, waybill.lake_folder(p_dataset.name, p_dataset.target,
            waybill.lake_unit(p_dataset), a.lower))
        AND extract(year FROM a.lower) BETWEEN
            split_part(waybill.lake_years(p_dataset.partition_range), ',', 1)::int
            AND split_part(waybill.lake_years(p_dataset.partition_range), ',', 2)::int)
);

-- The statement with which Athena gets the dataset's table, its columns that are left out, and the
-- partitions that it does not read. Null where nothing of the dataset is or can be archived.
CREATE OR REPLACE FUNCTION waybill.athena_table(p_dataset text, p_bucket text) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_dataset waybill.datasets;
    v_folder text;
    v_location text;
    v_folders text[];
BEGIN
    SELECT * INTO v_dataset FROM waybill.datasets AS d WHERE d.name = p_dataset;
    IF waybill.lake_unit(v_dataset) IS NULL
        OR waybill.lake_problem(v_dataset) IS NOT NULL AND NOT EXISTS (
            SELECT FROM waybill.archived_partitions AS a WHERE a.dataset = p_dataset AND a.has_files)
    THEN
        RETURN NULL;
    END IF;
    v_folder := waybill.lake_folder(p_dataset, v_dataset.target, waybill.lake_unit(v_dataset),
        '2000-01-01');
    v_location := format('s3://%s/%s', p_bucket, substring(v_folder, '^lake/[^/]+/'));
    v_folders := ARRAY(SELECT m.found[1]
        FROM regexp_matches(v_folder, '([a-z_]+)=[0-9]+/', 'g') WITH ORDINALITY AS m (found, place)
        ORDER BY m.place);
    RETURN (
        SELECT jsonb_build_object('statement', format(
$q$CREATE EXTERNAL TABLE `%s` (
%s
)
PARTITIONED BY (%s)
STORED AS PARQUET
LOCATION '%s'
TBLPROPERTIES (
%s
)$q$,
                p_dataset,
                string_agg(format('    `%s` %s', c.name, c.type), E',\n') FILTER (WHERE c.reason IS NULL),
                (SELECT string_agg(format('`%s` int', f), ', ') FROM unnest(v_folders) AS f),
                v_location, waybill.athena_properties(v_dataset, v_location, v_folders)),
            'left_out', coalesce(jsonb_agg(jsonb_build_object('column', c.name, 'reason', c.reason))
                FILTER (WHERE c.reason IS NOT NULL), '[]'),
            'not_read', waybill.unread_partitions(v_dataset))
        FROM waybill.athena_columns(v_dataset, v_folders) AS c);
END
$$;
