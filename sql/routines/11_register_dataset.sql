-- Register a table as a dataset: what the catalog does not say about it.

CREATE OR REPLACE FUNCTION waybill.primary_key(p_table regclass) RETURNS text[]
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT waybill.column_names(c.conrelid, c.conkey) FROM pg_constraint AS c
    WHERE c.conrelid = p_table AND c.contype = 'p'
);

-- The primary key, if files can fill it: rows whose key the table makes up are only appended.
CREATE OR REPLACE FUNCTION waybill.default_key(p_table regclass) RETURNS text[]
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN CASE WHEN NOT waybill.is_filled_by_table(p_table, waybill.primary_key(p_table))
    THEN waybill.primary_key(p_table) END;

-- The unit of the partitions of a table that is partitioned by range of one time column.
CREATE OR REPLACE FUNCTION waybill.default_unit(p_table regclass) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT 'year' FROM pg_partitioned_table AS p
    JOIN pg_attribute AS a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]
    WHERE p.partrelid = p_table AND p.partstrat = 'r' AND p.partnatts = 1
        AND a.atttypid IN ('date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype)
);

-- Give the table its stamp: which file last wrote a row. Without it a file that arrives late would
-- win over a later one, or replace its rows. The constant default changes the catalog only.
CREATE OR REPLACE FUNCTION waybill.add_stamp(p_table regclass) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    PERFORM waybill.run_sql(format(
        'ALTER TABLE %s ADD COLUMN IF NOT EXISTS _landed bigint NOT NULL DEFAULT 0', p_table));
    PERFORM waybill.run_sql(format('COMMENT ON COLUMN %s._landed IS %L', p_table,
        'Order of landing of the file that last wrote or stamped the row.'));
END
$$;

-- That of a release with other arguments, which was rolled back to or from, would be another
-- routine, and a call could mean both.
DO $do$
DECLARE
    v_routine regprocedure;
BEGIN
    FOR v_routine IN
        SELECT p.oid FROM pg_proc AS p
        WHERE p.pronamespace = 'waybill'::regnamespace AND p.proname = 'register_dataset'
    LOOP
        PERFORM waybill.run_sql(format('DROP FUNCTION %s', v_routine));
    END LOOP;
END
$do$;

-- Called from the dataset's own file. Defaults: the table of the same name, its primary key as
-- natural key, `merge` when there is a key and `append` when there is none. The parameters have
-- the names that the file writes.
CREATE OR REPLACE FUNCTION waybill.register_dataset(
    name text,
    target regclass DEFAULT NULL,
    natural_key text[] DEFAULT NULL,
    write_disposition text DEFAULT NULL,
    aliases jsonb DEFAULT '{}',
    null_words text[] DEFAULT '{}',
    trim_text boolean DEFAULT true,
    personal text[] DEFAULT '{}',
    delimiter text DEFAULT NULL,
    header text DEFAULT 'auto',
    partition_unit text DEFAULT NULL,
    on_missing_parent text DEFAULT 'pending',
    content_key text DEFAULT NULL,
    provenance text DEFAULT NULL,
    document text DEFAULT NULL,
    file_format text DEFAULT 'auto',
    formats jsonb DEFAULT '{}',
    encoding text DEFAULT NULL,
    max_reject_share numeric DEFAULT NULL,
    max_rejects bigint DEFAULT NULL,
    replace_scope text DEFAULT 'table',
    partition_range daterange DEFAULT '[1700-01-01,2300-01-01)',
    searchable text[] DEFAULT '{}',
    lookups jsonb DEFAULT '{}',
    skip_blank_records boolean DEFAULT true,
    repeated_header text DEFAULT 'reject',
    max_upload_bytes bigint DEFAULT NULL,
    transformation jsonb DEFAULT '{}',
    notify jsonb DEFAULT '{}',
    drift text DEFAULT 'refuse',
    rescued text DEFAULT NULL,
    sheet text DEFAULT NULL,
    revertible_days integer DEFAULT 7,
    history_unit text DEFAULT NULL,
    archive_after interval DEFAULT NULL,
    quote text DEFAULT '"',
    escape text DEFAULT NULL,
    escape_codes boolean DEFAULT false
) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_variable
DECLARE
    -- Resolved by the caller's search_path, as the file was written.
    v_table regclass := coalesce(target, to_regclass(quote_ident(name)));
    v_key text[];
    v_disposition text;
    v_is_known boolean := EXISTS (SELECT FROM waybill.datasets AS d WHERE d.name = name);
BEGIN
    IF v_table IS NULL THEN
        RAISE EXCEPTION 'There is no table % to register.', name USING ERRCODE = 'WB005';
    END IF;
    PERFORM waybill.assert_owned(v_table);
    PERFORM waybill.assert_word('write_disposition', write_disposition, '{merge,append,replace}');
    PERFORM waybill.assert_word('header', header, '{auto,present,absent}');
    PERFORM waybill.assert_word('file_format', file_format, '{auto,csv,json,parquet,arrow,xlsx}');
    PERFORM waybill.assert_word('replace_scope', replace_scope, '{table,partition}');
    PERFORM waybill.assert_word('partition_unit', partition_unit, '{year,month,day}');
    PERFORM waybill.assert_word('history_unit', history_unit, '{month,year}');
    PERFORM waybill.assert_word('on_missing_parent', on_missing_parent, '{pending,reject}');
    PERFORM waybill.assert_word('repeated_header', repeated_header, '{reject,load}');
    PERFORM waybill.assert_word('drift', drift, '{refuse,ignore,rescue}');
    PERFORM waybill.assert_dialect(delimiter, quote, escape, escape_codes, file_format);
    PERFORM waybill.assert_notify(notify);
    PERFORM waybill.assert_table(v_table);
    v_key := coalesce(natural_key, CASE WHEN content_key IS NOT NULL THEN ARRAY[content_key] END,
        waybill.default_key(v_table), '{}');
    v_disposition := coalesce(write_disposition,
        CASE WHEN v_key = '{}' THEN 'append' ELSE 'merge' END);
    PERFORM waybill.assert_free_names(v_table);
    PERFORM waybill.assert_no_delete_trigger(v_table, v_key);
    IF v_key <> '{}' THEN
        PERFORM waybill.assert_natural_key(v_table, v_key);
    END IF;
    IF v_key <> '{}' OR v_disposition = 'replace' OR revertible_days > 0 THEN
        PERFORM waybill.add_stamp(v_table);
    END IF;
    IF v_key <> '{}' AND v_disposition = 'merge' THEN
        PERFORM waybill.watch_table(v_table);
    END IF;
    PERFORM waybill.keep_images(v_table, revertible_days > 0);
    transformation := waybill.compiled_rules(name, v_table, transformation);
    INSERT INTO waybill.datasets (name, target, write_disposition, natural_key, content_key,
        provenance, document, file_format, formats, encoding, aliases, null_words, trim_text,
        personal, delimiter, header, partition_unit, partition_range, on_missing_parent,
        max_reject_share, max_rejects, replace_scope, searchable, lookups, skip_blank_records,
        repeated_header, max_upload_bytes, transformation, notify, drift, rescued, sheet,
        revertible_days, images_since, history_unit, archive_after, quote, escape, escape_codes)
    VALUES (name, v_table, v_disposition, v_key, content_key,
        provenance, document, file_format, formats, encoding, waybill.folded(aliases), null_words,
        trim_text, personal, delimiter, header,
        coalesce(partition_unit, waybill.default_unit(v_table)), partition_range,
        on_missing_parent, max_reject_share, max_rejects, replace_scope, searchable, lookups,
        skip_blank_records, repeated_header, max_upload_bytes, transformation, notify, drift, rescued,
        sheet,
        revertible_days, CASE WHEN revertible_days > 0 THEN clock_timestamp() END, history_unit,
        archive_after, nullif(quote, 'none'), escape, escape_codes)
    -- A migration registers again what it changed.
    ON CONFLICT ON CONSTRAINT datasets_pkey DO UPDATE SET target = excluded.target,
        write_disposition = excluded.write_disposition, natural_key = excluded.natural_key,
        content_key = excluded.content_key, provenance = excluded.provenance,
        replace_scope = excluded.replace_scope, document = excluded.document,
        file_format = excluded.file_format, formats = excluded.formats,
        encoding = excluded.encoding, aliases = excluded.aliases,
        null_words = excluded.null_words, trim_text = excluded.trim_text,
        personal = excluded.personal, delimiter = excluded.delimiter,
        header = excluded.header, partition_unit = excluded.partition_unit,
        on_missing_parent = excluded.on_missing_parent,
        partition_range = excluded.partition_range,
        max_reject_share = excluded.max_reject_share, max_rejects = excluded.max_rejects,
        searchable = excluded.searchable, lookups = excluded.lookups,
        skip_blank_records = excluded.skip_blank_records,
        repeated_header = excluded.repeated_header,
        max_upload_bytes = excluded.max_upload_bytes,
        transformation = excluded.transformation, notify = excluded.notify,
        drift = excluded.drift, rescued = excluded.rescued, sheet = excluded.sheet,
        revertible_days = excluded.revertible_days, history_unit = excluded.history_unit,
        archive_after = excluded.archive_after, quote = excluded.quote,
        escape = excluded.escape, escape_codes = excluded.escape_codes,
        images_since = CASE WHEN excluded.revertible_days > 0
            THEN coalesce(waybill.datasets.images_since, excluded.images_since) END;
    -- The migration may have changed rows, and which of their columns are personal.
    IF v_is_known THEN
        PERFORM waybill.begin_generation(name);
    END IF;
    PERFORM waybill.assert_arguments(name);
    PERFORM waybill.assert_aliases(name);
    PERFORM waybill.assert_lake(name);
    PERFORM waybill.assert_formats(name);
    PERFORM waybill.assert_transformation(name, transformation - 'where');
END
$$;

-- Header names are compared without regard to case.
CREATE OR REPLACE FUNCTION waybill.folded(p_aliases jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN CASE WHEN jsonb_typeof(p_aliases) = 'object'
    THEN (SELECT coalesce(jsonb_object_agg(lower(key), value), '{}') FROM jsonb_each(p_aliases))
    ELSE p_aliases END;
