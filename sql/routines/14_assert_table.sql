-- What a table must be to be registered.

-- A table of another owner could be neither written nor given its stamp, and its files would wait
-- forever.
CREATE OR REPLACE FUNCTION waybill.assert_owned(p_table regclass) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_owner CONSTANT regrole := (SELECT relowner FROM pg_class WHERE oid = p_table);
BEGIN
    IF v_owner <> 'waybill_owner'::regrole THEN
        RAISE EXCEPTION '% belongs to %.', p_table, v_owner USING ERRCODE = 'WB005',
            HINT = format('ALTER TABLE %s OWNER TO waybill_owner;', p_table);
    END IF;
END
$$;

-- A view or a foreign table cannot be merged into.
CREATE OR REPLACE FUNCTION waybill.assert_table(p_table regclass) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF (SELECT relkind FROM pg_class WHERE oid = p_table) NOT IN ('r', 'p') THEN
        RAISE EXCEPTION '% is not a table.', p_table USING ERRCODE = 'WB005';
    END IF;
END
$$;

-- The merge adds columns of its own beside the table's. Their prefix is reserved, and a table has
-- room for them below PostgreSQL's limit of 1,600 columns.
CREATE OR REPLACE FUNCTION waybill.assert_free_names(p_table regclass) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_column text;
    v_columns bigint;
BEGIN
    SELECT min(a.attname)
            FILTER (WHERE a.attname LIKE '\_waybill\_%' OR a.attname = '_landed'
                AND coalesce(col_description(p_table, a.attnum), '') NOT LIKE 'Order of landing%'),
        count(*)
    INTO v_column, v_columns
    FROM pg_attribute AS a
    WHERE a.attrelid = p_table AND a.attnum > 0 AND NOT a.attisdropped;
    IF v_column IS NOT NULL THEN
        RAISE EXCEPTION 'The column % of % has a name that Waybill uses itself.', v_column, p_table
            USING ERRCODE = 'WB005', HINT = format('ALTER TABLE %s RENAME COLUMN %I TO …;',
                p_table, v_column);
    ELSIF v_columns > 1590 THEN
        RAISE EXCEPTION '% has % columns; 1,590 can be loaded.', p_table, v_columns
            USING ERRCODE = 'WB005';
    END IF;
END
$$;

-- Whether only the table itself fills one of these columns.
CREATE OR REPLACE FUNCTION waybill.is_filled_by_table(p_table regclass, p_names text[])
RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN EXISTS (
    SELECT FROM pg_attribute AS a
    WHERE a.attrelid = p_table
        AND a.attname = ANY (p_names)
        AND (a.attgenerated <> '' OR a.attidentity = 'a')
);

-- A natural key that no index leads with would make every merge scan the table, and one that may
-- be null identifies nothing.
CREATE OR REPLACE FUNCTION waybill.assert_natural_key(p_table regclass, p_key text[])
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_nullable text;
BEGIN
    SELECT string_agg(coalesce(k, 'NULL'), ', ') INTO v_nullable FROM unnest(p_key) AS k
    WHERE NOT EXISTS (
        SELECT FROM pg_attribute AS a
        WHERE a.attrelid = p_table AND a.attname = k AND a.attnotnull);
    IF v_nullable IS NOT NULL THEN
        RAISE EXCEPTION 'natural_key of %: % must be columns that are NOT NULL.', p_table,
            v_nullable USING ERRCODE = 'WB005';
    END IF;
    IF waybill.is_filled_by_table(p_table, p_key) THEN
        RAISE EXCEPTION 'natural_key of %: files cannot fill (%), since the table does.', p_table,
            array_to_string(p_key, ', ') USING ERRCODE = 'WB005';
    END IF;
    IF NOT EXISTS (
        SELECT FROM pg_index AS i
        WHERE i.indrelid = p_table AND i.indpred IS NULL
            AND (waybill.column_names(p_table, i.indkey::smallint[]))[1:cardinality(p_key)]
                @> p_key)
    THEN
        RAISE EXCEPTION 'natural_key of %: no index leads with (%).', p_table,
            array_to_string(p_key, ', ') USING ERRCODE = 'WB005';
    END IF;
END
$$;

-- A row whose time changes moves to another partition. PostgreSQL fires row triggers for DELETE
-- then, although nothing was deleted.
CREATE OR REPLACE FUNCTION waybill.assert_no_delete_trigger(p_table regclass, p_key text[])
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_trigger text;
BEGIN
    SELECT min(t.tgname) INTO v_trigger
    FROM pg_trigger AS t
    JOIN pg_partitioned_table AS p ON p.partrelid = t.tgrelid
    WHERE t.tgrelid = p_table
        AND NOT t.tgisinternal
        -- Bits of tgtype: 1 for each row, 8 on delete.
        AND t.tgtype & 9 = 9
        AND EXISTS (
            SELECT FROM unnest(p.partattrs) AS k (number)
            LEFT JOIN pg_attribute AS a ON a.attrelid = p_table AND a.attnum = k.number
            WHERE a.attname IS NULL OR a.attname <> ALL (p_key)
        )
        AND p_key <> '{}';
    IF v_trigger IS NOT NULL THEN
        RAISE EXCEPTION 'The trigger % of % would take a row that moves between partitions for'
            ' a deleted one.', v_trigger, p_table
            USING ERRCODE = 'WB005',
            HINT = 'Make it a statement trigger, or partition by columns of the natural key.';
    END IF;
END
$$;
