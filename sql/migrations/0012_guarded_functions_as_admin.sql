-- Where the server's superuser has taken such functions from PUBLIC, routines of the owner are the
-- only ones that use them: advisory locks, and ending statements and sessions. Where it has not
-- (as on Aurora, which gives nobody that right), everybody has them.
DO $guarded$
DECLARE
    v_function regprocedure;
BEGIN
    FOR v_function IN
        SELECT oid FROM pg_proc
        WHERE pronamespace = 'pg_catalog'::regnamespace
            AND proname ~ '^pg_((try_)?advisory_.*|(cancel|terminate)_backend)$'
            AND has_function_privilege(oid, 'EXECUTE WITH GRANT OPTION')
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO waybill_owner', v_function);
    END LOOP;
END
$guarded$;
