-- The foreign keys of a table that records may break.

CREATE OR REPLACE FUNCTION waybill.text_array(p_json jsonb) RETURNS text[]
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN ARRAY(
    SELECT x.value
    FROM jsonb_array_elements_text(p_json) WITH ORDINALITY AS x (value, n)
    ORDER BY x.n
);

-- Whether a generated column is part of a foreign key.
CREATE OR REPLACE FUNCTION waybill.reads_generated(p_plan waybill.merge_plan,
    p_reference jsonb)
RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN EXISTS (
    SELECT FROM pg_attribute AS a
    WHERE a.attrelid = (p_plan).target
        AND a.attgenerated <> ''
        AND p_reference -> 'columns' ? a.attname::text
);

-- The foreign keys that a record of the file may break: one of their columns is in the file, is
-- generated, or has a default.
CREATE OR REPLACE FUNCTION waybill.written_references(p_plan waybill.merge_plan)
RETURNS SETOF jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT r.reference
    FROM jsonb_array_elements((p_plan).contract -> 'references') AS r (reference)
    WHERE EXISTS (
        SELECT FROM pg_attribute AS a
        WHERE a.attrelid = (p_plan).target
            AND r.reference -> 'columns' ? a.attname::text
            AND (a.attname = ANY (waybill.updated_columns(p_plan)) OR a.atthasdef)
    );
END;

-- Columns that the file lacks and whose value must be known before the write: those of foreign
-- keys and unique indexes, and the one that decides the partition.
CREATE OR REPLACE FUNCTION waybill.defaulted_columns(p_plan waybill.merge_plan)
RETURNS text[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    RETURN ARRAY(
        SELECT a.attname::text
        FROM pg_attribute AS a
        WHERE a.attrelid = (p_plan).target
            AND a.attnum > 0
            AND NOT a.attisdropped
            AND a.attgenerated = ''
            AND a.attidentity <> 'a'
            AND a.attname <> '_landed'
            AND a.attname <> ALL (waybill.updated_columns(p_plan))
            AND (
                a.attname = (p_plan).partition_column
                OR EXISTS (
                    SELECT FROM waybill.written_references(p_plan) AS r (reference)
                    WHERE r.reference -> 'columns' ? a.attname::text
                        OR waybill.reads_generated(p_plan, r.reference)
                )
                OR EXISTS (
                    SELECT FROM waybill.unique_indexes(p_plan) AS i (index_id)
                    WHERE a.attname::text = ANY (waybill.index_columns(i.index_id))
                        OR waybill.reads_generated(p_plan, jsonb_build_object(
                            'columns', to_jsonb(waybill.index_columns(i.index_id))))
                )
            )
        ORDER BY a.attnum
    );
END
$$;

-- A reference with a null in it refers to nothing (MATCH SIMPLE).
CREATE OR REPLACE FUNCTION waybill.all_filled(p_reference jsonb, p_alias text) RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT string_agg(format('%s.%I IS NOT NULL', p_alias, x.name), ' AND ')
    FROM jsonb_array_elements_text(p_reference -> 'columns') AS x (name)
);

CREATE OR REPLACE FUNCTION waybill.parent_match(p_reference jsonb, p_parent text,
    p_child text)
RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT string_agg(format('%s.%I = %s.%I', p_parent, x.target, p_child, x.source), ' AND ')
    FROM ROWS FROM (
        jsonb_array_elements_text(p_reference -> 'columns'),
        jsonb_array_elements_text(p_reference -> 'to')
    ) AS x (source, target)
);

-- Whether the table has triggers of its own, other than those of constraints and Waybill's.
CREATE OR REPLACE FUNCTION waybill.has_triggers(p_table regclass) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN EXISTS (
    SELECT FROM pg_trigger AS t
    WHERE t.tgrelid = p_table AND NOT t.tgisinternal
        AND t.tgfoid NOT IN (
            'waybill.record_table_change'::regproc, 'waybill.record_row_images'::regproc)
);

-- Whether the per-row foreign key triggers may be skipped: every reference was checked as a set
-- and its parent is locked. Not where the table has triggers of its own, where other tables or
-- itself refer to it, where a constraint is deferrable, or where a partly null reference is
-- refused (MATCH FULL).
CREATE OR REPLACE FUNCTION waybill.may_skip_triggers(p_target regclass) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN has_parameter_privilege('session_replication_role', 'SET')
    AND NOT waybill.has_triggers(p_target)
    AND NOT EXISTS (
        SELECT FROM pg_constraint AS c
        WHERE c.confrelid = p_target
            OR c.conrelid = p_target AND (c.condeferrable OR c.confmatchtype = 'f')
    );

-- Columns of a pending record `c`, as its table's types.
CREATE OR REPLACE FUNCTION waybill.typed_columns(p_table regclass, p_columns jsonb) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT string_agg(format('(c.record ->> %1$L)::%2$s AS %1$I', a.attname,
        format_type(a.atttypid, a.atttypmod)), ', ')
    FROM pg_attribute AS a
    WHERE a.attrelid = p_table AND p_columns ? a.attname::text
);
