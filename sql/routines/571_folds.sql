-- Partitions of a period of history are copied into one table, step by step: each step is a
-- transaction of bounded work, and whoever ends one, or the server, leaves the rest to the next.

-- Periods that ended a week ago, by when most late files have come, and whose partitions can become
-- one. A table that others refer to is left: a partition with rows that are referred to cannot be
-- detached. So is one with a default partition, which would be searched while readers wait, and a
-- period with a partition that a view reads.
CREATE OR REPLACE FUNCTION waybill.periods_to_fold(OUT dataset text, OUT lower timestamp,
    OUT upper timestamp)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, waybill, pg_temp
SET timezone = 'UTC'
AS $$
DECLARE
    v_plan waybill.merge_plan;
    v_width interval;
BEGIN
    FOR v_plan IN SELECT p.* FROM waybill.partitioned_tables() AS p LOOP
        CONTINUE WHEN v_plan.history_unit IS NULL OR waybill.is_referenced(v_plan.target)
            OR EXISTS (SELECT FROM waybill.partition_ranges(v_plan) AS r WHERE r.is_default);
        v_width := ('1 ' || v_plan.history_unit)::interval;
        RETURN QUERY
        SELECT d.name, h.lower, h.lower + v_width
        FROM waybill.datasets AS d
        CROSS JOIN (
            SELECT date_trunc(v_plan.history_unit, r.lower) AS lower,
                count(*) AS parts,
                min(r.lower) AS first,
                max(r.upper) AS last,
                bool_and(waybill.is_foldable(r.partition_id)) AS is_foldable
            FROM waybill.partition_ranges(v_plan) AS r
            WHERE isfinite(r.lower)
            GROUP BY 1
        ) AS h
        WHERE d.target = v_plan.target
            AND h.is_foldable
            AND NOT waybill.overlaps_archived(v_plan.target, h.lower, h.lower + v_width)
            AND h.last <= h.lower + v_width
            AND h.lower + v_width + interval '7 days' <= now()::timestamp
            AND (h.parts > 1 OR h.first > h.lower OR h.last < h.lower + v_width)
            AND NOT EXISTS (
                SELECT FROM waybill.partition_ranges(v_plan) AS r
                WHERE r.lower < h.lower AND r.upper > h.lower
            )
        ORDER BY h.lower;
    END LOOP;
END
$$;

-- Whether a partition is a plain table that no view reads.
CREATE OR REPLACE FUNCTION waybill.is_foldable(p_partition regclass) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN EXISTS (SELECT FROM pg_class AS c WHERE c.oid = p_partition AND c.relkind = 'r')
    AND NOT EXISTS (
        SELECT FROM pg_depend AS d
        WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = p_partition
            AND d.classid = 'pg_rewrite'::regclass AND d.deptype = 'n'
    );

-- Columns, constraints and indexes of a table, as a hash.
CREATE OR REPLACE FUNCTION waybill.definition_hash(p_table regclass) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT md5(string_agg(x.line, E'\n' ORDER BY x.line))
    FROM (
        SELECT format('%s %s %s %s %s %s', a.attname, format_type(a.atttypid, a.atttypmod),
            a.attcollation, a.attnotnull, a.attgenerated, pg_get_expr(d.adbin, d.adrelid))
        FROM pg_attribute AS a
        LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attrelid = p_table AND a.attnum > 0 AND NOT a.attisdropped
        UNION ALL
        SELECT pg_get_constraintdef(c.oid) FROM pg_constraint AS c WHERE c.conrelid = p_table
        UNION ALL
        SELECT pg_get_indexdef(i.indexrelid) FROM pg_index AS i WHERE i.indrelid = p_table
    ) AS x (line)
);

CREATE OR REPLACE FUNCTION waybill.fold_table(p_fold uuid) RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN format('staging.%I', 'fold_' || replace(p_fold::text, '-', ''));

CREATE OR REPLACE FUNCTION waybill.plan_of_dataset(p_dataset text) RETURNS waybill.merge_plan
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_plan waybill.merge_plan;
BEGIN
    SELECT p.* INTO v_plan
    FROM waybill.partitioned_tables() AS p
    JOIN waybill.datasets AS d ON d.target = p.target
    WHERE d.name = p_dataset;
    RETURN v_plan;
END
$$;

-- The next step of a fold, if there is any: what was done, and for which dataset and period.
-- `begun`, `copied` (some pages), `indexed`, `analysed`, `folded`; `changed`: rows have changed since
-- they were copied; `given_up` for a day: the copy is dropped, and the partitions are as they were.
CREATE OR REPLACE FUNCTION waybill.fold_step(OUT done text, OUT dataset text, OUT period text)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
SET timezone = 'UTC'
SET lock_timeout = '2s'
SET maintenance_work_mem = '256MB'
AS $$
DECLARE
    v_fold waybill.folds;
BEGIN
    DELETE FROM waybill.folds AS f WHERE f.given_up_at < clock_timestamp() - interval '1 day';
    INSERT INTO waybill.folds AS f (dataset, lower, upper, definition)
    SELECT p.dataset, p.lower, p.upper, waybill.definition_hash(d.target)
    FROM waybill.periods_to_fold() AS p
    JOIN waybill.datasets AS d ON d.name = p.dataset
    WHERE NOT EXISTS (
        SELECT FROM waybill.folds AS o
        WHERE o.given_up_at IS NULL OR o.dataset = p.dataset AND o.lower = p.lower)
    LIMIT 1
    ON CONFLICT DO NOTHING
    RETURNING f.* INTO v_fold;
    IF FOUND THEN
        done := 'begun';
        PERFORM waybill.begin_fold(v_fold);
    ELSE
        -- Two steps of one fold at a time would copy the same pages.
        SELECT * INTO v_fold FROM waybill.folds AS f WHERE f.given_up_at IS NULL
        FOR UPDATE SKIP LOCKED;
        IF NOT FOUND THEN
            RETURN;
        END IF;
        done := waybill.next_fold_step(v_fold);
    END IF;
    dataset := v_fold.dataset;
    period := waybill.partition_label(
        CASE WHEN v_fold.upper = v_fold.lower + interval '1 year' THEN 'year' ELSE 'month' END,
        v_fold.lower);
END
$$;

CREATE OR REPLACE FUNCTION waybill.next_fold_step(p_fold waybill.folds) RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_plan CONSTANT waybill.merge_plan := waybill.plan_of_dataset(p_fold.dataset);
    v_index text;
BEGIN
    IF NOT waybill.is_fold_valid(p_fold, v_plan) THEN
        PERFORM waybill.drop_copy(p_fold);
        RETURN 'given_up';
    ELSIF waybill.copy_pages(p_fold, v_plan) THEN
        RETURN 'copied';
    END IF;
    v_index := waybill.missing_index(v_plan.target, waybill.fold_table(p_fold.fold_id)::regclass);
    IF v_index IS NOT NULL THEN
        PERFORM waybill.run_sql(v_index);
        RETURN 'indexed';
    ELSIF NOT p_fold.is_analysed THEN
        PERFORM waybill.run_sql(format('ANALYZE %s', waybill.fold_table(p_fold.fold_id)));
        UPDATE waybill.folds SET is_analysed = true WHERE fold_id = p_fold.fold_id;
        RETURN 'analysed';
    END IF;
    PERFORM waybill.wait_for_older_snapshots(p_fold.copied_by);
    RETURN waybill.swap_partitions(p_fold, v_plan);
END
$$;

-- The table for the copy, beside the staging tables.
CREATE OR REPLACE FUNCTION waybill.begin_fold(p_fold waybill.folds) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_plan CONSTANT waybill.merge_plan := waybill.plan_of_dataset(p_fold.dataset);
    v_table CONSTANT text := waybill.fold_table(p_fold.fold_id);
BEGIN
    PERFORM waybill.create_alike(v_plan, v_table);
    PERFORM waybill.add_range_check(v_plan, v_table::regclass, p_fold.lower, p_fold.upper);
END
$$;

CREATE OR REPLACE FUNCTION waybill.drop_copy(p_fold waybill.folds) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
SET client_min_messages = warning
AS $$
BEGIN
    PERFORM waybill.run_sql(format('DROP TABLE IF EXISTS %s', waybill.fold_table(p_fold.fold_id)));
    DELETE FROM waybill.fold_parts WHERE fold_id = p_fold.fold_id;
    UPDATE waybill.folds SET given_up_at = clock_timestamp() WHERE fold_id = p_fold.fold_id;
END
$$;

-- After a step that failed, and would fail again.
CREATE OR REPLACE FUNCTION waybill.give_up_fold() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    PERFORM waybill.drop_copy(f)
    FROM (SELECT * FROM waybill.folds WHERE given_up_at IS NULL FOR UPDATE SKIP LOCKED) AS f;
END
$$;

-- For an erasure, before it locks the table, as a step does: a copy must not keep what its table has
-- no more.
CREATE OR REPLACE FUNCTION waybill.drop_folds(p_dataset text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    PERFORM waybill.drop_copy(f)
    FROM (SELECT * FROM waybill.folds WHERE dataset = p_dataset FOR UPDATE) AS f;
    DELETE FROM waybill.folds WHERE dataset = p_dataset;
END
$$;

-- Whether the copy is still of this table, and of partitions that are there. One that was dropped
-- must have been empty; after a billion transactions those before and after cannot be told apart.
CREATE OR REPLACE FUNCTION waybill.is_fold_valid(p_fold waybill.folds,
    p_plan waybill.merge_plan)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    RETURN p_fold.copies_left > 0
        AND p_fold.definition = waybill.definition_hash(p_plan.target)
        AND EXISTS (
            SELECT FROM waybill.periods_to_fold() AS p
            WHERE p.dataset = p_fold.dataset AND p.lower = p_fold.lower AND p.upper = p_fold.upper)
        AND NOT EXISTS (
            SELECT FROM waybill.fold_parts AS f
            WHERE f.fold_id = p_fold.fold_id
                AND (f.rows > 0 AND NOT EXISTS (
                        SELECT FROM pg_inherits AS i
                        WHERE i.inhrelid = f.partition_id AND i.inhparent = p_plan.target)
                    OR pg_snapshot_xmax(pg_current_snapshot())::text::numeric
                        - f.unseen_from::text::numeric > 1000000000));
END
$$;

-- What gives the copy the first index that it lacks; null if it has them all.
CREATE OR REPLACE FUNCTION waybill.missing_index(p_like regclass, p_table regclass)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT s.statement
        FROM waybill.index_statements(p_like, p_table) WITH ORDINALITY AS s (statement, n)
        WHERE s.n > (SELECT count(*) FROM pg_index AS i WHERE i.indrelid = p_table)
        ORDER BY s.n
        LIMIT 1
    );
END
$$;
