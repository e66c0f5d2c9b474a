-- The unique indexes of a table other than that of the natural key, and the keys that records and
-- rows have in them.

-- The columns that an index reads, in keys, expressions and predicate.
CREATE OR REPLACE FUNCTION waybill.index_columns(p_index regclass) RETURNS text[]
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN ARRAY(
    SELECT a.attname::text
    FROM pg_index AS i
    JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum > 0
    WHERE i.indexrelid = p_index
        AND (
            a.attnum = ANY (i.indkey::smallint[])
            OR EXISTS (
                SELECT FROM pg_depend AS d
                WHERE d.classid = 'pg_class'::regclass
                    AND d.objid = i.indexrelid
                    AND d.refclassid = 'pg_class'::regclass
                    AND d.refobjid = i.indrelid
                    AND d.refobjsubid = a.attnum
            )
        )
);

-- Unique indexes that the file may break. One that leads to rows of one natural key cannot be,
-- since a merge writes one row for each key.
CREATE OR REPLACE FUNCTION waybill.unique_indexes(p_plan waybill.merge_plan)
RETURNS SETOF regclass
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT i.indexrelid::regclass
    FROM pg_index AS i
    WHERE i.indrelid = (p_plan).target
        AND i.indisunique
        AND (
            (p_plan).natural_key = '{}'
            OR i.indpred IS NOT NULL
            OR i.indexprs IS NOT NULL
            OR NOT waybill.column_names(i.indrelid, i.indkey::smallint[])
                @> (p_plan).natural_key
        )
        AND waybill.index_columns(i.indexrelid) && waybill.updated_columns(p_plan)
        -- A number that the table draws itself is new.
        AND NOT EXISTS (
            SELECT FROM pg_attribute AS a
            LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
            WHERE a.attrelid = i.indrelid
                AND a.attname = ANY (waybill.index_columns(i.indexrelid))
                AND a.attname <> ALL (waybill.updated_columns(p_plan))
                AND (a.attidentity <> '' OR pg_get_expr(d.adbin, d.adrelid) LIKE '%nextval(%')
        )
    ORDER BY i.indexrelid;
END;

-- The keys of an index as expressions over a row, named k1, k2, …, of the rows that it has.
CREATE OR REPLACE FUNCTION waybill.index_keys(p_index regclass, p_columns text, p_from text)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT format('SELECT * FROM (SELECT %s, %s FROM %s WHERE %s) AS x WHERE %s',
        p_columns,
        string_agg(format('%s AS _waybill_k%s', pg_get_indexdef(p_index, k, false), k), ', '
            ORDER BY k),
        p_from,
        coalesce(min(pg_get_expr(i.indpred, i.indrelid)), 'true'),
        CASE WHEN bool_or(i.indnullsnotdistinct) THEN 'true'
            ELSE string_agg(format('_waybill_k%s IS NOT NULL', k), ' AND ') END)
    FROM pg_index AS i
    CROSS JOIN generate_series(1, i.indnkeyatts::integer) AS k
    WHERE i.indexrelid = p_index
);

CREATE OR REPLACE FUNCTION waybill.new_keys(p_plan waybill.merge_plan, p_index regclass)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN waybill.index_keys(p_index, '_waybill_line, _waybill_class',
    format('(SELECT r.*%s FROM pg_temp.merge_records AS r'
        ' WHERE r._waybill_class IN (''insert'', ''update'')) AS s',
        CASE WHEN waybill.reads_generated(p_plan,
                jsonb_build_object('columns', to_jsonb(waybill.index_columns(p_index))))
            THEN waybill.generated_columns(p_plan) ELSE '' END));

-- The keys that the rows of updates have now.
CREATE OR REPLACE FUNCTION waybill.old_keys(p_plan waybill.merge_plan, p_index regclass)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN waybill.index_keys(p_index, '_waybill_line',
    format('(SELECT s._waybill_line, h.* FROM pg_temp.merge_records AS s JOIN %s AS h ON %s'
        ' WHERE s._waybill_class = ''update'') AS o',
        (p_plan).target, waybill.equal_on((p_plan).natural_key, 'h', 's')));

CREATE OR REPLACE FUNCTION waybill.same_keys(p_index regclass, p_left text, p_right text)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT string_agg(format('%1$s._waybill_k%3$s %4$s %2$s._waybill_k%3$s', p_left, p_right, k,
        CASE WHEN i.indnullsnotdistinct THEN 'IS NOT DISTINCT FROM' ELSE '=' END), ' AND ')
    FROM pg_index AS i
    CROSS JOIN generate_series(1, i.indnkeyatts::integer) AS k
    WHERE i.indexrelid = p_index
);
