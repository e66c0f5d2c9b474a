-- Delimiter, quote and escape are checked when they are registered: those that contradict each
-- other would reject every record, or read it as other values.

CREATE OR REPLACE FUNCTION waybill.is_punctuation(p_text text) RETURNS boolean
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN p_text ~ '^[!-/:-@[-`{-~]$';

-- What is wrong with one of the characters; null if nothing is.
CREATE OR REPLACE FUNCTION waybill.dialect_problem(
    p_delimiter text, p_quote text, p_escape text, p_escape_codes boolean)
RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN CASE
    WHEN length(p_delimiter) <> 1 OR ascii(p_delimiter) NOT BETWEEN 1 AND 127
        OR p_delimiter ~ '[A-Za-z0-9 "\r\n]'
        THEN format('delimiter: %L cannot separate fields; write one ASCII character that is no'
            ' letter, digit, space, " or line end, such as '';'', E''\t'' or E''\x01''', p_delimiter)
    WHEN p_quote IS NULL
        THEN 'quote: NULL is no character; write ''none'' if fields are not quoted'
    WHEN p_quote <> 'none' AND NOT waybill.is_punctuation(p_quote)
        THEN format('quote: %L is not one ASCII punctuation character; write one, such as'
            ' '''''''', or ''none'' if fields are not quoted', p_quote)
    WHEN NOT waybill.is_punctuation(p_escape)
        THEN format('escape: %L is not one ASCII punctuation character; write one, such as'
            ' ''\'', or leave it out', p_escape)
    WHEN p_quote = p_delimiter
        THEN format('quote: %L is the delimiter too; write ''none'' if fields are not quoted',
            p_quote)
    WHEN p_escape = p_delimiter
        THEN format('escape: %L is the delimiter too; leave it out if there is none', p_escape)
    WHEN p_escape = p_quote
        THEN format('escape: %L is the quote too; leave it out, since two quotes in a quoted field'
            ' are always one', p_escape)
    WHEN p_escape_codes IS NULL
        THEN 'escape_codes: NULL is neither true nor false'
    WHEN p_escape_codes AND p_escape IS NULL
        THEN 'escape_codes: without an escape there are no codes; add escape => ''\'''
END;

-- Raises WB005 with the argument that is wrong, and what to write.
CREATE OR REPLACE FUNCTION waybill.assert_dialect(
    p_delimiter text, p_quote text, p_escape text, p_escape_codes boolean, p_file_format text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_problem text :=
        waybill.dialect_problem(p_delimiter, p_quote, p_escape, p_escape_codes);
    v_argument CONSTANT text := CASE
        WHEN p_quote <> '"' THEN 'quote'
        WHEN p_escape_codes THEN 'escape_codes'
        WHEN p_escape IS NOT NULL THEN 'escape'
    END;
BEGIN
    IF v_problem IS NULL AND v_argument IS NOT NULL AND p_file_format NOT IN ('auto', 'csv') THEN
        v_problem := format('%s: only CSV has it; leave it out, or write file_format => ''csv''',
            v_argument);
    END IF;
    IF v_problem IS NOT NULL THEN
        RAISE EXCEPTION '%.', v_problem USING ERRCODE = 'WB005';
    END IF;
END
$$;
