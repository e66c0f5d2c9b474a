-- The contract of a dataset, read from the catalog.

-- How a base type travels through the staging table: in its own type where the loader
-- checks it completely, else as text that the database checks and casts.
CREATE OR REPLACE FUNCTION waybill.stage_type(kind text) RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog
RETURN CASE WHEN kind IN ('int2', 'int4', 'int8', 'float4', 'float8', 'bool', 'date',
    'timestamp', 'timestamptz') THEN kind ELSE 'text' END;

-- Kinds that the loader checks completely, so that the database need not look again.
CREATE OR REPLACE FUNCTION waybill.checked_by_loader(kind text) RETURNS boolean
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog
RETURN kind IN ('int2', 'int4', 'int8', 'float4', 'float8', 'bool', 'date', 'timestamp',
    'timestamptz', 'text', 'varchar', 'bpchar', 'numeric', 'uuid');

-- Columns that a file may fill: not generated, not ours; of a dataset of documents, that one.
CREATE OR REPLACE FUNCTION waybill.contract_columns(target regclass, natural_key text[],
    personal text[], ours text[], document text)
RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog
RETURN (
    SELECT jsonb_agg(jsonb_build_object(
        'name', a.attname,
        'type', format_type(a.atttypid, a.atttypmod),
        'kind', t.typname,
        'stage', waybill.stage_type(t.typname::text),
        'required', a.attnotnull AND (NOT a.atthasdef AND a.attidentity = ''
            OR a.attname = ANY (natural_key)),
        'nullable', NOT a.attnotnull,
        'has_default', a.atthasdef OR a.attidentity <> '',
        'max_length', CASE WHEN t.typname IN ('varchar', 'bpchar') AND a.atttypmod > 4
            THEN a.atttypmod - 4 END,
        'precision', CASE WHEN t.typname = 'numeric' AND a.atttypmod > 4
            THEN (a.atttypmod - 4) >> 16 & 65535 END,
        -- The scale is an 11-bit two's complement number since PostgreSQL 15.
        'scale', CASE WHEN t.typname = 'numeric' AND a.atttypmod > 4
            THEN ((a.atttypmod - 4 & 2047) # 1024) - 1024 END,
        'comment', col_description(a.attrelid, a.attnum),
        'personal', a.attname = ANY (personal)
    ) ORDER BY a.attnum)
    FROM pg_attribute AS a
    JOIN pg_type AS t ON t.oid = a.atttypid
    WHERE a.attrelid = target AND a.attnum > 0 AND NOT a.attisdropped
        AND a.attgenerated = '' AND a.attidentity <> 'a'
        AND a.attname <> ALL (ours || '_landed'::text)
        AND a.attname = coalesce(document, a.attname)
);

CREATE OR REPLACE FUNCTION waybill.column_names(target regclass, numbers smallint[])
RETURNS text[]
LANGUAGE sql STABLE
SET search_path = pg_catalog
RETURN (
    SELECT array_agg(a.attname::text ORDER BY n.place)
    FROM unnest(numbers) WITH ORDINALITY AS n (number, place)
    JOIN pg_attribute AS a ON a.attrelid = target AND a.attnum = n.number
);

CREATE OR REPLACE FUNCTION waybill.contract_references(target regclass) RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog
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
    -- conparentid: the copies that PostgreSQL keeps per referenced partition are not ours.
    WHERE c.conrelid = contract_references.target AND c.contype = 'f'
        AND c.conparentid = 0
);

-- Whether the database may still refuse a record that the loader accepted. If so, staging
-- carries the raw text, since every reject keeps it.
CREATE OR REPLACE FUNCTION waybill.may_refuse(d waybill.datasets) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog
RETURN d.on_missing_parent = 'reject'
    OR EXISTS (SELECT FROM pg_constraint AS c
        WHERE c.conrelid = d.target AND c.contype IN ('c', 'x'))
    OR EXISTS (SELECT FROM pg_index AS i
        WHERE i.indrelid = d.target AND i.indisunique
            AND (d.write_disposition = 'append'
                OR i.indexprs IS NOT NULL OR i.indpred IS NOT NULL
                OR NOT waybill.column_names(i.indrelid, i.indkey::smallint[]) @> d.natural_key))
    OR EXISTS (SELECT FROM pg_trigger AS t
        WHERE t.tgrelid = d.target AND NOT t.tgisinternal)
    OR EXISTS (SELECT FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid
        WHERE a.attrelid = d.target AND a.attnum > 0 AND NOT a.attisdropped
            AND NOT waybill.checked_by_loader(t.typname::text));

CREATE OR REPLACE FUNCTION waybill.partitioning(d waybill.datasets) RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog
RETURN (
    SELECT jsonb_build_object('column', a.attname, 'unit', d.partition_unit)
    FROM pg_partitioned_table AS p
    JOIN pg_attribute AS a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]
    WHERE p.partrelid = d.target AND d.partition_unit IS NOT NULL
);

-- The contract as it stands now; a changed catalog becomes a new version, whoever changed it.
CREATE OR REPLACE FUNCTION waybill.contract(dataset text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    d waybill.datasets;
    now_is jsonb;
    known waybill.contract_versions;
BEGIN
    SELECT * INTO d FROM waybill.datasets AS x WHERE x.name = contract.dataset;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'There is no dataset %.', dataset USING ERRCODE = 'WB001';
    END IF;
    SELECT jsonb_build_object(
        'name', d.name, 'table_schema', n.nspname, 'table', c.relname,
        'comment', obj_description(c.oid, 'pg_class'),
        'write_disposition', d.write_disposition, 'natural_key', d.natural_key,
        'columns', waybill.contract_columns(d.target, d.natural_key, d.personal,
            array_remove(ARRAY[d.content_key, d.provenance], NULL), d.document),
        'references', waybill.contract_references(d.target),
        'partitioned_by', waybill.partitioning(d),
        'aliases', d.aliases, 'null_words', d.null_words, 'trim', d.trim_text,
        'header', d.header, 'delimiter', d.delimiter, 'keeps_raw', waybill.may_refuse(d),
        'on_missing_parent', d.on_missing_parent, 'content_key', d.content_key,
        'provenance', d.provenance, 'replace_scope', d.replace_scope,
        'document', d.document, 'file_format', d.file_format, 'formats', d.formats,
        'encoding', d.encoding, 'max_reject_share', d.max_reject_share,
        'max_rejects', d.max_rejects)
    INTO STRICT now_is
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.oid = d.target;
    SELECT * INTO known FROM waybill.contract_versions AS v
    WHERE v.dataset = d.name ORDER BY v.version DESC LIMIT 1;
    IF known.contract IS DISTINCT FROM now_is THEN
        -- Two plans may see the change at once: the second finds the first's version.
        INSERT INTO waybill.contract_versions (dataset, version, contract)
        VALUES (d.name, coalesce(known.version, 0) + 1, now_is)
        ON CONFLICT DO NOTHING;
        known.version := coalesce(known.version, 0) + 1;
    END IF;
    RETURN now_is || jsonb_build_object('version', known.version);
END
$$;

CREATE OR REPLACE FUNCTION waybill.dataset_names() RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
BEGIN ATOMIC
    SELECT name FROM waybill.datasets ORDER BY name COLLATE "C";
END;

GRANT EXECUTE ON FUNCTION waybill.contract(text), waybill.dataset_names() TO waybill_loader;
