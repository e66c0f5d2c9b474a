-- When the database refuses a write that every check had passed (a second unique key, an
-- exclusion, a trigger that raises): halve until the record is found, refuse it, keep the
-- rest. Of two records that cannot stand together the earlier line stays.

-- Returns whether it came to that.
CREATE OR REPLACE FUNCTION waybill.write(m waybill.merge_plan) RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    start timestamp;
BEGIN
    BEGIN
        PERFORM waybill.write_as_set(m);
        RETURN false;
    EXCEPTION
        WHEN integrity_constraint_violation OR data_exception OR raise_exception
            OR with_check_option_violation THEN
            RAISE LOG 'job %: written record by record, since: %', m.job, SQLERRM;
    END;
    FOR start IN SELECT waybill.missing_parts(m) LOOP
        PERFORM waybill.add_partition(m, start);
    END LOOP;
    PERFORM waybill.write_range(m, min(_line), max(_line)) FROM pg_temp.merge_records
    WHERE _cls IN ('i', 'u');
    PERFORM waybill.stamp_rows(m);
    RETURN true;
END
$$;

CREATE OR REPLACE FUNCTION waybill.write_range(m waybill.merge_plan, first bigint,
    last bigint)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    middle bigint;
    reason text;
    place_of text;
    con text;
BEGIN
    BEGIN
        PERFORM waybill.write_lines(m, first, last);
        RETURN;
    EXCEPTION
        WHEN integrity_constraint_violation OR data_exception OR raise_exception
            OR with_check_option_violation THEN
            GET STACKED DIAGNOSTICS reason = MESSAGE_TEXT, place_of = COLUMN_NAME,
                con = CONSTRAINT_NAME;
    END;
    IF first = last THEN
        INSERT INTO pg_temp.merge_rejects VALUES (first, nullif(place_of, ''),
            CASE WHEN con = '' THEN 'refused_by_table' ELSE 'constraint_violation' END,
            reason);
        UPDATE pg_temp.merge_records SET _cls = 'r' WHERE _line = first;
        RETURN;
    END IF;
    SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY _line) INTO middle
    FROM pg_temp.merge_records WHERE _cls IN ('i', 'u') AND _line >= first AND _line <= last;
    PERFORM waybill.write_range(m, first, middle);
    PERFORM waybill.write_range(m, min(_line), last) FROM pg_temp.merge_records
    WHERE _cls IN ('i', 'u') AND _line > middle AND _line <= last HAVING count(*) > 0;
END
$$;

CREATE OR REPLACE FUNCTION waybill.write_lines(m waybill.merge_plan, first bigint,
    last bigint)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    among CONSTANT text := format('s._line >= %s AND s._line <= %s', first, last);
BEGIN
    IF m.key <> '{}' THEN
        EXECUTE format('UPDATE %s AS h SET %s, _landed = %s FROM pg_temp.merge_records AS s'
            ' WHERE s._cls = ''u'' AND %s AND %s', m.target,
            (SELECT string_agg(format('%1$I = s.%1$I', c), ', ') FROM unnest(m.written) AS c),
            m.place, among, waybill.equal_on(m.key, 'h', 's'));
    END IF;
    PERFORM waybill.insert_into(m, m.target, 's._cls = ''i'' AND ' || among);
    SET CONSTRAINTS ALL IMMEDIATE;
END
$$;
