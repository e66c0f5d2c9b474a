-- The write: rows that are there, partitions that are not, and, when the database refuses
-- something that no check foresaw, record by record.

-- Whether the per-row foreign key triggers may be skipped: every reference was checked as a
-- set and its parent is locked. Not where triggers are somebody's own, where rows of other
-- tables refer to this one, where it refers to itself, or where a constraint is deferrable.
CREATE OR REPLACE FUNCTION waybill.may_skip_triggers(target regclass) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog
RETURN has_parameter_privilege('session_replication_role', 'SET')
    AND NOT EXISTS (SELECT FROM pg_trigger AS t
        WHERE t.tgrelid = target AND NOT t.tgisinternal)
    AND NOT EXISTS (SELECT FROM pg_constraint AS c
        WHERE c.confrelid = target OR (c.conrelid = target AND c.condeferrable));

-- Everything at once, in the order of the table's secondary index.
CREATE OR REPLACE FUNCTION waybill.write_as_set(m waybill.merge_plan) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    start timestamp;
    fresh regclass;
    built jsonb := '{}';
    part text;
BEGIN
    FOR start IN SELECT waybill.missing_parts(m) LOOP
        -- Rows that move into a new partition leave the old one now and enter with the rest.
        EXECUTE format('DELETE FROM %s AS h USING pg_temp.merge_records AS s'
            ' WHERE s._cls = ''u'' AND s._part = %L AND %s', m.target, start,
            coalesce(waybill.equal_on(m.key, 'h', 's'), 'false'));
        fresh := waybill.build_partition(m, start);
        PERFORM waybill.insert_into(m, fresh, format(
            's._cls IN (''i'', ''u'') AND s._part = %L', start), sorted => false);
        built := built || jsonb_build_object(start::text, fresh::oid);
    END LOOP;
    IF waybill.may_skip_triggers(m.target) THEN
        -- Until the end of this write only; back to origin below, or by the rollback.
        PERFORM set_config('session_replication_role', 'replica', true);
        PERFORM waybill.update_rows(m, built);
        FOR start IN SELECT DISTINCT _part FROM pg_temp.merge_records
            WHERE _cls = 'i' AND NOT built ? _part::text
        LOOP
            PERFORM waybill.insert_into(m, waybill.partition_for(m, start),
                format('s._cls = ''i'' AND s._part = %L', start));
        END LOOP;
        PERFORM waybill.insert_into(m, m.target, 's._cls = ''i'' AND s._part IS NULL');
        PERFORM set_config('session_replication_role', 'origin', true);
    ELSE
        PERFORM waybill.update_rows(m, built);
        PERFORM waybill.insert_into(m, m.target, format('s._cls = ''i'''
            ' AND (s._part IS NULL OR NOT %L::jsonb ? s._part::text)', built));
    END IF;
    FOR start, part IN SELECT key::timestamp, value FROM jsonb_each_text(built) LOOP
        PERFORM waybill.attach_partition(m, part::oid::regclass, start);
    END LOOP;
    SET CONSTRAINTS ALL IMMEDIATE;
END
$$;

-- Starts of the partitions that are needed and not there. A file with a stray year in every
-- record must not leave thousands of partitions behind.
CREATE OR REPLACE FUNCTION waybill.missing_parts(m waybill.merge_plan) RETURNS SETOF timestamp
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    missing timestamp[];
BEGIN
    -- Materialised: the look-up is asked once per part, not once per record.
    missing := ARRAY(
        WITH needed AS MATERIALIZED (SELECT DISTINCT _part FROM pg_temp.merge_records
            WHERE _cls IN ('i', 'u') AND _part IS NOT NULL)
        SELECT _part FROM needed WHERE waybill.partition_for(m, _part) IS NULL ORDER BY _part);
    IF cardinality(missing) > 100 THEN
        RAISE EXCEPTION 'The file needs % new partitions by % of %; at most 100 are made for'
            ' one file.', cardinality(missing), m.part_unit, m.part_column
            USING ERRCODE = 'WB005';
    END IF;
    RETURN QUERY SELECT unnest(missing);
END
$$;

-- Insert the records that `which` picks; as many as it picks, or the merge is undone.
-- Sorted, unless the table has no index yet.
CREATE OR REPLACE FUNCTION waybill.insert_into(m waybill.merge_plan, into_table regclass,
    which text, sorted boolean DEFAULT true)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    stamped CONSTANT boolean := m.key <> '{}';
    expected bigint;
    inserted bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM pg_temp.merge_records AS s WHERE %s', which) INTO expected;
    IF expected = 0 THEN
        RETURN;
    END IF;
    EXECUTE format('INSERT INTO %s (%s%s) SELECT %s%s FROM pg_temp.merge_records AS s WHERE %s%s',
        into_table, waybill.ident_list(m.written),
        CASE WHEN stamped THEN ', _landed' ELSE '' END, waybill.ident_list(m.written, 's.'),
        CASE WHEN stamped THEN ', ' || m.place ELSE '' END, which,
        CASE WHEN sorted THEN ' ORDER BY ' || waybill.write_order(m) ELSE '' END);
    GET DIAGNOSTICS inserted = ROW_COUNT;
    PERFORM waybill.assert_count('inserted', expected, inserted);
END
$$;

CREATE OR REPLACE FUNCTION waybill.assert_count(what text, expected bigint, got bigint)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
BEGIN
    IF expected <> got THEN
        RAISE EXCEPTION '% records were to be %, % were.', expected, what, got
            USING ERRCODE = 'WB005', HINT = 'A trigger of the table may have left some out.';
    END IF;
END
$$;

-- The order of the first index that is not unique: entries then land side by side, which is
-- what bulk loading it costs least with.
CREATE OR REPLACE FUNCTION waybill.write_order(m waybill.merge_plan) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog
RETURN coalesce((
    SELECT waybill.ident_list(waybill.column_names(i.indrelid, i.indkey::smallint[]), 's.')
    FROM pg_index AS i
    WHERE i.indrelid = (m).target AND NOT i.indisunique AND i.indexprs IS NULL
        AND (m).cols @> waybill.column_names(i.indrelid, i.indkey::smallint[])
    ORDER BY i.indexrelid LIMIT 1), 's._line');

CREATE OR REPLACE FUNCTION waybill.update_rows(m waybill.merge_plan, built jsonb)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    rows_set CONSTANT text := (SELECT string_agg(format('%1$I = s.%1$I', c), ', ')
        FROM unnest(m.written) AS c);
    expected bigint;
    updated bigint;
BEGIN
    SELECT count(*) INTO expected FROM pg_temp.merge_records AS s
    WHERE s._cls = 'u' AND (s._part IS NULL OR NOT built ? s._part::text);
    IF expected > 0 THEN
        EXECUTE format('UPDATE %s AS h SET %s, _landed = %s FROM pg_temp.merge_records AS s'
            ' WHERE s._cls = ''u'' AND (s._part IS NULL OR NOT %L::jsonb ? s._part::text)'
            ' AND %s', m.target, rows_set, m.place, built,
            waybill.equal_on(m.key, 'h', 's'));
        GET DIAGNOSTICS updated = ROW_COUNT;
        PERFORM waybill.assert_count('updated', expected, updated);
    END IF;
    PERFORM waybill.stamp_rows(m);
END
$$;

-- Stamp the rows that the file found as they are, against an earlier landing still to come.
CREATE OR REPLACE FUNCTION waybill.stamp_rows(m waybill.merge_plan) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    IF m.bump AND m.key <> '{}' THEN
        EXECUTE format('UPDATE %s AS h SET _landed = %s FROM pg_temp.merge_records AS s'
            ' WHERE s._cls = ''='' AND h._landed < %s AND %s', m.target, m.place, m.place,
            waybill.equal_on(m.key, 'h', 's'));
    END IF;
END
$$;
