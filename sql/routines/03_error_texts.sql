-- Texts of errors that are shown or logged: PostgreSQL quotes the values that it refuses.

-- An error's message without the values of personal columns. `p_column` is the one that it is
-- about; null where that is not known, and the message may quote any.
CREATE OR REPLACE FUNCTION waybill.error_text(p_contract jsonb, p_column text, p_sqlstate text,
    p_message text)
RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN CASE
    WHEN coalesce(p_contract -> 'personal', '[]') = '[]'
        OR p_column IS NOT NULL AND NOT p_contract -> 'personal' ? p_column
        THEN p_message
    ELSE format('the table refuses the value (SQLSTATE %s)', p_sqlstate)
END;
