-- Roles and schemas. Nothing connects as a superuser: migrations connect as the database's owner
-- (CREATEROLE), every object belongs to waybill_owner, which cannot log in, and each function
-- connects as a role that owns nothing.
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
            -- No password here: the environment chooses IAM or a secret.
            EXECUTE format('CREATE ROLE %I LOGIN', login_role);
        END IF;
        -- On Aurora, members of rds_iam log in with an IAM token.
        IF to_regrole('rds_iam') IS NOT NULL THEN
            EXECUTE format('GRANT rds_iam TO %I', login_role);
        END IF;
    END LOOP;
END
$roles$;

GRANT waybill_owner TO CURRENT_USER;

-- A dataset's file may keep its table in a schema of its own.
DO $database$
BEGIN
    EXECUTE format('GRANT CREATE ON DATABASE %I TO waybill_owner', current_database());
END
$database$;

-- Cancelling a job ends the statement that merges it, which only a member of the role that runs it
-- may do. Where it cannot be granted, a cancellation waits for the merge.
DO $members$
BEGIN
    GRANT waybill_loader TO waybill_owner;
EXCEPTION
    WHEN insufficient_privilege THEN
        RAISE NOTICE 'waybill_loader cannot be granted: running merges are not cancelled';
END
$members$;

-- A merge that has checked its references as a set skips the foreign key triggers of each row,
-- which needs this parameter. Where it cannot be granted, the triggers stay on: slower, not wrong.
DO $replica$
BEGIN
    GRANT SET ON PARAMETER session_replication_role TO waybill_owner;
EXCEPTION
    WHEN insufficient_privilege THEN
        RAISE NOTICE 'session_replication_role cannot be granted: triggers stay on';
END
$replica$;

CREATE SCHEMA waybill AUTHORIZATION waybill_owner;
COMMENT ON SCHEMA waybill IS 'Datasets, jobs, chunks, rejects, outbox.';
CREATE SCHEMA staging AUTHORIZATION waybill_owner;
COMMENT ON SCHEMA staging IS 'One unlogged table per job between COPY and merge.';

GRANT USAGE, CREATE ON SCHEMA public TO waybill_owner;
GRANT USAGE ON SCHEMA public TO waybill_reader;
GRANT USAGE ON SCHEMA waybill TO waybill_loader, waybill_api, waybill_reader, waybill_refresher;
GRANT USAGE ON SCHEMA staging TO waybill_loader;

-- Only the owner's routines create temporary objects: a role that could would shadow names that
-- they use.
DO $temporary$
BEGIN
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO waybill_owner', current_database());
END
$temporary$;

-- A function is callable only by the roles it names.
ALTER DEFAULT PRIVILEGES FOR ROLE waybill_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
