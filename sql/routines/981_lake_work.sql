-- What is to be archived, and what of it is to be continued: one partition after the other.

CREATE OR REPLACE FUNCTION waybill.is_lake_work(p_partition waybill.archived_partitions)
RETURNS boolean
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN p_partition.state IN ('WRITING', 'WRITTEN', 'DETACHED', 'RESTORING')
    -- Its files are still to be deleted.
    OR p_partition.state IN ('RESTORED', 'FAILED') AND p_partition.has_files;

-- The plan of a table with which partitions are built and attached.
CREATE OR REPLACE FUNCTION waybill.lake_plan(p_dataset text) RETURNS waybill.merge_plan
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_plan waybill.merge_plan := waybill.plan_of_dataset(p_dataset);
BEGIN
    SELECT d.natural_key INTO STRICT v_plan.natural_key
    FROM waybill.datasets AS d WHERE d.name = p_dataset;
    RETURN v_plan;
END
$$;

-- The partitions whose time has come, oldest first: of exactly a year, month or day, wholly older
-- than the dataset declares, and neither restored nor failed of late. Those that are about to become
-- one of a longer period are left until they have.
CREATE OR REPLACE FUNCTION waybill.due_partitions(OUT dataset text, OUT unit text,
    OUT target regclass, OUT relation regclass, OUT lower timestamp, OUT upper timestamp)
RETURNS SETOF record
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
BEGIN ATOMIC
    SELECT d.name, u.unit, d.target, r.partition_id, r.lower, r.upper
    FROM waybill.datasets AS d
    JOIN waybill.partitioned_tables() AS p ON p.target = d.target
    CROSS JOIN LATERAL waybill.partition_ranges(p) AS r
    -- Not of a shorter unit: a record is in a partition by the dataset's unit.
    CROSS JOIN LATERAL unnest('{day,month,year}'::text[]) WITH ORDINALITY AS u (unit, place)
    WHERE d.archive_after IS NOT NULL
        AND NOT r.is_default AND isfinite(r.lower) AND isfinite(r.upper)
        AND u.place >= array_position('{day,month,year}', d.partition_unit)
        AND r.lower = date_trunc(u.unit, r.lower)
        AND r.upper = r.lower + ('1 ' || u.unit)::interval
        AND r.upper <= now()::timestamp - d.archive_after
        AND NOT EXISTS (
            SELECT FROM waybill.folds AS f
            WHERE f.dataset = d.name AND f.given_up_at IS NULL
                AND f.lower < r.upper AND f.upper > r.lower)
        AND NOT EXISTS (
            SELECT FROM waybill.periods_to_fold() AS f
            WHERE f.dataset = d.name AND f.lower < r.upper AND f.upper > r.lower
                AND NOT EXISTS (
                    SELECT FROM waybill.folds AS g
                    WHERE g.dataset = f.dataset AND g.lower = f.lower
                        AND g.given_up_at IS NOT NULL))
        AND NOT EXISTS (
            SELECT FROM waybill.archived_partitions AS a
            WHERE a.dataset = d.name
                AND a.label = waybill.partition_label(u.unit, r.lower)
                AND CASE a.state
                    WHEN 'RESTORED' THEN a.has_files OR a.keep_until > now()
                    WHEN 'FAILED' THEN a.has_files OR a.changed_at > now() - interval '1 day'
                    ELSE true
                END)
    ORDER BY r.lower, d.name;
END;

-- Begin to archive the oldest partition that has rows. Empty ones are dropped by others.
CREATE OR REPLACE FUNCTION waybill.begin_archiving() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_due record;
    v_has_rows boolean;
BEGIN
    FOR v_due IN SELECT * FROM waybill.due_partitions() LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %s)', v_due.relation) INTO v_has_rows;
        CONTINUE WHEN NOT v_has_rows;
        INSERT INTO waybill.archived_partitions AS a
            (dataset, label, unit, lower, upper, folder, relation, columns)
        VALUES (v_due.dataset, waybill.partition_label(v_due.unit, v_due.lower), v_due.unit,
            v_due.lower, v_due.upper,
            waybill.lake_folder(v_due.dataset, v_due.target, v_due.unit, v_due.lower),
            v_due.relation, waybill.lake_columns(v_due.target))
        ON CONFLICT (dataset, label) DO UPDATE
        SET unit = excluded.unit, lower = excluded.lower, upper = excluded.upper,
            folder = excluded.folder, relation = excluded.relation, columns = excluded.columns,
            state = 'WRITING', attempt = a.attempt + 1, next_file = 1, next_block = 0,
            restarts = 0, rows = NULL, content = NULL, landed = NULL, keep_until = NULL, sent_at = NULL,
            archived_at = NULL, restored_at = NULL, error = NULL,
            changed_at = clock_timestamp();
        RETURN;
    END LOOP;
END
$$;

-- The partitions to work on now: the next one whose time has come if none is open, and those whose
-- message seems to be lost. Each is returned once in ten minutes.
CREATE OR REPLACE FUNCTION waybill.lake_work() RETURNS SETOF uuid
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
SET lock_timeout = '2s'
AS $$
BEGIN
    -- Without the lock two calls at once would each begin a partition.
    PERFORM pg_advisory_xact_lock(hashtext('waybill.lake'));
    IF NOT EXISTS (
        SELECT FROM waybill.archived_partitions AS a WHERE waybill.is_lake_work(a))
    THEN
        PERFORM waybill.begin_archiving();
    END IF;
    RETURN QUERY
    UPDATE waybill.archived_partitions AS a
    SET sent_at = clock_timestamp()
    WHERE waybill.is_lake_work(a)
        AND (a.sent_at IS NULL
            OR greatest(a.sent_at, a.changed_at) < clock_timestamp() - interval '10 minutes')
    RETURNING a.partition_id;
END
$$;

-- A message of the partition has come: it is not lost, even if it has to come back again and again.
CREATE OR REPLACE FUNCTION waybill.note_lake_message(p_partition uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    UPDATE waybill.archived_partitions AS a
    SET sent_at = clock_timestamp()
    FROM (
        SELECT l.partition_id FROM waybill.archived_partitions AS l
        WHERE l.partition_id = p_partition
        -- Whoever is in a step has it.
        FOR UPDATE SKIP LOCKED
    ) AS f
    WHERE a.partition_id = f.partition_id;
END;

-- Whether anything is open, so that somebody must look again.
CREATE OR REPLACE FUNCTION waybill.has_lake_work() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
RETURN EXISTS (SELECT FROM waybill.archived_partitions AS a WHERE waybill.is_lake_work(a));

-- A partition as far as it is, for the function that works on it.
CREATE OR REPLACE FUNCTION waybill.open_archived(p_partition uuid)
RETURNS TABLE (dataset text, label text, state text, attempt integer, folder text,
    has_files boolean, relation bigint, blocks bigint, at_once bigint, next_file integer, next_block bigint,
    columns jsonb, problem text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT a.dataset, a.label, a.state, a.attempt, a.folder, a.has_files, a.relation::bigint,
        coalesce(s.blocks, 0),
        -- A page may refer to megabytes of values that are stored outside of it.
        greatest(1, least(64, 16777216 * coalesce(s.blocks, 0) / (coalesce(s.bytes, 0) + 1))),
        a.next_file, a.next_block, a.columns,
        CASE WHEN a.state IN ('WRITING', 'WRITTEN')
            THEN coalesce(waybill.lake_problem(d), waybill.lake_table_problem(a.relation)) END
    FROM waybill.archived_partitions AS a
    JOIN waybill.datasets AS d ON d.name = a.dataset
    LEFT JOIN LATERAL (
        SELECT (pg_relation_size(c.oid) + 8191) / 8192 AS blocks, pg_table_size(c.oid) AS bytes
        FROM pg_class AS c WHERE c.oid = a.relation
    ) AS s ON true
    WHERE a.partition_id = p_partition AND waybill.is_lake_work(a);
END;

-- The partition if it is in this state of this attempt, otherwise null. Locked until the commit:
-- of two deliveries of one message, the second finds that its step is done.
CREATE OR REPLACE FUNCTION waybill.lock_lake_step(p_partition uuid, p_attempt integer,
    p_state text)
RETURNS waybill.archived_partitions
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_partition waybill.archived_partitions;
BEGIN
    SELECT * INTO v_partition FROM waybill.archived_partitions AS a
    WHERE a.partition_id = p_partition AND a.attempt = p_attempt AND a.state = p_state
    FOR UPDATE;
    RETURN v_partition;
END
$$;
