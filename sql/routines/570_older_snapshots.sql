-- Tables that several transactions filled are attached to one that is read, and partitions whose rows
-- were deleted are dropped. Whoever has an older snapshot, as of REPEATABLE READ, would miss rows.

-- Who has a snapshot that may not see what this transaction and all before it did: `process 17`; null
-- if nobody has. Those of standbys are known where they send feedback, also while they are away if they
-- have a replication slot.
CREATE OR REPLACE FUNCTION waybill.older_snapshot(p_last xid8) RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- The view shows what it showed before in this transaction.
    PERFORM pg_stat_clear_snapshot();
    RETURN (
        SELECT s.owner
        FROM (
            SELECT 'process ' || a.pid, a.backend_xmin
            FROM pg_stat_activity AS a
            WHERE a.pid <> pg_backend_pid()
                -- Those of other databases and of a VACUUM read no row of the table.
                AND coalesce(a.datname, current_database()) = current_database()
                AND NOT EXISTS (SELECT FROM pg_stat_progress_vacuum AS v WHERE v.pid = a.pid)
            UNION ALL
            SELECT 'replication slot ' || r.slot_name, r.xmin FROM pg_replication_slots AS r
        ) AS s (owner, snapshot)
        -- The distance of two transactions is that of their ages, also where the numbers wrap around.
        WHERE age(s.snapshot) >= age(p_last::xid)
        LIMIT 1);
END
$$;

-- Wait a little until nobody has such a snapshot, or come back later.
CREATE OR REPLACE FUNCTION waybill.wait_for_older_snapshots(p_last xid8) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    -- An erasure waits longer for a fold.
    v_end CONSTANT timestamptz := clock_timestamp() + interval '2 s';
    v_owner text;
BEGIN
    LOOP
        v_owner := waybill.older_snapshot(coalesce(p_last, pg_current_xact_id()));
        IF v_owner IS NULL THEN
            RETURN;
        ELSIF clock_timestamp() >= v_end THEN
            RAISE EXCEPTION 'The snapshot of % is older than the rows, which it would miss.', v_owner
                USING ERRCODE = '55P03', SCHEMA = 'waybill';
        END IF;
        PERFORM pg_sleep(0.1);
    END LOOP;
END
$$;

-- Whether a table has no row that anybody sees: it has no page, or is empty while nobody else has a
-- snapshot. VACUUM takes the pages of deleted rows away once nobody sees them.
CREATE OR REPLACE FUNCTION waybill.is_empty_for_all(p_table regclass) RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_is_empty boolean;
BEGIN
    IF waybill.is_without_pages(p_table) THEN
        RETURN true;
    END IF;
    EXECUTE format('SELECT NOT EXISTS (SELECT FROM %s)', p_table) INTO v_is_empty;
    RETURN v_is_empty AND waybill.older_snapshot(pg_current_xact_id()) IS NULL;
END
$$;
