-- Roles of the functions: `sql/roles.sql` has one call for each.

-- Create or change the role `waybill_<name>` so that it may do exactly this and no more.
--
--   connections   sessions at a time; the function's concurrency, and some that outlive a function
--   statement     its longest statement, where a routine does not set another limit
--   routines      names in the schema waybill
--   tables        privileges by table: {"waybill.job_documents": "SELECT"}
--   stages        whether it may use the schema staging, whose tables are granted one by one
--   ended_by_owner  whether routines of the owner may cancel its statements and end its sessions
--
-- Called by the administrator, who may create roles. Nothing is written that is there already:
-- a role that is in use is not touched.
CREATE OR REPLACE FUNCTION waybill.define_role(name text, connections integer,
    statement interval, routines text[] DEFAULT '{}', tables jsonb DEFAULT '{}',
    stages boolean DEFAULT false, ended_by_owner boolean DEFAULT false)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_role CONSTANT text := 'waybill_' || name;
    v_schemas CONSTANT text[] := ARRAY(
        SELECT DISTINCT t.schema
        FROM (
            SELECT n.nspname::text AS schema
            FROM jsonb_object_keys(tables) AS k (relation)
            JOIN pg_class AS c ON c.oid = waybill.table_of(k.relation)
            JOIN pg_namespace AS n ON n.oid = c.relnamespace
            UNION ALL SELECT 'waybill' WHERE routines <> '{}'
            UNION ALL SELECT 'staging' WHERE stages
        ) AS t);
BEGIN
    PERFORM waybill.create_role(v_role, connections, statement);
    IF ended_by_owner AND NOT pg_has_role('waybill_owner', v_role, 'USAGE') THEN
        EXECUTE format('GRANT %I TO waybill_owner WITH INHERIT TRUE, SET FALSE', v_role);
    END IF;
    PERFORM waybill.grant_exactly(v_role, 'SCHEMA', waybill.schema_grants(v_role),
        (SELECT coalesce(jsonb_object_agg(quote_ident(s), 'USAGE'), '{}')
            FROM unnest(v_schemas) AS s));
    PERFORM waybill.grant_exactly(v_role, 'FUNCTION', waybill.routine_grants(v_role),
        (SELECT coalesce(jsonb_object_agg(format('waybill.%I', r)::regproc::regprocedure::text,
            'EXECUTE'), '{}') FROM unnest(routines) AS r));
    PERFORM waybill.grant_exactly(v_role, 'TABLE', waybill.table_grants(v_role),
        (SELECT coalesce(jsonb_object_agg(waybill.table_of(t.key)::text, t.value), '{}')
            FROM jsonb_each_text(tables) AS t));
END
$$;

-- A table or view by its name; without a schema it is in public.
CREATE OR REPLACE FUNCTION waybill.table_of(p_name text) RETURNS regclass
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN CASE WHEN p_name LIKE '%.%' THEN p_name ELSE 'public.' || p_name END::regclass;

-- Let the role log in with an IAM token; on Aurora that is what members of rds_iam do, and they
-- have no other way.
CREATE OR REPLACE FUNCTION waybill.permit_iam_login(p_role text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF to_regrole('rds_iam') IS NOT NULL AND NOT EXISTS (
        SELECT FROM pg_auth_members
        WHERE roleid = to_regrole('rds_iam') AND member = p_role::regrole)
    THEN
        EXECUTE format('GRANT rds_iam TO %I', p_role);
    END IF;
END
$$;

-- Let merges that have checked their references as a set skip the foreign key triggers of each
-- row. Where the server does not permit it, the triggers stay on: slower, not wrong.
CREATE OR REPLACE FUNCTION waybill.permit_skipping_triggers() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT has_parameter_privilege('waybill_owner', 'session_replication_role', 'SET') THEN
        GRANT SET ON PARAMETER session_replication_role TO waybill_owner;
    END IF;
EXCEPTION
    WHEN insufficient_privilege THEN
        RAISE NOTICE 'session_replication_role cannot be granted: triggers stay on';
END
$$;

-- Take back what a major upgrade of Aurora refuses: grants on parameters. The next deployment
-- grants it again. Called by the administrator.
CREATE OR REPLACE FUNCTION waybill.prepare_upgrade() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    REVOKE SET ON PARAMETER session_replication_role FROM waybill_owner;
END
$$;

-- Create the role if it is missing, and set its limits. Its password is the environment's.
CREATE OR REPLACE FUNCTION waybill.create_role(p_role text, p_connections integer,
    p_statement interval)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_setting record;
BEGIN
    IF to_regrole(p_role) IS NULL THEN
        EXECUTE format('CREATE ROLE %I LOGIN', p_role);
    END IF;
    PERFORM waybill.permit_iam_login(p_role);
    IF (SELECT rolconnlimit FROM pg_roles WHERE rolname = p_role) <> p_connections THEN
        EXECUTE format('ALTER ROLE %I CONNECTION LIMIT %s', p_role, p_connections);
    END IF;
    FOR v_setting IN
        SELECT s.name, s.value
        FROM (VALUES
            ('statement_timeout', extract(epoch FROM p_statement) * 1000),
            ('lock_timeout', 3000),
            ('idle_in_transaction_session_timeout', 60000)
        ) AS s (name, value)
        WHERE format('%s=%s', s.name, s.value::bigint) <> ALL (
            SELECT unnest(coalesce(r.rolconfig, '{}')) FROM pg_roles AS r
            WHERE r.rolname = p_role)
    LOOP
        EXECUTE format('ALTER ROLE %I SET %I = %L', p_role, v_setting.name,
            v_setting.value::bigint);
    END LOOP;
END
$$;

-- Revoke what a role has and should not have, and grant what it lacks: privileges by object.
CREATE OR REPLACE FUNCTION waybill.grant_exactly(p_role text, p_kind text, p_has jsonb,
    p_granted jsonb)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_object text;
BEGIN
    FOR v_object IN
        SELECT h.key FROM jsonb_each_text(p_has) AS h
        WHERE h.value IS DISTINCT FROM p_granted ->> h.key
    LOOP
        EXECUTE format('REVOKE ALL ON %s %s FROM %I', p_kind, v_object, p_role);
    END LOOP;
    FOR v_object IN
        SELECT w.key FROM jsonb_each_text(p_granted) AS w
        WHERE w.value IS DISTINCT FROM p_has ->> w.key
    LOOP
        EXECUTE format('GRANT %s ON %s %s TO %I', p_granted ->> v_object, p_kind, v_object,
            p_role);
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION waybill.schema_grants(p_role text) RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT coalesce(jsonb_object_agg(g.object, g.privileges), '{}')
    FROM (
        SELECT quote_ident(n.nspname) AS object,
            string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type) AS privileges
        FROM pg_namespace AS n
        CROSS JOIN LATERAL aclexplode(n.nspacl) AS a
        WHERE a.grantee = p_role::regrole
        GROUP BY n.nspname
    ) AS g
);

CREATE OR REPLACE FUNCTION waybill.routine_grants(p_role text) RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT coalesce(jsonb_object_agg(p.oid::regprocedure::text, a.privilege_type), '{}')
    FROM pg_proc AS p
    CROSS JOIN LATERAL aclexplode(p.proacl) AS a
    WHERE a.grantee = p_role::regrole
);

-- Of tables and of columns, `INSERT (a, b)`; without the staging tables, which come and go.
CREATE OR REPLACE FUNCTION waybill.table_grants(p_role text) RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT coalesce(jsonb_object_agg(t.object::text, t.privileges), '{}')
    FROM (
        SELECT g.object, string_agg(g.privilege, ', ' ORDER BY g.privilege) AS privileges
        FROM (
            SELECT c.oid::regclass AS object, a.privilege_type AS privilege
            FROM pg_class AS c
            CROSS JOIN LATERAL aclexplode(c.relacl) AS a
            WHERE a.grantee = p_role::regrole
            UNION ALL
            SELECT t.attrelid::regclass, format('%s (%s)', a.privilege_type,
                string_agg(quote_ident(t.attname), ', ' ORDER BY t.attnum))
            FROM pg_attribute AS t
            CROSS JOIN LATERAL aclexplode(t.attacl) AS a
            WHERE a.grantee = p_role::regrole
            GROUP BY t.attrelid, a.privilege_type
        ) AS g
        JOIN pg_class AS c ON c.oid = g.object
        WHERE c.relnamespace <> 'staging'::regnamespace
        GROUP BY g.object
    ) AS t
);

-- Take everything from a role of an earlier release, and drop it. For a day after the first
-- deployment without it the role stays, and may do what its successors may: the functions that
-- use it are still running, or the deployment is rolled back. A role that another database of the
-- server uses stays there.
CREATE OR REPLACE FUNCTION waybill.retire_role(p_role text, p_successors text[])
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_successor text;
BEGIN
    IF to_regrole(p_role) IS NULL THEN
        RETURN;
    ELSIF EXISTS (SELECT FROM public.waybill_releases)
        AND NOT EXISTS (
            SELECT FROM public.waybill_migrations
            WHERE path = 'roles.sql' AND applied_at < now() - interval '1 day')
    THEN
        FOREACH v_successor IN ARRAY p_successors LOOP
            IF NOT pg_has_role(p_role, 'waybill_' || v_successor, 'USAGE') THEN
                EXECUTE format('GRANT %I TO %I', 'waybill_' || v_successor, p_role);
            END IF;
        END LOOP;
        RETURN;
    END IF;
    -- To drop what was granted to a role takes its privileges.
    EXECUTE format('GRANT %I TO CURRENT_USER WITH INHERIT TRUE', p_role);
    EXECUTE format('DROP OWNED BY %I', p_role);
    BEGIN
        EXECUTE format('DROP ROLE %I', p_role);
    EXCEPTION
        WHEN dependent_objects_still_exist THEN
            RAISE NOTICE 'the role % is used by another database, and stays', p_role;
    END;
END
$$;
