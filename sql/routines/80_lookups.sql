-- Look rows up by a strategy that the dataset declares, and say how PostgreSQL did it.

-- The type that values of a column are cast to, without its modifier: a cast to varchar(20) would
-- cut the value, and find rows that do not have it.
CREATE OR REPLACE FUNCTION waybill.cast_type(p_table regclass, p_column text) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT format_type(a.atttypid, -1)
    FROM pg_attribute AS a
    WHERE a.attrelid = p_table AND a.attname = p_column AND a.attnum > 0
);

-- The value as a literal of the column's type.
CREATE OR REPLACE FUNCTION waybill.column_literal(p_table regclass, p_column text, p_value text)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN format('%L::%s', p_value, waybill.cast_type(p_table, p_column));

-- A condition for each member of an object, joined by AND; `true` for none. In the template, 1 is
-- the column and 2 the value.
CREATE OR REPLACE FUNCTION waybill.conditions(p_table regclass, p_values jsonb,
    p_template text DEFAULT 't.%1$I = %2$s')
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT coalesce(string_agg(format(p_template, v.key,
        waybill.column_literal(p_table, v.key, v.value)), ' AND ' ORDER BY v.key), 'true')
    FROM jsonb_each_text(p_values) AS v
);

-- The index that a name in a plan stands for: of a partition's index, the partitioned one.
CREATE OR REPLACE FUNCTION waybill.index_of_table(p_table regclass, p_name text) RETURNS regclass
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT coalesce(pg_partition_root(i.indexrelid), i.indexrelid)
    FROM pg_index AS i
    JOIN pg_class AS c ON c.oid = i.indexrelid
    WHERE c.relname = p_name
        AND (i.indrelid = p_table OR i.indrelid IN (SELECT relid FROM pg_partition_tree(p_table)))
    LIMIT 1
);

-- The columns that an index is ordered by, in this order.
CREATE OR REPLACE FUNCTION waybill.index_key(p_index regclass) RETURNS text[]
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT waybill.column_names(i.indrelid, i.indkey::smallint[])
    FROM pg_index AS i
    WHERE i.indexrelid = p_index
);

-- Conditions that hold for the same rows, to be tried until the plan uses the declared index.
-- Several indexes can serve an equality at the same estimated cost, and the planner then takes
-- any of them:
-- 1. equalities;
-- 2. the last column as a range, in order: without sorting only an index that has this column
--    next serves it;
-- 3. ranges with unknown bounds, which are taken to match many rows: the narrowest index.
CREATE OR REPLACE FUNCTION waybill.lookup_forms(p_table regclass, p_index regclass,
    p_values jsonb, p_where jsonb)
RETURNS text[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_keys CONSTANT text[] := ARRAY(
        SELECT c.name
        FROM unnest(waybill.index_key(p_index)) WITH ORDINALITY AS c (name, place)
        WHERE p_values ? c.name
        ORDER BY c.place);
    v_last CONSTANT text := v_keys[cardinality(v_keys)];
    v_indexed CONSTANT jsonb := (
        SELECT jsonb_object_agg(k.name, p_values -> k.name) FROM unnest(v_keys) AS k (name));
    v_fixed text := waybill.conditions(p_table, p_where);
BEGIN
    IF p_index IS NULL THEN
        RETURN ARRAY[v_fixed || ' AND ' || waybill.conditions(p_table, p_values)];
    END IF;
    v_fixed := concat_ws(' AND ', v_fixed,
        -- No index serves a comparison of JSON.
        waybill.conditions(p_table, p_values - v_keys, 'to_jsonb(t.%1$I) = to_jsonb(%2$s)'), '');
    RETURN ARRAY[
        v_fixed || waybill.conditions(p_table, v_indexed),
        v_fixed || waybill.conditions(p_table, v_indexed - v_last)
            || format(' AND t.%1$I BETWEEN %2$s AND %2$s ORDER BY t.%1$I', v_last,
                waybill.column_literal(p_table, v_last, p_values ->> v_last)),
        v_fixed || waybill.conditions(p_table, v_indexed,
            't.%1$I >= (SELECT %2$s) AND t.%1$I <= (SELECT %2$s)')
    ];
END
$$;

-- Run a query for one row and explain it, both in one execution: the row is put into a setting
-- while the plan runs, since EXPLAIN ANALYZE returns none.
CREATE OR REPLACE FUNCTION waybill.explain_lookup(p_table regclass, p_condition text,
    p_masked text[], OUT item text, OUT plan jsonb)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM set_config('waybill.found', '', true);
    EXECUTE format($q$
        EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)
        SELECT CASE WHEN current_setting('waybill.found') = ''
            THEN set_config('waybill.found',
                waybill.masked(to_jsonb(t.*) - '_landed', %L::text[])::text, true) END
        FROM %s AS t
        WHERE %s
        $q$, p_masked, p_table, p_condition)
    INTO plan;
    plan := plan -> 0;
    item := nullif(current_setting('waybill.found'), '');
    PERFORM set_config('waybill.found', '', true);
END
$$;

-- The parts of a plan that read a table; one for each partition.
CREATE OR REPLACE FUNCTION waybill.scans(p_plan jsonb) RETURNS SETOF jsonb
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN jsonb_path_query(p_plan, 'strict $.** ? (exists (@."Relation Name"))');

-- The index that all parts of a plan use, or null.
CREATE OR REPLACE FUNCTION waybill.index_in_use(p_table regclass, p_plan jsonb) RETURNS regclass
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT CASE WHEN count(*) = count(x.index) AND count(DISTINCT x.index) = 1
        THEN min(x.index)::oid::regclass END
    FROM (
        SELECT waybill.index_of_table(p_table, s ->> 'Index Name')::oid::bigint AS index
        FROM waybill.scans(p_plan) AS s
    ) AS x
);

-- Look a row up; `p_masked`: without personal values. The settings that force the plan end with this function, so that no other
-- statement of the session or of the transaction sees them.
CREATE OR REPLACE FUNCTION waybill.look_up(p_dataset text, p_strategy text, p_values jsonb,
    p_masked boolean, OUT item text, OUT plan_node text, OUT index_name text, OUT as_declared boolean,
    OUT rows_scanned bigint, OUT rows_found bigint, OUT buffers bigint,
    OUT planning_ms float8, OUT execution_ms float8)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
SET jit = off
SET enable_seqscan = on
SET enable_indexscan = on
SET enable_indexonlyscan = on
SET enable_bitmapscan = on
SET enable_sort = on
SET enable_incremental_sort = on
AS $$
DECLARE
    v_table CONSTANT regclass := waybill.target_of(p_dataset);
    v_lookup CONSTANT jsonb := (
        SELECT d.lookups -> p_strategy FROM waybill.datasets AS d WHERE d.name = p_dataset);
    v_index CONSTANT regclass := waybill.index_of_table(v_table, v_lookup ->> 'index');
    v_forms CONSTANT text[] := waybill.lookup_forms(v_table, v_index, p_values,
        coalesce(v_lookup -> 'where', '{}'));
    v_masked CONSTANT text[] :=
        CASE WHEN p_masked THEN waybill.personal_columns_of(p_dataset) ELSE '{}' END;
    v_form text;
    v_plan jsonb;
    v_used regclass;
BEGIN
    PERFORM waybill.force_scan(by_index => v_index IS NOT NULL);
    FOREACH v_form IN ARRAY v_forms LOOP
        SELECT e.item, e.plan INTO item, v_plan
        FROM waybill.explain_lookup(v_table, v_form, v_masked) AS e;
        v_used := waybill.index_in_use(v_table, v_plan);
        as_declared := v_used IS NOT DISTINCT FROM v_index;
        EXIT WHEN as_declared;
    END LOOP;
    index_name := (SELECT c.relname FROM pg_class AS c WHERE c.oid = v_used);
    SELECT min(s ->> 'Node Type'),
        coalesce(sum(waybill.rows_read(s)), 0),
        coalesce(sum((s ->> 'Actual Rows')::numeric * (s ->> 'Actual Loops')::numeric), 0)
    INTO plan_node, rows_scanned, rows_found
    FROM waybill.scans(v_plan) AS s;
    buffers := (v_plan #>> '{Plan,Shared Hit Blocks}')::bigint
        + (v_plan #>> '{Plan,Shared Read Blocks}')::bigint;
    planning_ms := (v_plan ->> 'Planning Time')::float8;
    execution_ms := (v_plan ->> 'Execution Time')::float8;
END
$$;

-- The rows that a part of a plan has read: those that it returned, and those that it dropped.
CREATE OR REPLACE FUNCTION waybill.rows_read(p_scan jsonb) RETURNS numeric
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN (p_scan ->> 'Actual Loops')::numeric * (
    (p_scan ->> 'Actual Rows')::numeric
    + coalesce((p_scan ->> 'Rows Removed by Filter')::numeric, 0)
    + coalesce((p_scan ->> 'Rows Removed by Index Recheck')::numeric, 0)
);

-- Leave the planner only index scans, or only scans of the whole table, until the calling
-- function ends. Without sorting, an order must come from an index.
CREATE OR REPLACE FUNCTION waybill.force_scan(by_index boolean) RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT set_config(s.setting, CASE WHEN s.for_index = by_index THEN 'on' ELSE 'off' END, true)
    FROM (VALUES
        ('enable_seqscan', false),
        ('enable_indexscan', true),
        ('enable_indexonlyscan', true),
        ('enable_bitmapscan', NULL),
        ('enable_sort', NULL),
        ('enable_incremental_sort', NULL)
    ) AS s (setting, for_index);
END;

-- The table of a dataset.
CREATE OR REPLACE FUNCTION waybill.target_of(p_dataset text) RETURNS regclass
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_table CONSTANT regclass := (
        SELECT d.target FROM waybill.datasets AS d WHERE d.name = p_dataset);
BEGIN
    IF v_table IS NULL THEN
        RAISE EXCEPTION 'There is no dataset %.', p_dataset USING ERRCODE = 'WB001';
    END IF;
    RETURN v_table;
END
$$;
