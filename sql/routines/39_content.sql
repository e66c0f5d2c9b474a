-- Records that are identified by their content.

-- One text as it is compared: trimmed; an e-mail address in lower case; a date or a time that
-- is written in a way that can be read only one way, as ISO 8601 (a time with a zone in UTC).
CREATE OR REPLACE FUNCTION waybill.normalised_text(given text) RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog
SET timezone = 'UTC'
SET datestyle = 'ISO, YMD'
AS $$
DECLARE
    bare CONSTANT text := btrim(given, E' \t\r\n');
BEGIN
    IF bare ~ '^[^@\s]+@[^@\s]+\.[^@\s.]+$' THEN
        RETURN lower(bare);
    ELSIF bare ~ '^\d{4}([-/.])\d{1,2}\1\d{1,2}$'
        AND pg_input_is_valid(translate(bare, '/.', '--'), 'date') THEN
        RETURN to_char(translate(bare, '/.', '--')::date, 'YYYY-MM-DD');
    ELSIF bare ~ '^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d(:?\d\d)?)$'
        AND pg_input_is_valid(bare, 'timestamptz') THEN
        RETURN rtrim(rtrim(to_char(bare::timestamptz, 'YYYY-MM-DD"T"HH24:MI:SS.US'), '0'), '.')
            || 'Z';
    END IF;
    RETURN bare;
END
$$;

-- A document as it is compared: texts normalised at every depth. That keys are sorted and
-- white space is gone is the nature of jsonb.
CREATE OR REPLACE FUNCTION waybill.normalised(document jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog
AS $$
BEGIN
    RETURN CASE jsonb_typeof(document)
        WHEN 'string' THEN to_jsonb(waybill.normalised_text(document #>> '{}'))
        WHEN 'number' THEN to_jsonb(trim_scale((document #>> '{}')::numeric))
        WHEN 'array' THEN (SELECT coalesce(jsonb_agg(waybill.normalised(x) ORDER BY n), '[]')
            FROM jsonb_array_elements(document) WITH ORDINALITY AS e (x, n))
        WHEN 'object' THEN (SELECT coalesce(jsonb_object_agg(key, waybill.normalised(value)),
            '{}') FROM jsonb_each(document))
        ELSE document END;
END
$$;

-- SHA-256 of a normalised document, in hex.
CREATE OR REPLACE FUNCTION waybill.content_hash(document jsonb) RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog
RETURN encode(sha256(convert_to(waybill.normalised(document)::text, 'UTF8')), 'hex');

-- The expression of a job's content hash: of the document, or of all the file's columns.
CREATE OR REPLACE FUNCTION waybill.content_hash_of(job waybill.ingestion_jobs) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog
RETURN format('waybill.content_hash(%s)', CASE
    WHEN job.contract ->> 'document' IS NOT NULL
        THEN format('CASE WHEN pg_input_is_valid(%1$I, ''jsonb'') THEN %1$I::jsonb END',
            job.contract ->> 'document')
    ELSE (SELECT format('jsonb_strip_nulls(jsonb_build_object(%s))',
            string_agg(format('%L, %I', col ->> 'name', col ->> 'name'), ', '))
        FROM jsonb_array_elements(job.contract -> 'columns') AS col
        WHERE job.layout -> 'columns' ? (col ->> 'name')) END);
