-- Formats are checked when they are registered, by the rules of `waybill/columns/formats.py`,
-- so that a format that means nothing fails the registration and not every file after it.

CREATE OR REPLACE FUNCTION waybill.assert_formats(p_dataset text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_problem CONSTANT text := (
        SELECT waybill.formats_problem(d.target, d.formats)
        FROM waybill.datasets AS d
        WHERE d.name = p_dataset
    );
BEGIN
    IF v_problem IS NOT NULL THEN
        RAISE EXCEPTION 'formats of %, %.', p_dataset, v_problem USING ERRCODE = 'WB005';
    END IF;
END
$$;

-- The first column whose format is invalid, and the problem; null if there is none.
CREATE OR REPLACE FUNCTION waybill.formats_problem(p_table regclass, p_formats jsonb)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_format record;
    v_problem text;
BEGIN
    IF jsonb_typeof(p_formats) <> 'object' THEN
        RETURN 'a JSON object is needed, with a format for each column';
    END IF;
    FOR v_format IN
        SELECT f.key AS column_name, f.value AS format, t.typname AS kind
        FROM jsonb_each(p_formats) AS f
        LEFT JOIN pg_attribute AS a
            ON a.attrelid = p_table AND a.attname = f.key AND a.attnum > 0 AND NOT a.attisdropped
            -- Files do not fill them.
            AND a.attgenerated = '' AND a.attname <> '_landed'
        LEFT JOIN pg_type AS t ON t.oid = a.atttypid
    LOOP
        v_problem := CASE
            WHEN v_format.kind IS NULL AND v_format.column_name <> '*'
                THEN 'there is no such column'
            ELSE coalesce(
                waybill.format_option_problem(v_format.format),
                waybill.number_marks_problem(v_format.format),
                waybill.pattern_problem(v_format.format ->> 'date', v_format.kind))
        END;
        IF v_problem IS NOT NULL THEN
            RETURN format('%s: %s', v_format.column_name, v_problem);
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;

-- What is wrong with an option's name or type; null if nothing is.
CREATE OR REPLACE FUNCTION waybill.format_option_problem(p_format jsonb) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN CASE
    WHEN jsonb_typeof(p_format) <> 'object' THEN 'a format is a JSON object'
    ELSE (
        SELECT min(CASE
            WHEN o.key IN ('date', 'zone', 'decimal', 'thousands', 'currency', 'negative')
                AND jsonb_typeof(o.value) <> 'string' THEN format('%s must be a text', o.key)
            WHEN o.key IN ('true_words', 'false_words') AND NOT (jsonb_typeof(o.value) = 'array'
                AND NOT o.value @? '$[*] ? (@.type() != "string")')
                THEN format('%s must be a list of texts', o.key)
            WHEN o.key = 'trim_quoted' AND jsonb_typeof(o.value) <> 'boolean'
                THEN 'trim_quoted must be true or false'
            WHEN o.key = 'pivot' AND o.value::text !~ '^(\d\d?|100)$'
                THEN 'pivot must be a whole number from 0 to 100'
            WHEN o.key = 'negative' AND o.value NOT IN ('"sign"', '"trailing"', '"parentheses"')
                THEN 'negative must be sign, trailing or parentheses'
            WHEN o.key = 'zone' AND NOT EXISTS (
                SELECT FROM pg_timezone_names AS z WHERE z.name = o.value #>> '{}')
                THEN format('there is no time zone %s', o.value)
            WHEN o.key NOT IN ('date', 'zone', 'pivot', 'decimal', 'thousands', 'currency',
                    'negative', 'true_words', 'false_words', 'trim_quoted')
                THEN format('there is no option %I', o.key)
        END)
        FROM jsonb_each(p_format) AS o
    )
END;

CREATE OR REPLACE FUNCTION waybill.number_marks_problem(p_format jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_thousands CONSTANT text := coalesce(p_format ->> 'thousands', '');
    -- A point as the thousands mark implies a decimal comma.
    v_decimal CONSTANT text := coalesce(nullif(p_format ->> 'decimal', ''),
        CASE WHEN v_thousands = '.' AND p_format ->> 'decimal' IS NULL THEN ',' ELSE '.' END);
    v_marks CONSTANT text := v_decimal || v_thousands;
BEGIN
    IF length(v_decimal) <> 1 OR length(v_thousands) > 1 OR v_decimal = v_thousands THEN
        RETURN format('the number marks are %L and %L', v_decimal, v_thousands);
    ELSIF v_marks ~ '[[:alnum:]()"+-]' THEN
        RETURN format('%L cannot be number marks', v_marks);
    ELSIF p_format ->> 'currency' ~ '[[:digit:][:space:]()"+-]'
        OR strpos(p_format ->> 'currency', v_decimal) > 0
        OR v_thousands <> '' AND strpos(p_format ->> 'currency', v_thousands) > 0 THEN
        RETURN format('%L cannot be a currency symbol', p_format ->> 'currency');
    END IF;
    RETURN NULL;
END
$$;

-- What is wrong with a pattern of dates or times for a column of this kind; the kind is null
-- for a pattern that is meant for every column it fits.
CREATE OR REPLACE FUNCTION waybill.pattern_problem(p_pattern text, p_kind text) RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_parts text[];
    v_letter text;
    v_times CONSTANT text[] := '{HH24,H24,HH12,H12,AM,MI,SS,MS,US,NS,TZH,TZM}';
BEGIN
    IF coalesce(p_pattern, '') = '' THEN
        RETURN NULL;
    END IF;
    SELECT array_agg(m.token[1]) FILTER (WHERE m.token[1] = ANY
            (v_times || '{YYYY,YY,MM,M,Mon,Month,DD,D}'::text[])),
        min(m.token[1]) FILTER (WHERE m.token[1] ~ '^[[:alpha:]]$'
            AND m.token[1] NOT IN ('T', 'Z', 'M', 'D'))
    INTO v_parts, v_letter
    FROM regexp_matches(p_pattern,
        '(YYYY|YY|Month|Mon|MM|M|DD|D|HH24|H24|HH12|H12|AM|MI|SS|MS|US|NS|TZH|TZM|"[^"]*"|.)',
        'g') AS m (token);
    RETURN CASE
        WHEN v_letter IS NOT NULL
            THEN format('%L in %L is not a part of a date; quote letters', v_letter, p_pattern)
        WHEN cardinality(v_parts) <> (SELECT count(DISTINCT x) FROM unnest(v_parts) AS x)
            THEN format('a part occurs twice in %L', p_pattern)
        WHEN v_parts IS NULL
            OR waybill.count_common(v_parts, '{YYYY,YY}') <> 1
            OR waybill.count_common(v_parts, '{MM,M,Mon,Month}') <> 1
            OR waybill.count_common(v_parts, '{DD,D}') <> 1
            THEN format('%L needs a year, a month and a day, once each', p_pattern)
        WHEN p_kind = 'date' AND v_parts && v_times
            THEN format('%L has a time, but the column is a date', p_pattern)
        WHEN p_kind <> 'timestamptz' AND v_parts && '{TZH,TZM}'
            THEN format('%L has a UTC offset, but the column has no zone', p_pattern)
        WHEN 'TZM' = ANY (v_parts) AND 'TZH' <> ALL (v_parts)
            THEN format('%L has TZM without TZH', p_pattern)
        WHEN waybill.count_common(v_parts, '{HH24,H24,HH12,H12}') > 1
            OR waybill.count_common(v_parts, '{MS,US,NS}') > 1
            THEN format('%L has the hour or the decimals of the second twice', p_pattern)
        WHEN v_parts && '{HH12,H12}' <> ('AM' = ANY (v_parts))
            THEN format('%L needs both HH12 and AM, or neither', p_pattern)
    END;
END
$$;

CREATE OR REPLACE FUNCTION waybill.count_common(p_left text[], p_right text[]) RETURNS bigint
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN (SELECT count(*) FROM unnest(p_left) AS x WHERE x = ANY (p_right));
