-- Statements whose plans a connection keeps, for batches of a few rows: to parse and plan the
-- statements anew would take longer than to run them. PostgreSQL makes a plan again when something
-- that it is made of has changed.

-- Keep a composed statement with parameters of these types, which have the names of their schemas:
-- types are not looked up again. Returns the name to `EXECUTE` it by.
-- It is named after its text, so a contract that has changed has statements of its own.
CREATE OR REPLACE FUNCTION waybill.keep_statement(p_statement text, p_types text) RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_name CONSTANT text := waybill.kept_prefix() || md5(p_types || p_statement);
    v_prepare CONSTANT text := format('PREPARE %I (%s) AS %s', v_name, p_types, p_statement);
    v_is_kept boolean;
BEGIN
    -- Whoever is connected may prepare statements, too, and this one runs with the rights of the
    -- owner: under its name it must be the same to the letter. Names in it are looked up again
    -- if they were with another search path.
    SELECT p.statement = v_prepare AND p.from_sql INTO v_is_kept
    FROM pg_prepared_statements AS p WHERE p.name = v_name;
    IF v_is_kept THEN
        RETURN v_name;
    ELSIF FOUND THEN
        EXECUTE format('DEALLOCATE %I', v_name);
    END IF;
    PERFORM waybill.forget_statements();
    EXECUTE v_prepare;
    RETURN v_name;
END
$$;

-- The text that executes a kept statement for these rows and further arguments. The rows are in a
-- setting of the transaction, since the server logs the text with an error or a lock waited for.
CREATE OR REPLACE FUNCTION waybill.call_of_kept(p_name text, p_rows jsonb, p_arguments text)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    PERFORM set_config('waybill.rows', p_rows::text, true);
    RETURN format('EXECUTE %I (current_setting(%L)::jsonb, %s)',
        p_name, 'waybill.rows', p_arguments);
END
$$;

CREATE OR REPLACE FUNCTION waybill.kept_prefix() RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN 'waybill ';

-- Forget the oldest statements, so that there are fewer than 50: each set of fields that rows
-- have is one, and a client may send any number of sets.
CREATE OR REPLACE FUNCTION waybill.forget_statements() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_name text;
BEGIN
    FOR v_name IN
        SELECT p.name FROM pg_prepared_statements AS p
        WHERE starts_with(p.name, waybill.kept_prefix())
        ORDER BY p.prepare_time DESC OFFSET 49
    LOOP
        EXECUTE format('DEALLOCATE %I', v_name);
    END LOOP;
END
$$;
