-- The audit log: entries are added here, and nowhere else.

-- The first month that is kept.
CREATE OR REPLACE FUNCTION waybill.audit_kept_from() RETURNS timestamptz
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN date_trunc('month', now(), 'UTC') - interval '1 year';

-- Whether an entry of this time is kept; clocks of functions differ a little.
CREATE OR REPLACE FUNCTION waybill.is_audit_time(p_at timestamptz) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, waybill, pg_temp
RETURN p_at >= waybill.audit_kept_from() AND p_at < now() + interval '1 hour';

-- Make sure that the month of `p_at` has a partition.
CREATE OR REPLACE FUNCTION waybill.add_audit_partition(p_at timestamptz) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
SET timezone = 'UTC'
AS $$
DECLARE
    v_month CONSTANT timestamptz := date_trunc('month', p_at);
    v_name CONSTANT text := to_char(v_month, '"audit_logs_"YYYY_MM');
BEGIN
    IF to_regclass('waybill.' || v_name) IS NOT NULL THEN
        RETURN;
    END IF;
    -- Two sessions that write the first entries of a month would both create its partition. The
    -- lock is the one that ATTACH takes; unlike an advisory lock it makes the other's visible.
    LOCK TABLE waybill.audit_logs IN SHARE UPDATE EXCLUSIVE MODE;
    IF to_regclass('waybill.' || v_name) IS NULL THEN
        -- Attached, since CREATE TABLE … PARTITION OF would lock out everybody who writes.
        EXECUTE format('CREATE TABLE waybill.%I (LIKE waybill.audit_logs INCLUDING ALL)', v_name);
        EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON waybill.%I
            FOR EACH STATEMENT EXECUTE FUNCTION waybill.refuse_change()',
            v_name || '_keep_all', v_name);
        EXECUTE format('ALTER TABLE waybill.%I ENABLE ALWAYS TRIGGER %I', v_name,
            v_name || '_keep_all');
        EXECUTE format('ALTER TABLE waybill.audit_logs ATTACH PARTITION waybill.%I
            FOR VALUES FROM (%L) TO (%L)', v_name, v_month, v_month + interval '1 month');
    END IF;
END
$$;

-- The partitions of this month and the next three. Whoever writes the first entry of a month would
-- make its partition, and hold the table's lock against all other first entries until its
-- transaction ends; a database that sleeps over the turn of the month has no chance to make it.
CREATE OR REPLACE FUNCTION waybill.add_audit_partitions() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    FOR v_months IN 0..3 LOOP
        PERFORM waybill.add_audit_partition(
            date_trunc('month', now(), 'UTC') + v_months * interval '1 month');
    END LOOP;
END
$$;

-- Add an entry; who and from where are the session's, unless they are given.
CREATE OR REPLACE FUNCTION waybill.record_audit(p_action text,
    p_actor text DEFAULT nullif(current_setting('waybill.principal', true), ''),
    p_dataset text DEFAULT NULL, p_job uuid DEFAULT NULL, p_detail jsonb DEFAULT '{}')
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    PERFORM waybill.add_audit_partition(clock_timestamp());
    INSERT INTO waybill.audit_logs (action, actor, source, dataset, job_id, detail)
    VALUES (p_action, p_actor,
        -- The job of an upload is made when its file arrives, by a function without a caller.
        CASE WHEN p_actor IS NOT DISTINCT FROM
                nullif(current_setting('waybill.principal', true), '')
            THEN nullif(current_setting('waybill.source', true), '') END,
        p_dataset, p_job, p_detail);
END
$$;

-- Somebody reads records of a job that are not in their table.
CREATE OR REPLACE FUNCTION waybill.audit_read(p_job uuid, p_records text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    IF p_records NOT IN ('rejects', 'pending') THEN
        RAISE EXCEPTION 'unknown kind of records: %', p_records;
    END IF;
    PERFORM waybill.record_audit(p_records || '.read', p_job => p_job,
        p_dataset => (SELECT j.dataset FROM waybill.ingestion_jobs AS j WHERE j.job_id = p_job));
END
$$;

-- Somebody reads a dataset unmasked; recorded if it has personal values.
CREATE OR REPLACE FUNCTION waybill.audit_personal_read(p_dataset text, p_records text,
    p_job uuid DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    IF p_records NOT IN ('documents', 'lookups', 'pending', 'rejects', 'rows') THEN
        RAISE EXCEPTION 'unknown kind of records: %', p_records;
    END IF;
    IF waybill.personal_columns_of(p_dataset) <> '{}' THEN
        PERFORM waybill.record_audit('personal.read', p_dataset => p_dataset, p_job => p_job,
            p_detail => jsonb_build_object('records', p_records));
    END IF;
END
$$;

-- Add entries of functions that have no connection; one that is there already, or older than is
-- kept, is left out. Returns how many were added.
CREATE OR REPLACE FUNCTION waybill.import_audit(p_entries jsonb) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_at timestamptz;
    v_added integer;
BEGIN
    FOR v_at IN
        SELECT DISTINCT date_trunc('month', e.occurred_at, 'UTC')
        FROM jsonb_to_recordset(p_entries) AS e (occurred_at timestamptz)
        WHERE waybill.is_audit_time(e.occurred_at)
    LOOP
        PERFORM waybill.add_audit_partition(v_at);
    END LOOP;
    INSERT INTO waybill.audit_logs
        (occurred_at, audit_id, action, actor, source, dataset, job_id, detail)
    SELECT e.occurred_at, e.audit_id, e.action, e.actor, e.source, e.dataset, e.job_id,
        coalesce(e.detail, '{}')
    FROM jsonb_to_recordset(p_entries) AS e (occurred_at timestamptz, audit_id uuid,
        action text, actor text, source text, dataset text, job_id uuid, detail jsonb)
    WHERE waybill.is_audit_time(e.occurred_at)
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS v_added = ROW_COUNT;
    RETURN v_added;
END
$$;

-- Make the next months' partitions, and drop those of more than a year ago. One that is in use is
-- left for the next time. Returns how many were dropped.
CREATE OR REPLACE FUNCTION waybill.keep_audit_logs() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
SET lock_timeout = '100ms'
SET timezone = 'UTC'
AS $$
DECLARE
    v_partition regclass;
    v_dropped integer := 0;
BEGIN
    PERFORM waybill.add_audit_partitions();
    FOR v_partition IN
        SELECT i.inhrelid FROM pg_inherits AS i
        JOIN pg_class AS c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'waybill.audit_logs'::regclass
            AND to_timestamp(right(c.relname, 7), 'YYYY_MM') < waybill.audit_kept_from()
    LOOP
        BEGIN
            EXECUTE format('DROP TABLE %s', v_partition);
            v_dropped := v_dropped + 1;
        EXCEPTION
            WHEN lock_not_available THEN
                RAISE LOG 'partition % is in use and was left', v_partition;
        END;
    END LOOP;
    RETURN v_dropped;
END
$$;

-- Before the first request of a new deployment.
SELECT waybill.add_audit_partitions();
