-- The contract of a dataset, read from the catalog.

-- The type of a column in the staging table: its own type where the loader checks it completely,
-- otherwise text, which the database checks and casts.
CREATE OR REPLACE FUNCTION waybill.stage_type(p_kind text) RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN CASE
    WHEN p_kind IN ('int2', 'int4', 'int8', 'float4', 'float8', 'bool', 'date', 'timestamp',
        'timestamptz') THEN p_kind
    ELSE 'text'
END;

-- Base types that the loader checks completely, so that the database need not check again.
CREATE OR REPLACE FUNCTION waybill.checked_by_loader(p_kind text) RETURNS boolean
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN p_kind IN ('int2', 'int4', 'int8', 'float4', 'float8', 'bool', 'date', 'timestamp',
    'timestamptz', 'text', 'varchar', 'bpchar', 'numeric', 'uuid');

-- Whether the loader has checked a column of the contract. Of a domain it knows the base type
-- only; the domain's own checks are up to the database.
CREATE OR REPLACE FUNCTION waybill.trusts_loader(p_column jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN waybill.checked_by_loader(p_column ->> 'kind')
    AND NOT coalesce((p_column ->> 'is_domain')::boolean, false);

-- The type that a domain is made of, through domains of domains; any other type is itself. A
-- domain has its length or precision from the innermost domain that declares one.
CREATE OR REPLACE FUNCTION waybill.base_type(p_type oid, p_typmod integer,
    OUT base oid, OUT typmod integer)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_domain pg_type;
BEGIN
    base := p_type;
    typmod := p_typmod;
    LOOP
        SELECT * INTO v_domain FROM pg_type AS t WHERE t.oid = base AND t.typtype = 'd';
        EXIT WHEN NOT FOUND;
        base := v_domain.typbasetype;
        typmod := CASE WHEN typmod >= 0 THEN typmod ELSE v_domain.typtypmod END;
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION waybill.column_names(p_table regclass, p_numbers smallint[])
RETURNS text[]
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT array_agg(a.attname::text ORDER BY n.place)
    FROM unnest(p_numbers) WITH ORDINALITY AS n (number, place)
    JOIN pg_attribute AS a ON a.attrelid = p_table AND a.attnum = n.number
);

-- Columns that files may fill: those that are not generated and that Waybill does not fill itself.
-- Of a dataset of documents, only the document.
CREATE OR REPLACE FUNCTION waybill.contract_columns(p_dataset waybill.datasets) RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    -- Once, and not for each column.
    WITH personal AS MATERIALIZED (SELECT waybill.personal_columns(p_dataset) AS names)
    SELECT jsonb_agg(jsonb_build_object(
        'name', a.attname,
        'type', format_type(a.atttypid, a.atttypmod),
        'kind', t.typname,
        'is_domain', a.atttypid <> b.base,
        'stage', waybill.stage_type(t.typname::text),
        'required', a.attnotnull AND (NOT a.atthasdef AND a.attidentity = ''
            OR a.attname = ANY (p_dataset.natural_key)),
        'nullable', NOT a.attnotnull,
        'has_default', a.atthasdef OR a.attidentity <> '',
        'max_length', CASE WHEN t.typname IN ('varchar', 'bpchar') AND b.typmod > 4
            THEN b.typmod - 4 END,
        'precision', CASE WHEN t.typname = 'numeric' AND b.typmod > 4
            THEN (b.typmod - 4) >> 16 & 65535 END,
        -- The scale is an 11-bit two's complement number since PostgreSQL 15.
        'scale', CASE WHEN t.typname = 'numeric' AND b.typmod > 4
            THEN ((b.typmod - 4 & 2047) # 1024) - 1024 END,
        'comment', col_description(a.attrelid, a.attnum),
        'personal', a.attname = ANY (p.names)
    ) ORDER BY a.attnum)
    FROM personal AS p
    CROSS JOIN pg_attribute AS a
    CROSS JOIN LATERAL waybill.base_type(a.atttypid, a.atttypmod) AS b
    JOIN pg_type AS t ON t.oid = b.base
    WHERE a.attrelid = p_dataset.target AND a.attnum > 0 AND NOT a.attisdropped
        AND a.attgenerated = '' AND a.attidentity <> 'a'
        AND a.attname <> '_landed'
        AND a.attname IS DISTINCT FROM p_dataset.content_key
        AND a.attname IS DISTINCT FROM p_dataset.provenance
        AND a.attname = coalesce(p_dataset.document, a.attname)
);

CREATE OR REPLACE FUNCTION waybill.contract_references(p_table regclass) RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT coalesce(jsonb_agg(jsonb_build_object(
        'name', c.conname,
        'columns', waybill.column_names(c.conrelid, c.conkey),
        'table', c.confrelid::regclass::text,
        'to', waybill.column_names(c.confrelid, c.confkey),
        'dataset', d.name
    ) ORDER BY c.conname), '[]')
    FROM pg_constraint AS c
    LEFT JOIN waybill.datasets AS d ON d.target = c.confrelid
    WHERE c.conrelid = p_table AND c.contype = 'f'
        -- PostgreSQL keeps a copy of the constraint for each referenced partition.
        AND c.conparentid = 0
);

-- Whether the database may refuse a record that the loader accepted. If so, the staging table
-- carries the raw text, since every reject keeps it.
CREATE OR REPLACE FUNCTION waybill.may_refuse(p_dataset waybill.datasets) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN p_dataset.on_missing_parent = 'reject'
    OR EXISTS (
        SELECT FROM pg_constraint AS c
        WHERE c.conrelid = p_dataset.target AND c.contype IN ('c', 'x'))
    OR EXISTS (
        SELECT FROM pg_index AS i
        WHERE i.indrelid = p_dataset.target AND i.indisunique
            AND (p_dataset.write_disposition = 'append'
                OR i.indexprs IS NOT NULL OR i.indpred IS NOT NULL
                OR NOT waybill.column_names(i.indrelid, i.indkey::smallint[])
                    @> p_dataset.natural_key))
    -- What is computed may fail for some record.
    OR EXISTS (
        SELECT FROM pg_index AS i
        WHERE i.indrelid = p_dataset.target AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL))
    OR EXISTS (
        SELECT FROM pg_attribute AS a
        WHERE a.attrelid = p_dataset.target AND a.attgenerated <> '' AND NOT a.attisdropped)
    OR EXISTS (
        SELECT FROM pg_trigger AS t
        WHERE t.tgrelid = p_dataset.target AND NOT t.tgisinternal
            AND t.tgfoid NOT IN (
                'waybill.record_table_change'::regproc, 'waybill.record_row_images'::regproc))
    OR EXISTS (
        SELECT FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid
        WHERE a.attrelid = p_dataset.target AND a.attnum > 0 AND NOT a.attisdropped
            AND NOT waybill.checked_by_loader(t.typname::text));

CREATE OR REPLACE FUNCTION waybill.partitioning(p_dataset waybill.datasets) RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT jsonb_build_object('column', a.attname, 'unit', p_dataset.partition_unit)
    FROM pg_partitioned_table AS p
    JOIN pg_attribute AS a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]
    WHERE p.partrelid = p_dataset.target AND p_dataset.partition_unit IS NOT NULL
);

-- The contract without its version, as the catalog is now: the table and its registration.
CREATE OR REPLACE FUNCTION waybill.registered_contract(p_dataset waybill.datasets) RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT jsonb_build_object(
        'name', p_dataset.name,
        'table_schema', n.nspname,
        'table', c.relname,
        'comment', obj_description(c.oid, 'pg_class'),
        'write_disposition', p_dataset.write_disposition,
        'replace_scope', p_dataset.replace_scope,
        'natural_key', p_dataset.natural_key,
        'content_key', p_dataset.content_key,
        'provenance', p_dataset.provenance,
        'document', p_dataset.document,
        'sheet', p_dataset.sheet,
        'drift', p_dataset.drift,
        'rescued', p_dataset.rescued,
        'columns', waybill.contract_columns(p_dataset),
        'references', waybill.contract_references(p_dataset.target),
        'on_missing_parent', p_dataset.on_missing_parent,
        'partitioned_by', waybill.partitioning(p_dataset),
        'file_format', p_dataset.file_format,
        'formats', p_dataset.formats,
        'encoding', p_dataset.encoding,
        'delimiter', p_dataset.delimiter,
        'quote', p_dataset.quote,
        'escape', p_dataset.escape,
        'escape_codes', p_dataset.escape_codes,
        'header', p_dataset.header,
        'aliases', p_dataset.aliases,
        'null_words', p_dataset.null_words,
        'skip_blank_records', p_dataset.skip_blank_records,
        'repeated_header', p_dataset.repeated_header,
        'trim', p_dataset.trim_text,
        'keeps_raw', waybill.may_refuse(p_dataset),
        'max_reject_share', p_dataset.max_reject_share,
        'max_rejects', p_dataset.max_rejects,
        'max_upload_bytes', p_dataset.max_upload_bytes,
        'personal', waybill.personal_columns(p_dataset),
        'searchable', p_dataset.searchable,
        'lookups', p_dataset.lookups)
    FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.oid = p_dataset.target
);

-- The contract with its version. A changed catalog becomes a new version, whoever changed it.
CREATE OR REPLACE FUNCTION waybill.contract(p_dataset text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_dataset waybill.datasets;
    v_current jsonb;
    v_known waybill.contract_versions;
    v_version integer;
BEGIN
    SELECT * INTO v_dataset FROM waybill.datasets WHERE name = p_dataset;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'There is no dataset %.', p_dataset USING ERRCODE = 'WB001';
    END IF;
    v_current := waybill.with_transformation(
        waybill.registered_contract(v_dataset), v_dataset.transformation);
    IF v_current IS NULL THEN
        RAISE EXCEPTION 'The table of dataset % was dropped.', p_dataset USING ERRCODE = 'WB005';
    END IF;
    SELECT * INTO v_known FROM waybill.contract_versions
    WHERE dataset = p_dataset ORDER BY version DESC LIMIT 1;
    v_version := coalesce(v_known.version, 0);
    IF v_known.contract IS DISTINCT FROM v_current THEN
        v_version := v_version + 1;
        -- Two plans may see the change at once: the second finds the first one's version.
        INSERT INTO waybill.contract_versions (dataset, version, contract)
        VALUES (p_dataset, v_version, v_current)
        ON CONFLICT DO NOTHING;
    END IF;
    RETURN v_current || jsonb_build_object('version', v_version);
END
$$;

CREATE OR REPLACE FUNCTION waybill.dataset_names() RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
BEGIN ATOMIC
    SELECT name FROM waybill.datasets ORDER BY name COLLATE "C";
END;
