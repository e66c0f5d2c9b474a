-- Figures for metrics, read while the database is awake anyway.

-- The partitions of each dataset (null if it has no partitioning), and the share of dead rows; of
-- tables too small to matter that is 0.
CREATE OR REPLACE FUNCTION waybill.table_bloat(p_least_rows bigint DEFAULT 10000)
RETURNS TABLE (dataset text, partitions bigint, share float8)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT d.name, CASE WHEN bool_or(NOT t.isleaf)
            THEN count(*) FILTER (WHERE t.isleaf) END,
        CASE WHEN sum(pg_stat_get_live_tuples(t.oid) + pg_stat_get_dead_tuples(t.oid))
                >= p_least_rows
            THEN sum(pg_stat_get_dead_tuples(t.oid))::float8
                / sum(pg_stat_get_live_tuples(t.oid) + pg_stat_get_dead_tuples(t.oid))::float8
            ELSE 0
        END
    FROM waybill.datasets AS d
    CROSS JOIN LATERAL (
        SELECT p.relid AS oid, p.isleaf FROM pg_partition_tree(d.target) AS p
        UNION ALL
        -- It has no rows for a table that is not partitioned.
        SELECT c.oid, true FROM pg_class AS c WHERE c.oid = d.target AND c.relkind <> 'p'
    ) AS t
    GROUP BY d.name;
END;

-- Connections of each role, and how many it may open.
CREATE OR REPLACE FUNCTION waybill.connection_use()
RETURNS TABLE (role text, open bigint, most integer)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT r.rolname::text,
        (SELECT count(*) FROM pg_stat_get_activity(NULL) AS a
            WHERE a.usesysid = r.oid
                AND a.datid = (SELECT d.oid FROM pg_database AS d
                    WHERE d.datname = current_database())),
        r.rolconnlimit
    FROM pg_roles AS r
    WHERE r.rolname LIKE 'waybill\_%' AND r.rolconnlimit > 0;
END;

-- When the data of each source were complete, and from which lag on it is late. Not as an age: that
-- grows while nobody asks.
CREATE OR REPLACE FUNCTION waybill.source_figures()
RETURNS TABLE (metric text, labels text[], value float8)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT f.metric, ARRAY[s.name], f.value::float8
    FROM waybill.data_sources AS s
    JOIN waybill.source_documents AS d USING (source_id)
    CROSS JOIN LATERAL (VALUES
        ('waybill_source_fresh_timestamp_seconds', extract(epoch FROM coalesce(
            (d.document -> 'freshness' ->> 'last_success_at')::timestamptz, s.created_at))),
        ('waybill_source_late_after_seconds', s.late_after_seconds)) AS f (metric, value)
    WHERE f.value IS NOT NULL;
END
$$;

-- How many partitions are to be archived or restored and are not: they failed, or did not advance
-- for an hour. Not those of datasets that are not archived any more, or that became part of others.
CREATE OR REPLACE FUNCTION waybill.lake_partitions_stuck() RETURNS bigint
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT count(*)
        FROM waybill.archived_partitions AS a
        JOIN waybill.datasets AS d ON d.name = a.dataset
        WHERE a.state = 'FAILED' AND d.archive_after IS NOT NULL
                AND EXISTS (SELECT FROM pg_class AS c WHERE c.oid = a.relation)
            OR waybill.is_lake_work(a) AND a.changed_at < clock_timestamp() - interval '1 hour');
END
$$;

-- Every figure with the name of its metric and the values of its labels. Their time is when the
-- statement began that reads them: by one clock, so that the later of two is known.
CREATE OR REPLACE FUNCTION waybill.database_figures(p_stuck_minutes integer)
RETURNS TABLE (metric text, labels text[], value float8)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
BEGIN ATOMIC
    SELECT 'waybill_jobs_open', ARRAY[j.state], count(*)::float8
    FROM waybill.ingestion_jobs AS j
    WHERE j.state IN ('LANDED', 'LOADING', 'MERGING') GROUP BY j.state
    UNION ALL
    SELECT 'waybill_oldest_open_job_seconds', '{}',
        coalesce(extract(epoch FROM clock_timestamp() - min(j.created_at)), 0)::float8
    FROM waybill.ingestion_jobs AS j WHERE j.state IN ('LANDED', 'LOADING', 'MERGING')
    UNION ALL
    SELECT 'waybill_jobs_stuck', '{}', waybill.count_stuck_jobs(p_stuck_minutes)
    UNION ALL
    SELECT 'waybill_pending_records', ARRAY[j.dataset], sum(j.pending_reference)::float8
    FROM waybill.ingestion_jobs AS j WHERE j.pending_reference > 0 GROUP BY j.dataset
    UNION ALL
    SELECT 'waybill_database_connections', ARRAY[c.role], c.open FROM waybill.connection_use() AS c
    UNION ALL
    SELECT 'waybill_database_connection_limit', ARRAY[c.role], c.most
    FROM waybill.connection_use() AS c
    UNION ALL
    SELECT 'waybill_database_connection_use_ratio', '{}',
        coalesce(max(c.open::float8 / c.most), 0)
    FROM waybill.connection_use() AS c
    UNION ALL
    SELECT 'waybill_refresh_lag_seconds', '{}',
        coalesce(extract(epoch FROM clock_timestamp() - min(s.marked_at)), 0)::float8
    FROM waybill.stale_parts AS s
    WHERE EXISTS (SELECT FROM waybill.view_families AS f WHERE f.dataset = s.dataset)
    UNION ALL
    SELECT 'waybill_partitions', ARRAY[b.dataset], b.partitions
    FROM waybill.table_bloat() AS b WHERE b.partitions IS NOT NULL
    UNION ALL
    SELECT 'waybill_table_bloat_ratio', ARRAY[b.dataset], b.share FROM waybill.table_bloat() AS b
    UNION ALL
    SELECT f.metric, f.labels, f.value FROM waybill.source_figures() AS f
    UNION ALL
    SELECT 'waybill_lake_partitions_stuck', '{}', waybill.lake_partitions_stuck()
    UNION ALL
    SELECT 'waybill_database_bytes', '{}', pg_database_size(current_database())::float8
    UNION ALL
    SELECT 'waybill_database_figures_timestamp_seconds', '{}',
        extract(epoch FROM statement_timestamp())::float8;
END;
