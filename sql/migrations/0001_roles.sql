-- Roles. Nothing in the product connects as a superuser: the migrations connect as the
-- database's owner (CREATEROLE), everything belongs to waybill_owner, which nobody logs
-- in as, and each function connects as a role that owns nothing.
DO $roles$
DECLARE
    login_role text;
BEGIN
    IF to_regrole('waybill_owner') IS NULL THEN
        CREATE ROLE waybill_owner NOLOGIN;
    END IF;
    FOREACH login_role IN ARRAY
        ARRAY['waybill_loader', 'waybill_api', 'waybill_reader', 'waybill_refresher']
    LOOP
        IF to_regrole(login_role) IS NULL THEN
            -- No password here: the environment decides between IAM and a kept secret.
            EXECUTE format('CREATE ROLE %I LOGIN', login_role);
        END IF;
        -- On Aurora, membership in rds_iam is what lets a role log in with an IAM token.
        IF to_regrole('rds_iam') IS NOT NULL THEN
            EXECUTE format('GRANT rds_iam TO %I', login_role);
        END IF;
    END LOOP;
END
$roles$;

GRANT waybill_owner TO CURRENT_USER;

-- Skipping the per-row foreign key triggers of a write whose references were checked as a
-- set needs this one parameter. Where the server does not let us grant it, merges keep the
-- triggers on: slower, never wrong.
DO $replica$
BEGIN
    GRANT SET ON PARAMETER session_replication_role TO waybill_owner;
EXCEPTION
    WHEN insufficient_privilege THEN
        RAISE NOTICE 'session_replication_role cannot be granted here: triggers stay on';
END
$replica$;

CREATE SCHEMA waybill AUTHORIZATION waybill_owner;
COMMENT ON SCHEMA waybill IS 'The ledger: datasets, jobs, chunks, rejects, outbox.';
CREATE SCHEMA staging AUTHORIZATION waybill_owner;
COMMENT ON SCHEMA staging IS 'One unlogged table per job between COPY and merge.';

GRANT USAGE, CREATE ON SCHEMA public TO waybill_owner;
GRANT USAGE ON SCHEMA public TO waybill_reader;
GRANT USAGE ON SCHEMA waybill TO waybill_loader, waybill_api, waybill_reader, waybill_refresher;
GRANT USAGE ON SCHEMA staging TO waybill_loader;

-- A function is callable only by the roles it names.
ALTER DEFAULT PRIVILEGES FOR ROLE waybill_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
