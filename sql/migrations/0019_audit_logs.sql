-- Who did what, when, and from where. Entries are added and never changed; each month has a
-- partition, which is dropped when it is a year old.

CREATE TABLE waybill.audit_logs (
    occurred_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    audit_id uuid NOT NULL DEFAULT uuidv7(),
    action text COLLATE "C" NOT NULL,
    actor text COLLATE "C",
    source text,
    dataset text,
    job_id uuid,
    detail jsonb NOT NULL DEFAULT '{}',
    -- The order of the pages, newest first.
    PRIMARY KEY (occurred_at, audit_id)
) PARTITION BY RANGE (occurred_at);
COMMENT ON TABLE waybill.audit_logs IS 'Who did what. Append-only.';
COMMENT ON COLUMN waybill.audit_logs.actor IS
    'Subject of the token; null for objects put into the bucket directly, and refused tokens.';
COMMENT ON COLUMN waybill.audit_logs.source IS 'Address that the request came from.';

-- Also for the owner of the table, whatever the session's settings.
CREATE FUNCTION waybill.refuse_change() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION '% is append-only.', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER audit_logs_keep BEFORE UPDATE OR DELETE ON waybill.audit_logs
    FOR EACH ROW EXECUTE FUNCTION waybill.refuse_change();
ALTER TABLE waybill.audit_logs ENABLE ALWAYS TRIGGER audit_logs_keep;
CREATE TRIGGER audit_logs_keep_all BEFORE TRUNCATE ON waybill.audit_logs
    FOR EACH STATEMENT EXECUTE FUNCTION waybill.refuse_change();
ALTER TABLE waybill.audit_logs ENABLE ALWAYS TRIGGER audit_logs_keep_all;

-- Every way to make a job is recorded: uploads, objects, batches and replays.
CREATE FUNCTION waybill.audit_job() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- The routine follows this migration in a transaction of its own.
    IF to_regproc('waybill.record_audit') IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM waybill.record_audit('job.created', p_actor => NEW.created_by,
        p_dataset => NEW.dataset, p_job => NEW.job_id,
        p_detail => jsonb_strip_nulls(
            jsonb_build_object('kind', NEW.kind, 'parent_job_id', NEW.parent_job_id)));
    RETURN NULL;
END
$$;
CREATE TRIGGER ingestion_jobs_audit AFTER INSERT ON waybill.ingestion_jobs
    FOR EACH ROW EXECUTE FUNCTION waybill.audit_job();
