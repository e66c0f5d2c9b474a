-- The planner's statistics of tables that loads have changed. Autovacuum comes a minute later at best,
-- and not at all while the database is paused.

-- The datasets' tables and partitions of which a tenth has changed since they were analysed, as
-- for autovacuum; those with the most changes first. With the refresh of a dataset this is put off.
CREATE OR REPLACE FUNCTION waybill.tables_to_analyse() RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT c.oid::regclass::text
    FROM waybill.datasets AS d
    CROSS JOIN pg_partition_tree(d.target) AS t
    JOIN pg_class AS c ON c.oid = t.relid
    WHERE t.isleaf
        AND c.relkind = 'r'
        AND d.name NOT IN (SELECT p.dataset FROM waybill.postponed_refreshes() AS p)
        AND pg_stat_get_mod_since_analyze(c.oid) > 50 + 0.1 * greatest(c.reltuples, 0)
    ORDER BY pg_stat_get_mod_since_analyze(c.oid) DESC, 1;
END;

-- Analyse one of them, unless somebody holds it; no other table.
CREATE OR REPLACE FUNCTION waybill.analyse_table(p_table text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET client_min_messages = error
AS $$
BEGIN
    IF p_table IN (SELECT waybill.tables_to_analyse()) THEN
        EXECUTE format('ANALYZE (SKIP_LOCKED) %s', p_table::regclass);
    END IF;
END
$$;
