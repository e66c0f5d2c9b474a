-- The keys of a merge's records, before they are looked up.

-- Whether the natural key is one integer.
CREATE OR REPLACE FUNCTION waybill.has_integer_key(p_plan waybill.merge_plan) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN cardinality((p_plan).natural_key) = 1 AND EXISTS (
    SELECT FROM pg_attribute AS a
    WHERE a.attrelid = (p_plan).target
        AND a.attname = (p_plan).natural_key[1]
        AND a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)
);

-- Whether several accepted records have one key, and whether keys must be looked up in the table,
-- with its largest key where that is an integer: keys above it need not.
-- The keys alone are sorted; to group the records by them would take the memory of all.
CREATE OR REPLACE FUNCTION waybill.inspect_keys(p_plan waybill.merge_plan,
    OUT is_repeated boolean, OUT is_searched boolean, OUT last_key bigint)
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_first_key bigint;
BEGIN
    IF p_plan.natural_key = '{}' THEN
        is_repeated := false;
        is_searched := false;
        RETURN;
    END IF;
    v_first_key := waybill.first_of_distinct_keys(p_plan);
    is_repeated := false;
    IF v_first_key IS NULL THEN
        EXECUTE format(
            'SELECT count(*) <> count(DISTINCT %1$s), %2$s FROM (%3$s) AS t',
            CASE
                WHEN cardinality(p_plan.natural_key) = 1
                    THEN waybill.ident_list(p_plan.natural_key, 't.')
                ELSE format('(%s)', waybill.ident_list(p_plan.natural_key, 't.'))
            END,
            CASE
                WHEN waybill.has_integer_key(p_plan)
                    THEN format('min(t.%I)', p_plan.natural_key[1])
                ELSE 'NULL'
            END,
            waybill.accepted_records(p_plan))
        INTO is_repeated, v_first_key;
    END IF;
    IF waybill.has_integer_key(p_plan) THEN
        EXECUTE format('SELECT max(%I) FROM %s', p_plan.natural_key[1], p_plan.target)
        INTO last_key;
        is_searched := CASE WHEN v_first_key <= last_key
            THEN waybill.are_keys_between(p_plan, v_first_key) ELSE false END;
    ELSE
        EXECUTE format('SELECT EXISTS (SELECT FROM %s)', p_plan.target) INTO is_searched;
    END IF;
    -- Without statistics the planner reads the whole table, even to look up a few keys.
    IF is_searched AND pg_relation_size(p_plan.source::regclass) > 1000000 THEN
        PERFORM waybill.run_sql(format('ANALYZE %s (%s)',
            p_plan.source, waybill.ident_list(p_plan.natural_key)));
    END IF;
END
$$;

-- Whether the table has a key between the first and the last of the accepted records. Files of ranges
-- of keys may come in any order: each has new keys only, also below the table's largest.
CREATE OR REPLACE FUNCTION waybill.are_keys_between(p_plan waybill.merge_plan, p_first bigint)
RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_key CONSTANT text := p_plan.natural_key[1];
    v_next bigint;
    v_last bigint;
BEGIN
    -- The least key, rather than whether there is one: that is always read from the index.
    EXECUTE format('SELECT min(%1$I) FROM %2$s WHERE %1$I >= %3$s', v_key, p_plan.target, p_first)
    INTO v_next;
    -- The first record of a file that is loaded again; then the last need not be looked for.
    IF v_next = p_first THEN
        RETURN true;
    END IF;
    EXECUTE format('SELECT max(t.%I) FROM (%s) AS t', v_key, waybill.typed_records(p_plan))
    INTO v_last;
    -- Null if none of the records that the loaders know of is accepted.
    RETURN coalesce(v_next <= v_last, false);
END
$$;
