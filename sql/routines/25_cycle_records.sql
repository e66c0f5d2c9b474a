-- The pending records that wait for each other: those whose parents are in their tables or among
-- these records.

-- cycle_records: the largest set of pending records of these datasets in which every parent is in
-- its table or in the set. Returns whether there are any, and they may be written together.
CREATE OR REPLACE FUNCTION waybill.find_cycle_records(p_datasets text[]) RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_lacking bytea[];
BEGIN
    PERFORM waybill.collect_cycle_records(p_datasets);
    PERFORM waybill.link_cycle_records(c.target, r.reference)
    FROM (SELECT DISTINCT target, "references" FROM pg_temp.cycle_records) AS c,
        jsonb_array_elements(c."references") AS r (reference);
    CREATE INDEX ON pg_temp.cycle_children (parent);
    CREATE TEMP TABLE cycle_parents ON COMMIT DROP AS
    SELECT k.parent, count(*) AS records FROM pg_temp.cycle_keys AS k GROUP BY k.parent;
    ALTER TABLE pg_temp.cycle_parents ADD PRIMARY KEY (parent);
    v_lacking := ARRAY(
        SELECT DISTINCT n.parent
        FROM pg_temp.cycle_children AS n
        WHERE NOT EXISTS (SELECT FROM pg_temp.cycle_parents AS p WHERE p.parent = n.parent));
    WHILE v_lacking <> '{}' LOOP
        v_lacking := waybill.drop_children_of(v_lacking);
    END LOOP;
    RETURN EXISTS (SELECT FROM pg_temp.cycle_records);
END
$$;

-- cycle_records: all pending records of these datasets. Beside them cycle_keys: the keys that other
-- records may refer to, and cycle_children: the records whose parent is not in its table. A key is
-- a hash, since an index cannot hold long ones.
CREATE OR REPLACE FUNCTION waybill.collect_cycle_records(p_datasets text[]) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
SET client_min_messages = warning
AS $$
BEGIN
    DROP TABLE IF EXISTS pg_temp.cycle_records;
    DROP TABLE IF EXISTS pg_temp.cycle_keys;
    DROP TABLE IF EXISTS pg_temp.cycle_children;
    DROP TABLE IF EXISTS pg_temp.cycle_parents;
    CREATE TEMP TABLE cycle_records ON COMMIT DROP AS
    SELECT row_number() OVER () AS id,
        j.job_id, d.target, j.contract -> 'references' AS "references", p.record
    FROM waybill.datasets AS d
    JOIN waybill.ingestion_jobs AS j ON j.dataset = d.name
    JOIN waybill.pending_references AS p ON p.job_id = j.job_id
    WHERE d.name = ANY (p_datasets)
        AND j.pending_reference > 0
        AND NOT waybill.is_dry(j)
        -- One that waits for an earlier record of its key follows that one.
        AND p.missing ? 'table'
        AND waybill.may_write_cycle(d.target);
    ALTER TABLE pg_temp.cycle_records ADD PRIMARY KEY (id);
    CREATE TEMP TABLE cycle_keys (id bigint, parent bytea, PRIMARY KEY (id, parent))
        ON COMMIT DROP;
    CREATE TEMP TABLE cycle_children (parent bytea, id bigint) ON COMMIT DROP;
END
$$;

-- Whether rows may be written before their parents: without the triggers of the foreign keys, and
-- where that skips nothing else (a trigger of the table, MATCH FULL, ON UPDATE of other tables).
CREATE OR REPLACE FUNCTION waybill.may_write_cycle(p_target regclass) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN has_parameter_privilege('session_replication_role', 'SET')
    AND NOT waybill.has_triggers(p_target)
    AND NOT EXISTS (
        SELECT FROM pg_constraint AS c
        LEFT JOIN waybill.datasets AS d ON d.target = c.confrelid
        WHERE c.contype = 'f'
            AND (
                c.conrelid = p_target AND c.confmatchtype = 'f'
                OR c.confrelid = p_target
                    AND NOT waybill.column_names(c.confrelid, c.confkey) <@ d.natural_key
            )
    );

-- The hash of the key that a reference points to: of the table, its columns, and the values that
-- `p_value` formats for each of `p_columns`, as text. Equal numbers are equal texts: 1.0 and 1.00.
CREATE OR REPLACE FUNCTION waybill.cycle_key(p_reference jsonb, p_columns jsonb, p_value text)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN format('sha256(convert_to(jsonb_build_array(%L, %s)::text, ''UTF8''))',
    concat((p_reference ->> 'table')::regclass::oid, p_reference -> 'to'),
    (
        SELECT string_agg(format(
            CASE WHEN t.base = 'numeric'::regtype THEN 'trim_scale((%s)::numeric)::text' ELSE '%s' END,
            format(p_value, c.source)), ', ' ORDER BY c.place)
        FROM ROWS FROM (
            jsonb_array_elements_text(p_columns), jsonb_array_elements_text(p_reference -> 'to')
        ) WITH ORDINALITY AS c (source, target, place)
        JOIN pg_attribute AS a
            ON a.attrelid = (p_reference ->> 'table')::regclass AND a.attname = c.target
        CROSS JOIN LATERAL waybill.base_type(a.atttypid, a.atttypmod) AS t
    ));

-- The condition that a parent is among the cycle's records. `p_child` formats a column of the
-- child as text.
CREATE OR REPLACE FUNCTION waybill.parent_in_cycle(p_reference jsonb, p_child text)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN format(
    'EXISTS (SELECT FROM pg_temp.cycle_parents AS m WHERE m.parent = %s AND m.records > 0)',
    waybill.cycle_key(p_reference, p_reference -> 'columns', p_child));

-- Note the keys and the children by one reference of a table.
CREATE OR REPLACE FUNCTION waybill.link_cycle_records(p_target regclass, p_reference jsonb)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_typed CONSTANT text := waybill.typed_columns(p_target, p_reference -> 'columns');
    v_parents CONSTANT regclass := (p_reference ->> 'table')::regclass;
BEGIN
    -- References of several tables may point to one key.
    PERFORM waybill.run_sql(format(
        $q$
        INSERT INTO pg_temp.cycle_keys
        SELECT m.id, %s FROM pg_temp.cycle_records AS m WHERE m.target = %L::regclass
        ON CONFLICT DO NOTHING
        $q$,
        waybill.cycle_key(p_reference, p_reference -> 'to', 'm.record ->> %L'), v_parents));
    PERFORM waybill.run_sql(format(
        $q$
        INSERT INTO pg_temp.cycle_children
        SELECT %1$s, c.id
        FROM pg_temp.cycle_records AS c
        CROSS JOIN LATERAL (SELECT %2$s) AS s
        WHERE c.target = %3$L::regclass
            AND %4$s
            AND NOT EXISTS (SELECT FROM %5$s AS p WHERE %6$s)
        $q$,
        waybill.cycle_key(p_reference, p_reference -> 'columns', 's.%I::text'),
        v_typed,
        p_target,
        waybill.all_filled(p_reference, 's'),
        v_parents,
        waybill.parent_match(p_reference, 'p', 's')));
END
$$;

-- Drop the records that refer to these keys; returns the keys that no record is left for. Each
-- record and key is met once, by index: to look at all of them for each level of a chain would
-- take the square of its length.
CREATE OR REPLACE FUNCTION waybill.drop_children_of(p_parents bytea[]) RETURNS bytea[]
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_seqscan = off
AS $$
DECLARE
    v_lacking bytea[];
BEGIN
    WITH dropped AS (
        DELETE FROM pg_temp.cycle_records AS c
        USING pg_temp.cycle_children AS n
        WHERE n.parent = ANY (p_parents) AND c.id = n.id
        RETURNING c.id
    ), fewer AS (
        SELECT k.parent, count(*) AS records
        FROM dropped AS d JOIN pg_temp.cycle_keys AS k ON k.id = d.id
        GROUP BY k.parent
    ), remaining AS (
        UPDATE pg_temp.cycle_parents AS p
        SET records = p.records - f.records
        FROM fewer AS f
        WHERE p.parent = f.parent
        RETURNING p.parent, p.records
    )
    SELECT coalesce(array_agg(r.parent), '{}') INTO v_lacking
    FROM remaining AS r WHERE r.records = 0;
    RETURN v_lacking;
END
$$;
