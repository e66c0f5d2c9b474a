-- Images: rows as they were before a change, kept so that a load can be taken back.

-- Runs after each statement that updates or deletes rows of a dataset, whoever executes it, and
-- also while a merge has the foreign key triggers off. The texts are those that every session
-- reads in the same way.
CREATE OR REPLACE FUNCTION waybill.record_row_images() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
SET datestyle = 'ISO, YMD'
SET intervalstyle = 'postgres'
SET bytea_output = 'hex'
SET extra_float_digits = 1
AS $$
DECLARE
    v_columns text;
BEGIN
    IF current_setting('waybill.images', true) = 'off' OR NOT EXISTS (SELECT FROM old_rows) THEN
        RETURN NULL;
    END IF;
    SELECT string_agg(format('o.%1$I::text AS %1$I', a.attname), ', ' ORDER BY a.attnum)
    INTO v_columns
    FROM pg_attribute AS a
    WHERE a.attrelid = TG_RELID AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '';
    EXECUTE format(
        $q$
        INSERT INTO waybill.row_images (dataset, job_id, landed, record)
        SELECT d.name, $1, o._landed, (SELECT to_jsonb(x.*) FROM (SELECT %s) AS x)
        FROM waybill.datasets AS d, old_rows AS o
        WHERE d.target = $2 AND d.revertible_days > 0
        $q$, v_columns)
    USING nullif(current_setting('waybill.job', true), '')::uuid, TG_RELID;
    RETURN NULL;
END
$$;

-- Add the triggers to a table, or remove them. A table without stamps has no revertible loads.
CREATE OR REPLACE FUNCTION waybill.keep_images(p_table regclass, p_keeps boolean) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET client_min_messages = warning
AS $$
DECLARE
    v_event text;
    v_exists boolean;
BEGIN
    FOREACH v_event IN ARRAY '{update,delete}'::text[] LOOP
        v_exists := EXISTS (SELECT FROM pg_trigger AS t
            WHERE t.tgrelid = p_table AND t.tgname = '_waybill_images_' || v_event);
        -- Only if it changes: it takes a lock that waits for the table's writers.
        IF p_keeps AND NOT v_exists THEN
            EXECUTE format(
                $q$
                CREATE TRIGGER _waybill_images_%1$s AFTER %1$s ON %2$s
                REFERENCING OLD TABLE AS old_rows
                FOR EACH STATEMENT EXECUTE FUNCTION waybill.record_row_images()
                $q$, v_event, p_table);
            EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER _waybill_images_%s',
                p_table, v_event);
        ELSIF v_exists AND NOT p_keeps THEN
            EXECUTE format('DROP TRIGGER _waybill_images_%s ON %s', v_event, p_table);
        END IF;
    END LOOP;
END
$$;

-- Whose changes the following statements of the transaction are.
CREATE OR REPLACE FUNCTION waybill.act_for_job(p_job uuid) RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT set_config('waybill.job', p_job::text, true);
END;

-- Erase the images of a person's row. What remains says how many rows a load had, for its revert:
-- one without a record for each load that changed the row, and for the row that is deleted now.
CREATE OR REPLACE FUNCTION waybill.erase_images(p_dataset waybill.datasets, p_key text[],
    p_landed bigint)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_counted tid[];
    v_others tid[];
BEGIN
    -- All images are looked at, since they have no key: once. Locked, so that what is found here is
    -- not purged, and another row in its place, before it is changed.
    EXECUTE format(
        $q$
        SELECT array_agg(x.ctid) FILTER (WHERE x.is_counted),
            array_agg(x.ctid) FILTER (WHERE NOT x.is_counted)
        FROM (
            SELECT i.ctid, EXISTS (SELECT FROM waybill.ingestion_jobs AS j
                WHERE j.job_id = i.job_id AND j.dataset = i.dataset) AS is_counted
            FROM waybill.row_images AS i
            WHERE i.dataset = $1 AND i.record IS NOT NULL AND (%s) = $2
            FOR UPDATE OF i
        ) AS x
        $q$, waybill.stored_key(p_dataset.target, p_dataset.natural_key, 'i.record'))
    INTO v_counted, v_others USING p_dataset.name, p_key;
    DELETE FROM waybill.row_images AS i WHERE i.ctid = ANY (v_others);
    UPDATE waybill.row_images AS i SET record = NULL WHERE i.ctid = ANY (v_counted);
    INSERT INTO waybill.row_images (dataset, landed)
    SELECT p_dataset.name, p_landed
    WHERE p_landed IS NOT NULL AND p_dataset.revertible_days > 0;
    PERFORM waybill.erase_refusals(p_dataset.name);
END
$$;

-- Erase the keys that refused reverts of a dataset name: one of them may be the person's.
CREATE OR REPLACE FUNCTION waybill.erase_refusals(p_dataset text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    c_erased CONSTANT jsonb := '{"detail": "Rows of the job were touched since."}';
BEGIN
    UPDATE waybill.revert_requests AS r
    SET refusal = r.refusal - 'errors' || c_erased
    FROM waybill.ingestion_jobs AS j
    WHERE j.job_id = r.job_id AND j.dataset = p_dataset AND r.refusal ? 'errors';
    UPDATE waybill.job_runs AS r
    SET error = r.error - 'errors' || c_erased
    FROM waybill.revert_requests AS q
    JOIN waybill.ingestion_jobs AS j USING (job_id)
    WHERE r.job_id = q.job_id AND j.dataset = p_dataset AND r.step = 'revert'
        AND r.error ? 'errors';
END
$$;

-- The datasets that images are of: the index is asked for one after the other.
CREATE OR REPLACE FUNCTION waybill.datasets_with_images() RETURNS SETOF text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH RECURSIVE found (name) AS (
        SELECT min(i.dataset) FROM waybill.row_images AS i
        UNION ALL
        SELECT (SELECT min(i.dataset) FROM waybill.row_images AS i WHERE i.dataset > f.name)
        FROM found AS f
        WHERE f.name IS NOT NULL
    )
    SELECT f.name FROM found AS f WHERE f.name IS NOT NULL;
END;

-- Delete images that are older than any load that can be taken back, and those of datasets that are
-- not registered any more; some at a time.
CREATE OR REPLACE FUNCTION waybill.purge_images(p_rows integer DEFAULT 50000) RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_limit record;
    v_deleted integer;
    v_total integer := 0;
BEGIN
    FOR v_limit IN
        -- A day more: an image has the time at which its transaction began.
        SELECT clock_timestamp() - (d.revertible_days + 1) * interval '1 day' AS before,
            array_agg(d.name) AS datasets
        FROM waybill.datasets AS d
        GROUP BY d.revertible_days
        UNION ALL
        SELECT 'infinity', array_agg(x.name)
        FROM waybill.datasets_with_images() AS x (name)
        WHERE NOT EXISTS (SELECT FROM waybill.datasets AS d WHERE d.name = x.name)
    LOOP
        DELETE FROM waybill.row_images AS i
        WHERE i.ctid = ANY (ARRAY(
            SELECT o.ctid FROM waybill.row_images AS o
            WHERE o.kept_at < v_limit.before AND o.dataset = ANY (v_limit.datasets)
            LIMIT p_rows));
        GET DIAGNOSTICS v_deleted = ROW_COUNT;
        v_total := v_total + v_deleted;
    END LOOP;
    DELETE FROM waybill.superseded_keys AS s
    WHERE s.noted_at < clock_timestamp() - interval '366 days';
    RETURN v_total;
END
$$;
