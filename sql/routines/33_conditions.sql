-- Fragments that statements are composed of: lists of names, conditions.

-- `a, b`, or with a prefix `s.a, s.b`.
CREATE OR REPLACE FUNCTION waybill.ident_list(p_names text[], p_prefix text DEFAULT '')
RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT string_agg(p_prefix || quote_ident(x.name), ', ' ORDER BY x.n)
    FROM unnest(p_names) WITH ORDINALITY AS x (name, n)
);

-- `a = s.a, b = s.b`
CREATE OR REPLACE FUNCTION waybill.set_list(p_names text[], p_from text) RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT string_agg(format('%1$I = %2$s.%1$I', x.name, p_from), ', ')
    FROM unnest(p_names) AS x (name)
);

-- `a.k = b.k AND a.l = b.l`; false without columns.
CREATE OR REPLACE FUNCTION waybill.equal_on(p_names text[], p_left text, p_right text)
RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN coalesce((
    SELECT string_agg(format('%1$s.%3$I = %2$s.%3$I', p_left, p_right, x.name), ' AND ')
    FROM unnest(p_names) AS x (name)
), 'false');

CREATE OR REPLACE FUNCTION waybill.has_column(p_table regclass, p_column text)
RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN EXISTS (
    SELECT FROM pg_attribute AS a
    WHERE a.attrelid = p_table
        AND a.attname = p_column
        AND NOT a.attisdropped
);

-- Types whose equality is identity of representation. For all others two values may be equal
-- and yet differ: '1 mon' and '30 days', 1.0 and 1.00, -0 and 0, 'A' and 'a' of citext.
CREATE OR REPLACE FUNCTION waybill.equal_means_identical(p_type oid, p_collation oid)
RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN p_type IN (
        'bool'::regtype, 'int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'oid'::regtype,
        'date'::regtype, 'time'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype,
        'uuid'::regtype, 'bytea'::regtype)
    OR p_type IN ('text'::regtype, 'varchar'::regtype) AND coalesce((
        SELECT c.collisdeterministic FROM pg_collation AS c WHERE c.oid = p_collation
    ), true);

-- Whether a record and a row differ in the file's columns or in enriched ones, as a condition.
-- Records that are identified by their content never do.
CREATE OR REPLACE FUNCTION waybill.differs(p_plan waybill.merge_plan, p_left text,
    p_right text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_by_value text[];
    v_by_image text[];
    v_conditions text[] := '{}';
BEGIN
    IF p_plan.contract ->> 'content_key' IS NOT NULL THEN
        RETURN 'false';
    END IF;
    SELECT array_agg(a.attname ORDER BY a.attnum)
            FILTER (WHERE waybill.equal_means_identical(a.atttypid, a.attcollation)),
        -- With its type: that of a domain is lost where a value is cast only if it is valid.
        array_agg(format('%I::%s', a.attname, format_type(a.atttypid, a.atttypmod))
                ORDER BY a.attnum)
            FILTER (WHERE NOT waybill.equal_means_identical(a.atttypid, a.attcollation))
    INTO v_by_value, v_by_image
    FROM pg_attribute AS a
    WHERE a.attrelid = p_plan.target
        AND (a.attname = ANY (p_plan.columns)
            OR p_plan.contract -> 'transformation' -> 'enrich' ? a.attname);
    IF v_by_value IS NOT NULL THEN
        v_conditions := v_conditions || format('(%s) IS DISTINCT FROM (%s)',
            waybill.ident_list(v_by_value, p_left || '.'),
            waybill.ident_list(v_by_value, p_right || '.'));
    END IF;
    IF v_by_image IS NOT NULL THEN
        -- *<> compares the stored bytes.
        v_conditions := v_conditions || format('ROW(%s)::record *<> ROW(%s)::record',
            p_left || '.' || array_to_string(v_by_image, ', ' || p_left || '.'),
            p_right || '.' || array_to_string(v_by_image, ', ' || p_right || '.'));
    END IF;
    RETURN '(' || array_to_string(v_conditions, ' OR ') || ')';
END
$$;
