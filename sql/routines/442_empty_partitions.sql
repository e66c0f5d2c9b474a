-- Partitions that are there and empty, and may be filled as new ones are.

-- From how many records on: below it little is gained, and readers wait for the exchange. One partition
-- must have two fifths of it: making and exchanging its copy takes as long as 9,000 records gain.
CREATE OR REPLACE FUNCTION waybill.fewest_copied_records() RETURNS bigint
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN 50000;

-- Whether partitions of the table may be exchanged at all. Those that others refer to cannot be
-- dropped; a default partition would be searched while readers wait. References that are not checked as
-- a set, or not by all rows, are left to the table.
CREATE OR REPLACE FUNCTION waybill.may_exchange(p_plan waybill.merge_plan) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN NOT waybill.is_referenced((p_plan).target)
    AND NOT EXISTS (SELECT FROM waybill.partition_ranges(p_plan) AS r WHERE r.is_default)
    AND NOT EXISTS (
        SELECT FROM pg_attribute AS a
        WHERE a.attrelid = (p_plan).target AND a.attidentity <> '' AND NOT a.attisdropped)
    AND NOT EXISTS (
        SELECT FROM pg_constraint AS c
        LEFT JOIN pg_class AS f ON f.oid = c.confrelid
        WHERE c.conrelid = (p_plan).target AND (c.condeferrable OR c.confmatchtype = 'f'
            OR NOT c.convalidated OR f.relkind <> 'r'));

-- Empty is a partition without a page: rows that were deleted may be visible to others, who would miss
-- them.
CREATE OR REPLACE FUNCTION waybill.is_without_pages(p_table regclass) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN coalesce((
    SELECT c.relkind = 'r' AND pg_relation_size(c.oid) = 0 FROM pg_class AS c WHERE c.oid = p_table
), false);

-- How many partitions are exchanged at once: they take a quarter of the server's lock table at most,
-- which others need, too. What is made, dropped or renamed is locked object by object until the commit;
-- the numbers are measured, and a little more.
CREATE OR REPLACE FUNCTION waybill.max_copies(p_table regclass) RETURNS bigint
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN least(100, current_setting('max_locks_per_transaction')::bigint
    * current_setting('max_connections')::bigint
    / (4 * (
        20
        + 4 * (SELECT count(*) FROM pg_index AS i WHERE i.indrelid = p_table)
        + 6 * (SELECT count(*) FROM pg_constraint AS c WHERE c.conrelid = p_table AND c.contype = 'f')
        + (SELECT count(*) FROM pg_constraint AS c
            WHERE c.conrelid = p_table AND c.contype IN ('c', 'n'))
        + (SELECT count(*) FROM pg_attrdef AS d WHERE d.adrelid = p_table))));

-- Empty partitions of whole units that records are inserted into, and none is moved to, each with the
-- starts of its records. Those of a fold or in the lake's work are theirs.
CREATE OR REPLACE FUNCTION waybill.empty_partitions(p_plan waybill.merge_plan,
    OUT partition_id regclass, OUT lower timestamp, OUT upper timestamp, OUT starts text[],
    OUT records bigint)
RETURNS SETOF record
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
BEGIN ATOMIC
    WITH filled AS MATERIALIZED (
        SELECT r.partition_id, r.lower, r.upper, array_agg(DISTINCT t.partition_start::text) AS starts,
            sum(t.records)::bigint AS records
        FROM waybill.partition_ranges(p_plan) AS r
        JOIN unnest((p_plan).totals) AS t
            ON t.partition_start >= r.lower AND t.partition_start < r.upper
        WHERE r.lower >= '0001-01-01' AND r.upper <= '9999-01-01'
            AND date_trunc((p_plan).partition_unit, r.lower) = r.lower
            AND date_trunc((p_plan).partition_unit, r.upper) = r.upper
            AND t.class IN ('insert', 'update')
        GROUP BY r.partition_id, r.lower, r.upper
        HAVING bool_and(t.class = 'insert')
    )
    SELECT f.partition_id, f.lower, f.upper, f.starts, f.records
    FROM filled AS f
    WHERE f.records > 0 AND f.records >= waybill.fewest_copied_records() * 2 / 5
        AND waybill.is_without_pages(f.partition_id)
        AND NOT EXISTS (
            SELECT FROM waybill.folds AS o
            JOIN waybill.datasets AS d ON d.name = o.dataset
            WHERE d.target = (p_plan).target AND o.given_up_at IS NULL
                AND o.lower < f.upper AND o.upper > f.lower)
        AND NOT waybill.overlaps_archived((p_plan).target, f.lower, f.upper)
        AND NOT EXISTS (
            SELECT FROM waybill.archived_partitions AS a WHERE a.relation = f.partition_id)
    ORDER BY f.records DESC, f.lower
    LIMIT waybill.max_copies((p_plan).target);
END;
