-- Indexes of searchable columns: which are missing, invalid or no longer needed. They are built by
-- statements that the caller runs one by one, since CONCURRENTLY works outside transactions only.

-- Names begin with a prefix that tables do not use, and with a hash that tells columns apart.
CREATE OR REPLACE FUNCTION waybill.search_index_name(p_table regclass, p_column text) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT format('_waybill_search_%s_%s', left(md5(c.relname || '.' || p_column), 10),
        left(regexp_replace(lower(p_column), '[^a-z0-9]+', '_', 'g'), 30))
    FROM pg_class AS c
    WHERE c.oid = p_table
);

-- Whether an index of the table's own file or of ours leads with the column, for all rows.
CREATE OR REPLACE FUNCTION waybill.has_search_index(p_table regclass, p_column text)
RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN EXISTS (
    SELECT FROM pg_index AS i
    JOIN pg_class AS c ON c.oid = i.indexrelid
    JOIN pg_am AS m ON m.oid = c.relam
    WHERE i.indrelid = p_table AND i.indisvalid AND i.indpred IS NULL AND m.amname = 'btree'
        AND (waybill.column_names(p_table, i.indkey::smallint[]))[1] = p_column
);

-- An index of ours by its name: its oid, and whether it is valid.
CREATE OR REPLACE FUNCTION waybill.search_index(p_table regclass, p_column text,
    OUT index_oid oid, OUT is_valid boolean, OUT is_being_built boolean)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT i.indexrelid, i.indisvalid, EXISTS (
        SELECT FROM pg_stat_progress_create_index AS b WHERE b.index_relid = i.indexrelid)
    FROM pg_index AS i
    JOIN pg_class AS c ON c.oid = i.indexrelid
    WHERE i.indrelid = p_table AND c.relname = waybill.search_index_name(p_table, p_column);
END;

-- The column, then the natural key, which the pages follow.
CREATE OR REPLACE FUNCTION waybill.search_index_columns(p_column text, p_key text[]) RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT string_agg(format('%I', c.name), ', ' ORDER BY c.place)
    FROM unnest(p_column || array_remove(p_key, p_column)) WITH ORDINALITY AS c (name, place)
);

-- The statement that is due for a table without partitions, or for one partition; null if none
-- is. An invalid index is left over from a build that failed: it is dropped, then built again.
CREATE OR REPLACE FUNCTION waybill.search_index_step(p_table regclass, p_column text,
    p_key text[], p_schema text)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT CASE
        WHEN s.is_being_built THEN NULL
        WHEN NOT s.is_valid THEN format('DROP INDEX CONCURRENTLY %I.%I', p_schema,
            waybill.search_index_name(p_table, p_column))
        WHEN s.index_oid IS NULL THEN format('CREATE INDEX CONCURRENTLY %I ON %s (%s)',
            waybill.search_index_name(p_table, p_column), p_table,
            waybill.search_index_columns(p_column, p_key))
    END
    FROM (SELECT 1) AS one
    LEFT JOIN waybill.search_index(p_table, p_column) AS s ON true
);

-- The same for a partitioned table, which has no CONCURRENTLY: an empty index on it, one on each
-- partition, and each attached. It is valid with the last one; later partitions get theirs by
-- themselves.
CREATE OR REPLACE FUNCTION waybill.partitioned_index_step(p_table regclass, p_column text,
    p_key text[], p_schema text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_name CONSTANT text := waybill.search_index_name(p_table, p_column);
    v_index CONSTANT oid := (SELECT index_oid FROM waybill.search_index(p_table, p_column));
    v_partition regclass;
    v_schema text;
BEGIN
    IF v_index IS NULL THEN
        RETURN format('CREATE INDEX %I ON ONLY %s (%s)', v_name, p_table,
            waybill.search_index_columns(p_column, p_key));
    END IF;
    SELECT t.relid, n.nspname INTO v_partition, v_schema
    FROM pg_partition_tree(p_table) AS t
    JOIN pg_class AS c ON c.oid = t.relid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE t.isleaf
        AND NOT EXISTS (
            SELECT FROM pg_inherits AS h
            JOIN pg_index AS i ON i.indexrelid = h.inhrelid
            WHERE h.inhparent = v_index AND i.indrelid = t.relid)
    ORDER BY c.relname
    LIMIT 1;
    IF v_partition IS NULL THEN
        RETURN NULL;
    END IF;
    RETURN CASE
        WHEN (SELECT is_valid FROM waybill.search_index(v_partition, p_column))
            THEN format('ALTER INDEX %I.%I ATTACH PARTITION %I.%I', p_schema, v_name, v_schema,
                waybill.search_index_name(v_partition, p_column))
        ELSE waybill.search_index_step(v_partition, p_column, p_key, v_schema)
    END;
END
$$;

-- The indexes of ours that no searchable column needs any more.
CREATE OR REPLACE FUNCTION waybill.unneeded_search_indexes() RETURNS TABLE (
    dataset text, index_name text, statement text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT d.name, c.relname::text,
        format('DROP INDEX %s%I.%I', CASE WHEN c.relkind = 'i' THEN 'CONCURRENTLY ' END,
            n.nspname, c.relname)
    FROM waybill.datasets AS d
    JOIN pg_index AS i ON i.indrelid = d.target
    JOIN pg_class AS c ON c.oid = i.indexrelid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relname LIKE '\_waybill\_search\_%'
        AND c.relname <> ALL (ARRAY(
            SELECT waybill.search_index_name(d.target, s.name)
            FROM unnest(d.searchable) AS s (name)));
END;

-- What is due for the indexes of searchable columns: for each of them its next statement.
CREATE OR REPLACE FUNCTION waybill.due_search_indexes() RETURNS TABLE (
    dataset text, index_name text, statement text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT x.dataset, x.index_name, x.statement
    FROM (
        SELECT d.name AS dataset, waybill.search_index_name(d.target, s.name) AS index_name,
            CASE WHEN c.relkind = 'p'
                THEN waybill.partitioned_index_step(d.target, s.name, d.natural_key, n.nspname)
                ELSE waybill.search_index_step(d.target, s.name, d.natural_key, n.nspname)
            END AS statement
        FROM waybill.datasets AS d
        JOIN pg_class AS c ON c.oid = d.target
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        CROSS JOIN unnest(d.searchable) AS s (name)
        WHERE NOT waybill.has_search_index(d.target, s.name)
    ) AS x
    WHERE x.statement IS NOT NULL
    UNION ALL
    SELECT u.dataset, u.index_name, u.statement FROM waybill.unneeded_search_indexes() AS u
    ORDER BY 1, 2;
END;
