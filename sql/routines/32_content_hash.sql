-- Records that are identified by their content.
--
-- A document is stored and compared in a normal form. Nothing is guessed: every rule keeps the
-- value, and a text that no rule names stays unchanged.
--
--   objects   keys are sorted and white space between tokens is dropped, as jsonb does
--   numbers   trailing zeros after the decimal point are dropped: 1.50 is 1.5
--   texts     white space around the text is dropped
--   e-mail    a text that is an e-mail address as a whole is lower case: ASCII letters, digits
--             and ._%+- before the @, a host name after it that ends in a top-level domain
--   instants  an ISO 8601 time with Z or an offset (2026-07-04T10:00:00+02:00, also with a blank
--             for the T or without seconds) is written in UTC: 2026-07-04T08:00:00Z
--
-- ISO dates (2026-07-04) are in normal form already. Version and case numbers (2025.01.02,
-- 1234/5/6), dates in other formats, times without a zone, and instants whose year in UTC is
-- before 0001 or after 9999 stay as they are.

CREATE OR REPLACE FUNCTION waybill.normalised_text(p_text text) RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
SET datestyle = 'ISO, YMD'
AS $$
DECLARE
    v_bare CONSTANT text := btrim(p_text, E' \t\r\n');
    v_instant timestamptz;
BEGIN
    IF strpos(v_bare, '@') > 0 THEN
        RETURN CASE
            WHEN v_bare ~ '^[A-Za-z0-9._%+-]+@([A-Za-z0-9-]+\.)+[A-Za-z]{2,63}$' THEN lower(v_bare)
            ELSE v_bare
        END;
    ELSIF v_bare !~ ('^\d{4}-\d\d-\d\d[T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?'
            '(Z|[+-]\d\d(:?[0-5]\d)?)$')
        OR NOT pg_input_is_valid(v_bare, 'timestamptz') THEN
        RETURN v_bare;
    END IF;
    v_instant := v_bare::timestamptz;
    IF v_instant < '0001-01-01 00:00:00Z' OR v_instant >= '10000-01-01 00:00:00Z' THEN
        RETURN v_bare;
    END IF;
    RETURN rtrim(rtrim(to_char(v_instant, 'YYYY-MM-DD"T"HH24:MI:SS.US'), '0'), '.') || 'Z';
END
$$;

-- A value that is neither an object nor an array. Most texts need no rule, so they are
-- recognised before the function that applies the rules is called.
CREATE OR REPLACE FUNCTION waybill.normalised_scalar(p_value jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN CASE jsonb_typeof(p_value)
    WHEN 'number' THEN to_jsonb(trim_scale((p_value #>> '{}')::numeric))
    WHEN 'string' THEN CASE
        WHEN p_value #>> '{}' ~ '^\s|\s$|@|^\d{4}-\d\d-'
            THEN to_jsonb(waybill.normalised_text(p_value #>> '{}'))
        ELSE p_value END
    ELSE p_value
END;

CREATE OR REPLACE FUNCTION waybill.normalised(p_document jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN CASE jsonb_typeof(p_document)
        WHEN 'array' THEN (
            SELECT coalesce(jsonb_agg(
                CASE WHEN jsonb_typeof(e.value) IN ('array', 'object')
                    THEN waybill.normalised(e.value)
                    ELSE waybill.normalised_scalar(e.value) END
                ORDER BY e.n), '[]')
            FROM jsonb_array_elements(p_document) WITH ORDINALITY AS e (value, n)
        )
        WHEN 'object' THEN (
            SELECT coalesce(jsonb_object_agg(m.key,
                CASE WHEN jsonb_typeof(m.value) IN ('array', 'object')
                    THEN waybill.normalised(m.value)
                    ELSE waybill.normalised_scalar(m.value) END), '{}')
            FROM jsonb_each(p_document) AS m
        )
        ELSE waybill.normalised_scalar(p_document)
    END;
END
$$;

-- SHA-256 of a normalised document, in hex.
CREATE OR REPLACE FUNCTION waybill.content_hash(p_document jsonb) RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN encode(sha256(convert_to(waybill.normalised(p_document)::text, 'UTF8')), 'hex');

-- The expression of a job's content hash: of the document, or of all the file's columns.
CREATE OR REPLACE FUNCTION waybill.content_hash_of(p_job waybill.ingestion_jobs) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN format('waybill.content_hash(%s)', CASE
    WHEN p_job.contract ->> 'document' IS NOT NULL
        THEN format($q$CASE WHEN pg_input_is_valid(%1$I, 'jsonb') THEN %1$I::jsonb END$q$,
            p_job.contract ->> 'document')
    ELSE (
        SELECT format('jsonb_strip_nulls(jsonb_build_object(%s))',
            string_agg(format('%L, %I', c.col ->> 'name', c.col ->> 'name'), ', '))
        FROM jsonb_array_elements(p_job.contract -> 'columns') AS c (col)
        WHERE p_job.layout -> 'columns' ? (c.col ->> 'name')
    )
END);
