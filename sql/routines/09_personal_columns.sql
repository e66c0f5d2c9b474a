-- Personal data: which columns have it, and how a value looks to a caller without the right.

-- The personal columns of a dataset: those that its file declares, generated columns that are
-- computed from one, and the hash of a content that contains one.
CREATE OR REPLACE FUNCTION waybill.personal_columns(p_dataset waybill.datasets) RETURNS text[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF p_dataset.personal = '{}' THEN
        RETURN '{}';
    END IF;
    RETURN ARRAY(
        SELECT a.attname::text
        FROM pg_attribute AS a
        WHERE a.attrelid = p_dataset.target
            AND a.attnum > 0
            AND NOT a.attisdropped
            AND (
                a.attname = ANY (p_dataset.personal)
                OR a.attname = p_dataset.content_key
                OR a.attgenerated <> '' AND EXISTS (
                    SELECT FROM pg_attrdef AS d
                    JOIN pg_depend AS x
                        ON x.classid = 'pg_attrdef'::regclass AND x.objid = d.oid
                    JOIN pg_attribute AS r
                        ON r.attrelid = x.refobjid AND r.attnum = x.refobjsubid
                    WHERE d.adrelid = a.attrelid
                        AND d.adnum = a.attnum
                        AND x.refclassid = 'pg_class'::regclass
                        AND x.refobjid = a.attrelid
                        AND r.attname = ANY (p_dataset.personal)
                )
            )
        ORDER BY a.attnum
    );
END
$$;

-- The same by the dataset's name; none for a dataset that is not registered.
CREATE OR REPLACE FUNCTION waybill.personal_columns_of(p_dataset text) RETURNS text[]
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN coalesce(
    (SELECT waybill.personal_columns(d) FROM waybill.datasets AS d WHERE d.name = p_dataset), '{}');

-- What is shown in place of a personal value.
CREATE OR REPLACE FUNCTION waybill.mask() RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN '[masked]';

-- A JSON object with the values of these columns masked; null stays null, and what is
-- no object (a record that could not be read) has no values.
CREATE OR REPLACE FUNCTION waybill.masked(p_row jsonb, p_columns text[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN CASE
    WHEN p_columns <> '{}' AND jsonb_typeof(p_row) = 'object'
        THEN p_row || coalesce((
            SELECT jsonb_object_agg(c.name, waybill.mask())
            FROM unnest(p_columns) AS c (name)
            WHERE p_row -> c.name <> 'null'
        ), '{}')
    ELSE p_row
END;
