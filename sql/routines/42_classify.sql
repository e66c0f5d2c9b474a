-- Each record's class, by its key, against the rows that are there.

-- merge_records: the last record of each key, in the table's types, with
--   _cls  i insert, u update, = unchanged, s superseded by a later landing, p pending
--   _part start of the partition it goes to; _was  start of the one its row is in now
CREATE OR REPLACE FUNCTION waybill.classify(m waybill.merge_plan) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    records text := waybill.last_records(m);
    keep CONSTANT text := waybill.ident_list(m.written, 's.');
    part CONSTANT text := waybill.part_of(m, 's');
BEGIN
    DROP TABLE IF EXISTS pg_temp.merge_records;
    IF m.key = '{}' THEN
        EXECUTE format('CREATE TEMP TABLE merge_records ON COMMIT DROP AS SELECT s._line, s._raw, %s,'
            ' CASE WHEN %s THEN ''s'' ELSE ''i'' END::"char" AS _cls, NULL::jsonb AS _missing,'
            ' %s AS _part, %s AS _was FROM (%s) AS s', keep, waybill.covered_by_replace(m, part), part,
            waybill.part_of(m, NULL), records);
        RETURN;
    END IF;
    EXECUTE format('CREATE TEMP TABLE merge_records ON COMMIT DROP AS'
        ' WITH s AS NOT MATERIALIZED (%1$s)'
        ' SELECT s._line, s._raw, %2$s, CASE WHEN %10$s THEN ''s'' WHEN h._landed IS NULL THEN ''i'''
        ' WHEN h._landed > %3$s THEN ''s'' WHEN %4$s THEN ''u'' ELSE ''='' END::"char" AS _cls,'
        ' NULL::jsonb AS _missing, %5$s AS _part, %6$s AS _was'
        ' FROM s LEFT JOIN %7$s AS h ON %8$s %9$s',
        records, keep, m.place, waybill.differs(m, 'h', 's'), part, waybill.part_of(m, 'h'),
        m.target, waybill.equal_on(m.key, 'h', 's'), waybill.beyond_last_key(m, records, part),
        waybill.covered_by_replace(m, part));
END
$$;

-- Keys above the table's largest need no search. A branch of its own, since the planner
-- does not split the join by itself; for single integer keys only.
CREATE OR REPLACE FUNCTION waybill.beyond_last_key(m waybill.merge_plan, records text,
    part text)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    last_key bigint;
BEGIN
    IF cardinality(m.key) > 1 OR (SELECT a.atttypid NOT IN ('int2'::regtype, 'int4'::regtype,
            'int8'::regtype) FROM pg_attribute AS a
            WHERE a.attrelid = m.target AND a.attname = m.key[1]) THEN
        RETURN '';
    END IF;
    EXECUTE format('SELECT max(%I) FROM %s', m.key[1], m.target) INTO last_key;
    last_key := coalesce(last_key, -9223372036854775808);
    RETURN format(' WHERE s.%1$I <= %2$s UNION ALL SELECT s._line, s._raw, %3$s,'
        ' CASE WHEN %6$s THEN ''s'' ELSE ''i'' END::"char", NULL::jsonb, %4$s, %5$s FROM s'
        ' WHERE s.%1$I > %2$s', m.key[1],
        quote_literal(last_key) || '::bigint', waybill.ident_list(m.written, 's.'), part,
        waybill.part_of(m, NULL), waybill.covered_by_replace(m, part));
END
$$;

-- Whether a record comes too late for its part, as a condition.
CREATE OR REPLACE FUNCTION waybill.covered_by_replace(m waybill.merge_plan, part text) RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog
RETURN CASE WHEN (m).closed = '{}' THEN 'false' WHEN '' = ANY ((m).closed) THEN 'true'
    ELSE format('%s = ANY (%L::timestamp[])', part, (m).closed) END;

-- The accepted records, of several with one key the last.
CREATE OR REPLACE FUNCTION waybill.last_records(m waybill.merge_plan) RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    accepted text;
    keys CONSTANT text := waybill.ident_list(m.key);
    repeated boolean := false;
BEGIN
    accepted := format('SELECT _line, %s, %s FROM %s AS t%s',
        CASE WHEN m.keeps_raw THEN '_raw' ELSE 'NULL::text AS _raw' END,
        waybill.typed_columns(m), m.source,
        CASE WHEN EXISTS (SELECT FROM pg_temp.merge_rejects) THEN ' WHERE NOT EXISTS'
            ' (SELECT FROM pg_temp.merge_rejects AS b WHERE b.line = t._line)' ELSE '' END);
    IF m.key <> '{}' THEN
        EXECUTE format('SELECT EXISTS (SELECT FROM (%s) AS t GROUP BY %s'
            ' HAVING count(*) > 1)', accepted, keys) INTO repeated;
    END IF;
    RETURN CASE WHEN repeated THEN format('SELECT DISTINCT ON (%1$s) * FROM (%2$s) AS t'
        ' ORDER BY %1$s, _line DESC', keys, accepted) ELSE accepted END;
END
$$;

-- Start of the partition that a row of `alias` belongs to, in UTC.
CREATE OR REPLACE FUNCTION waybill.part_of(m waybill.merge_plan, alias text) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog
RETURN CASE WHEN (m).part_unit IS NULL OR alias IS NULL THEN 'NULL::timestamp'
    ELSE (
        SELECT format(CASE WHEN a.atttypid = 'timestamptz'::regtype
            THEN 'date_trunc(%L, %s.%I AT TIME ZONE ''UTC'')'
            ELSE 'date_trunc(%L, %s.%I::timestamp)' END, (m).part_unit, alias, a.attname)
        FROM pg_attribute AS a
        WHERE a.attrelid = (m).target AND a.attname = (m).part_column) END;
