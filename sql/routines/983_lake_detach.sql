-- A partition leaves its table, once its files hold the same rows; and comes back if they do not.

-- Begin again from the beginning, with the columns of the table as it is; five times in a row at most.
CREATE OR REPLACE FUNCTION waybill.write_again(p_partition waybill.archived_partitions)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE waybill.archived_partitions AS a
    SET state = CASE WHEN a.restarts < 5 THEN 'WRITING' ELSE 'FAILED' END,
        error = CASE WHEN a.restarts >= 5 THEN jsonb_build_object('type', 'lake-refused',
            'detail', 'The rows changed, or files were missing, during each of 6 attempts.') END,
        attempt = a.attempt + 1, restarts = a.restarts + 1, next_file = 1, next_block = 0,
        rows = NULL, content = NULL, landed = NULL, changed_at = clock_timestamp(),
        columns = (
            SELECT waybill.lake_columns(d.target)
            FROM waybill.datasets AS d WHERE d.name = a.dataset)
    WHERE a.partition_id = p_partition.partition_id;
    -- What was written is in no folder that is read, or is deleted from there, and expires.
    DELETE FROM waybill.archived_files AS f WHERE f.partition_id = p_partition.partition_id;
END
$$;

-- The table of a partition as it is must have the columns and the rows of the files.
CREATE OR REPLACE FUNCTION waybill.is_as_written(p_partition waybill.archived_partitions)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_found record;
BEGIN
    IF waybill.by_name(waybill.lake_columns(p_partition.relation::regclass))
        <> waybill.by_name(p_partition.columns)
    THEN
        RETURN false;
    END IF;
    v_found := waybill.content_of(p_partition.relation::regclass, p_partition.columns);
    RETURN (
        SELECT coalesce(sum(f.rows), 0) = v_found.rows
            AND coalesce(sum(f.content), 0) = v_found.content
        FROM waybill.archived_files AS f
        WHERE f.partition_id = p_partition.partition_id AND f.attempt = p_partition.attempt);
END
$$;

-- Columns by name: a partition may have them in another order than its table.
CREATE OR REPLACE FUNCTION waybill.by_name(p_columns jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN (SELECT jsonb_object_agg(c.col ->> 'name', c.col)
    FROM jsonb_array_elements(p_columns) AS c (col));

CREATE OR REPLACE FUNCTION waybill.loads_in(p_relation regclass) RETURNS bigint[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_landed bigint[];
BEGIN
    IF waybill.has_column(p_relation, '_landed') THEN
        EXECUTE format('SELECT array_agg(DISTINCT t._landed) FROM ONLY %s AS t', p_relation)
        INTO v_landed;
    END IF;
    RETURN v_landed;
END
$$;

-- Detach the partition if its rows are those of its files: `detached`, `changed` where it is to be
-- written again, or `ended` where there is nothing to detach. Nobody writes between the comparison
-- and the commit.
CREATE OR REPLACE FUNCTION waybill.detach_archived(p_partition uuid, p_attempt integer)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
SET timezone = 'UTC'
SET lock_timeout = '1s'
AS $$
DECLARE
    v_partition waybill.archived_partitions;
    v_target regclass;
BEGIN
    v_partition := waybill.lock_lake_step(p_partition, p_attempt, 'WRITTEN');
    IF v_partition.partition_id IS NULL THEN
        RETURN 'ended';
    END IF;
    SELECT d.target INTO STRICT v_target
    FROM waybill.datasets AS d WHERE d.name = v_partition.dataset;
    -- No merge classifies rows that are gone when it writes.
    PERFORM waybill.lock_merge(v_partition.dataset);
    -- Nor does a batch. Before the partition: a writer that holds the table and waits for the partition
    -- would otherwise wait for this, and this for it.
    PERFORM waybill.lock_for_merge(v_target, v_partition.dataset, 'merge');
    IF EXISTS (
        SELECT FROM waybill.stale_parts AS s
        JOIN waybill.view_families AS f ON f.dataset = s.dataset
        CROSS JOIN LATERAL waybill.part_bounds(s.part) AS b
        WHERE s.dataset = v_partition.dataset
            AND b.lower AT TIME ZONE 'UTC' < v_partition.upper
            AND b.upper AT TIME ZONE 'UTC' > v_partition.lower)
    THEN
        -- Refreshed afterwards, the view would lose its figures.
        RAISE EXCEPTION 'The views of % % are not refreshed yet.', v_partition.dataset,
            v_partition.label USING ERRCODE = '55P03', SCHEMA = 'waybill';
    END IF;
    -- Nobody writes to the partition directly after it was compared; its readers go on.
    EXECUTE format('LOCK TABLE ONLY %s IN SHARE MODE', v_partition.relation::regclass);
    IF NOT waybill.is_as_written(v_partition) THEN
        PERFORM waybill.write_again(v_partition);
        RETURN 'changed';
    END IF;
    UPDATE waybill.archived_partitions AS a
    SET state = 'DETACHED', changed_at = clock_timestamp(),
        landed = waybill.loads_in(v_partition.relation::regclass),
        (rows, content) = (
            SELECT sum(f.rows), sum(f.content) FROM waybill.archived_files AS f
            WHERE f.partition_id = p_partition AND f.attempt = p_attempt)
    WHERE a.partition_id = p_partition;
    -- Nobody plans or reads the table while it loses a partition (ACCESS EXCLUSIVE, which this takes
    -- on the table and its partition): until the commit, and it is given up after a second.
    PERFORM waybill.run_sql(format('ALTER TABLE %s DETACH PARTITION %s', v_target,
        v_partition.relation::regclass));
    PERFORM waybill.begin_generation(v_partition.dataset);
    RETURN 'detached';
END
$$;

-- Attach a partition that was detached and not dropped, with the indexes that it has.
CREATE OR REPLACE FUNCTION waybill.attach_again(p_partition waybill.archived_partitions)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_plan CONSTANT waybill.merge_plan := waybill.lake_plan(p_partition.dataset);
BEGIN
    PERFORM waybill.lock_merge(p_partition.dataset);
    PERFORM waybill.attach_range(v_plan, v_plan.target, p_partition.relation::regclass,
        p_partition.lower, p_partition.upper);
    PERFORM waybill.begin_generation(p_partition.dataset);
END
$$;

-- Drop the table of a detached partition, whose files are all in the lake: `archived`, `changed`
-- where it is attached again and to be written again, since somebody has written to it, or `ended`.
CREATE OR REPLACE FUNCTION waybill.drop_archived(p_partition uuid, p_attempt integer)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
SET timezone = 'UTC'
SET lock_timeout = '1s'
AS $$
DECLARE
    v_partition waybill.archived_partitions;
BEGIN
    v_partition := waybill.lock_lake_step(p_partition, p_attempt, 'DETACHED');
    IF v_partition.partition_id IS NULL
        OR EXISTS (
            SELECT FROM waybill.archived_files AS f
            WHERE f.partition_id = p_partition AND f.attempt = p_attempt AND f.lake_key IS NULL)
    THEN
        RETURN 'ended';
    END IF;
    -- Somebody may have dropped it, now that it is in no table: its files are complete.
    IF EXISTS (SELECT FROM pg_class AS c WHERE c.oid = v_partition.relation) THEN
        -- Nobody writes to it between the comparison and the drop.
        EXECUTE format('LOCK TABLE ONLY %s IN ACCESS EXCLUSIVE MODE',
            v_partition.relation::regclass);
        IF NOT waybill.is_as_written(v_partition) THEN
            PERFORM waybill.attach_again(v_partition);
            PERFORM waybill.write_again(v_partition);
            RETURN 'changed';
        END IF;
        PERFORM waybill.run_sql(format('DROP TABLE %s', v_partition.relation::regclass));
    END IF;
    UPDATE waybill.archived_partitions AS a
    SET state = 'ARCHIVED', relation = NULL, error = NULL, archived_at = clock_timestamp(),
        changed_at = clock_timestamp()
    WHERE a.partition_id = p_partition;
    PERFORM waybill.record_audit('partition.archived', p_dataset => v_partition.dataset,
        p_detail => jsonb_build_object('partition', v_partition.label,
            'rows', v_partition.rows, 'folder', v_partition.folder));
    RETURN 'archived';
END
$$;

-- Write an attempt again whose files are missing; after a failure, attach a detached partition, and
-- drop a table that was being restored. The rows are in the table then, or in the lake. False, without
-- effect, if another attempt has taken over.
CREATE OR REPLACE FUNCTION waybill.stop_lake_work(p_partition uuid, p_attempt integer,
    p_error jsonb)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
SET timezone = 'UTC'
SET lock_timeout = '1s'
AS $$
DECLARE
    v_partition waybill.archived_partitions;
BEGIN
    SELECT * INTO v_partition FROM waybill.archived_partitions AS a
    WHERE a.partition_id = p_partition FOR UPDATE;
    IF v_partition.attempt <> p_attempt OR NOT waybill.is_lake_work(v_partition) THEN
        RETURN false;
    END IF;
    IF v_partition.state = 'DETACHED' THEN
        PERFORM waybill.attach_again(v_partition);
    END IF;
    IF v_partition.state = 'RESTORING' THEN
        PERFORM waybill.drop_restored(v_partition);
    ELSIF p_error IS NULL THEN
        PERFORM waybill.write_again(v_partition);
        RETURN true;
    END IF;
    UPDATE waybill.archived_partitions AS a
    SET state = CASE WHEN a.state = 'RESTORING' THEN 'ARCHIVED'
            WHEN a.state = 'RESTORED' THEN a.state ELSE 'FAILED' END,
        error = p_error, changed_at = clock_timestamp()
    WHERE a.partition_id = p_partition;
    RETURN true;
END
$$;

-- For the release before.
CREATE OR REPLACE FUNCTION waybill.stop_archiving(p_partition uuid, p_attempt integer,
    p_error jsonb)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    PERFORM waybill.stop_lake_work(p_partition, p_attempt, p_error);
END
$$;
