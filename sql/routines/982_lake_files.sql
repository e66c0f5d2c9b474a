-- The files of an archived partition: written from the table page by page, and read back.

-- The rows in these pages of the table, as lines of CSV without their ending, and the hash of each.
CREATE OR REPLACE FUNCTION waybill.archived_lines(p_partition uuid, p_from bigint, p_to bigint)
RETURNS TABLE (line text, hash bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
SET timezone = 'UTC'
SET datestyle = 'ISO, YMD'
SET intervalstyle = 'postgres'
SET bytea_output = 'hex'
SET extra_float_digits = 1
SET lc_monetary = 'C'
SET jit = off
AS $$
DECLARE
    v_partition waybill.archived_partitions;
    v_line text;
BEGIN
    SELECT * INTO STRICT v_partition
    FROM waybill.archived_partitions AS a WHERE a.partition_id = p_partition;
    SELECT string_agg(
            CASE
                -- The cast to text would remove the blanks at the end.
                WHEN (c.col ->> 'blanks')::boolean
                    THEN format($q$coalesce('"' || replace(CASE WHEN t.%1$I IS NOT NULL
                        THEN concat(t.%1$I) END, '"', '""') || '"', '')$q$, c.col ->> 'name')
                ELSE waybill.csv_cell(c.col ->> 'name', c.col ->> 'kind', false)
            END, $q$ || ',' || $q$ ORDER BY c.place)
    INTO v_line
    FROM jsonb_array_elements(v_partition.columns) WITH ORDINALITY AS c (col, place);
    RETURN QUERY EXECUTE format(
        'SELECT %s, %s FROM ONLY %s AS t WHERE t.ctid >= %L AND t.ctid < %L',
        v_line, waybill.row_hash(v_partition.columns), v_partition.relation::regclass,
        format('(%s,0)', p_from), format('(%s,0)', p_to));
END
$$;

-- A table for the rows of one file that is read back, until the end of the transaction.
CREATE OR REPLACE FUNCTION waybill.create_lake_check(p_partition uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    PERFORM waybill.run_sql(format('CREATE TEMP TABLE lake_check (%s) ON COMMIT DROP', (
        SELECT string_agg(format('%I %s', c.col ->> 'name', c.col ->> 'type'), ', ' ORDER BY c.place)
        FROM waybill.archived_partitions AS a
        CROSS JOIN LATERAL jsonb_array_elements(a.columns) WITH ORDINALITY AS c (col, place)
        WHERE a.partition_id = p_partition)));
    PERFORM waybill.run_sql(format('GRANT INSERT ON pg_temp.lake_check TO %I', session_user));
END
$$;

-- Raise if the rows that were read back are others than those that were written.
CREATE OR REPLACE FUNCTION waybill.assert_read_back(p_partition waybill.archived_partitions,
    p_rows bigint, p_content numeric)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_found record := waybill.content_of('pg_temp.lake_check', p_partition.columns);
BEGIN
    IF v_found.rows <> p_rows OR v_found.content <> p_content THEN
        RAISE EXCEPTION
            'A file of % % has % rows, or values, that differ from the % that were written.',
            p_partition.dataset, p_partition.label, v_found.rows, p_rows
            USING ERRCODE = 'WB024';
    END IF;
END
$$;

-- Record a file that was written, whose rows are in `lake_check` as they were read back, and where
-- the next one begins. False, without effect, if another delivery recorded this file before.
CREATE OR REPLACE FUNCTION waybill.record_archived_file(p_partition uuid, p_attempt integer,
    p_number integer, p_key text, p_rows bigint, p_bytes bigint, p_sha256 text,
    p_content numeric, p_next_block bigint, p_is_last boolean)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_partition waybill.archived_partitions;
BEGIN
    UPDATE waybill.archived_partitions AS a
    SET state = CASE WHEN p_is_last THEN 'WRITTEN' ELSE 'WRITING' END,
        next_file = p_number + 1, next_block = p_next_block, changed_at = clock_timestamp()
    WHERE a.partition_id = p_partition AND a.state = 'WRITING' AND a.attempt = p_attempt
        AND a.next_file = p_number
    RETURNING * INTO v_partition;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM waybill.assert_read_back(v_partition, p_rows, p_content);
    INSERT INTO waybill.archived_files
        (partition_id, attempt, number, key, rows, bytes, sha256, content)
    VALUES (p_partition, p_attempt, p_number, p_key, p_rows, p_bytes, p_sha256, p_content);
    RETURN true;
END
$$;

-- The files of the attempt, in order.
CREATE OR REPLACE FUNCTION waybill.archived_files_of(p_partition uuid)
RETURNS TABLE (number integer, key text, rows bigint, bytes bigint, sha256 text, lake_key text,
    restored boolean)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT f.number, f.key, f.rows, f.bytes, f.sha256, f.lake_key, f.restored
    FROM waybill.archived_files AS f
    JOIN waybill.archived_partitions AS a
        ON a.partition_id = f.partition_id AND a.attempt = f.attempt
    WHERE f.partition_id = p_partition
    ORDER BY f.number;
END;

-- A file is about to be in the folder of the partition, where readers find it.
CREATE OR REPLACE FUNCTION waybill.begin_publishing(p_partition uuid, p_attempt integer)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE waybill.archived_partitions AS a
    SET has_files = true
    WHERE a.partition_id = p_partition AND a.state = 'DETACHED' AND a.attempt = p_attempt;
    RETURN FOUND;
END
$$;

-- The file is in the folder, and was read back there.
CREATE OR REPLACE FUNCTION waybill.record_lake_file(p_partition uuid, p_attempt integer,
    p_number integer, p_lake_key text)
RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    UPDATE waybill.archived_files AS f SET lake_key = p_lake_key
    WHERE f.partition_id = p_partition AND f.attempt = p_attempt AND f.number = p_number;
    UPDATE waybill.archived_partitions AS a SET changed_at = clock_timestamp()
    WHERE a.partition_id = p_partition;
END;

-- The folder is empty again: the rows are in the table.
CREATE OR REPLACE FUNCTION waybill.forget_lake_files(p_partition uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    DELETE FROM waybill.archived_files AS f
    USING waybill.archived_partitions AS a
    WHERE a.partition_id = p_partition AND f.partition_id = p_partition AND a.state = 'RESTORED';
    UPDATE waybill.archived_partitions AS a
    SET has_files = false, changed_at = clock_timestamp()
    WHERE a.partition_id = p_partition AND NOT waybill.is_in_lake(a.state);
END;
