-- The cost of queries, and unused indexes.

-- The statements of this database that took the most time since `since`, without values:
-- pg_stat_statements replaces them, but not in statements that define or set something, which are
-- left out. No rows where the extension is missing.
CREATE OR REPLACE FUNCTION waybill.costly_queries(p_limit integer)
RETURNS TABLE (query text, role text, calls bigint, total_ms float8, mean_ms float8,
    max_ms float8, rows bigint, buffers_hit bigint, buffers_read bigint, since timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_schema CONSTANT text := (
        SELECT n.nspname
        FROM pg_extension AS e
        JOIN pg_namespace AS n ON n.oid = e.extnamespace
        WHERE e.extname = 'pg_stat_statements');
BEGIN
    IF v_schema IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY EXECUTE format($q$
        SELECT left(s.query, 2000), pg_get_userbyid(s.userid)::text, s.calls, s.total_exec_time,
            s.mean_exec_time, s.max_exec_time, s.rows, s.shared_blks_hit, s.shared_blks_read,
            s.stats_since
        FROM %I.pg_stat_statements AS s
        WHERE s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND s.query ~* '^\s*(--[^\n]*\n\s*)*(select|insert|update|delete|merge|with|copy)\M'
        ORDER BY s.total_exec_time DESC
        LIMIT $1
        $q$, v_schema)
    USING p_limit;
END
$$;

-- Indexes of datasets that no scan used since the statistics were reset; those that keep values unique
-- are needed all the same. The index of a partitioned table counts with those of its partitions.
CREATE OR REPLACE FUNCTION waybill.unused_indexes()
RETURNS TABLE (dataset text, table_name text, index_name text, size_bytes bigint)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT d.name, d.target::text, c.relname::text, sum(pg_relation_size(leaf.oid))::bigint
    FROM waybill.datasets AS d
    JOIN pg_index AS i ON i.indrelid = d.target
    JOIN pg_class AS c ON c.oid = i.indexrelid
    CROSS JOIN LATERAL (
        SELECT i.indexrelid AS oid
        UNION
        SELECT t.relid FROM pg_partition_tree(i.indexrelid) AS t
    ) AS leaf
    WHERE NOT i.indisunique AND NOT i.indisexclusion
    GROUP BY d.name, d.target, c.relname
    HAVING sum(coalesce(pg_stat_get_numscans(leaf.oid), 0)) = 0
    ORDER BY 4 DESC, 1, 3;
END;
