-- Tables that several transactions filled are attached to one that is read, and partitions whose rows
-- were deleted are dropped. Whoever has an older snapshot, as of REPEATABLE READ, would miss rows.

-- A process with a snapshot that may not see what this transaction and all before it did; null if there
-- is none. Where the owner may not see snapshots (without `pg_read_all_stats`), whoever is in a
-- transaction may have one. Those of standbys are known where they send feedback.
CREATE OR REPLACE FUNCTION waybill.older_process(p_last xid8) RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    -- The view shows what it showed before in this transaction.
    PERFORM pg_stat_clear_snapshot();
    RETURN (
        SELECT s.pid
        FROM (
            SELECT a.pid, a.backend_xmin, a.usesysid
            FROM pg_stat_activity AS a
            -- That of other databases and of a VACUUM reads no row of the table.
            WHERE coalesce(a.datname, current_database()) = current_database()
                AND NOT EXISTS (SELECT FROM pg_stat_progress_vacuum AS v WHERE v.pid = a.pid)
            UNION ALL
            SELECT r.active_pid, r.xmin, NULL FROM pg_replication_slots AS r
        ) AS s (pid, snapshot, role)
        WHERE s.pid <> pg_backend_pid()
            -- The distance of two transactions is that of their ages, also where the numbers wrap around.
            AND (age(s.snapshot) >= age(p_last::xid)
                OR s.snapshot IS NULL AND waybill.is_hidden_transaction(s.pid, s.role))
        LIMIT 1);
END
$$;

CREATE OR REPLACE FUNCTION waybill.is_hidden_transaction(p_process integer, p_role oid)
RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN NOT pg_has_role('pg_read_all_stats', 'USAGE')
    AND NOT coalesce(pg_has_role(p_role, 'USAGE'), true)
    AND EXISTS (
        SELECT FROM pg_locks AS l
        WHERE l.pid = p_process AND l.locktype = 'virtualxid' AND l.mode = 'ExclusiveLock');

-- The same once it is none, or the time is over.
CREATE OR REPLACE FUNCTION waybill.older_process_after(p_last xid8, p_patience interval)
RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_end CONSTANT timestamptz := clock_timestamp() + p_patience;
    v_process integer;
BEGIN
    LOOP
        v_process := waybill.older_process(p_last);
        IF v_process IS NULL OR clock_timestamp() >= v_end THEN
            RETURN v_process;
        END IF;
        PERFORM pg_sleep(0.1);
    END LOOP;
END
$$;

-- Wait until nobody has such a snapshot, or come back later. What was under way before there was
-- `p_last` has none.
CREATE OR REPLACE FUNCTION waybill.wait_for_older_snapshots(p_last xid8, p_patience interval)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_process CONSTANT integer := waybill.older_process_after(
        coalesce(p_last, pg_current_xact_id()), p_patience);
BEGIN
    IF v_process IS NOT NULL THEN
        RAISE EXCEPTION 'The transaction of process % began before the rows were written, and would miss them.',
            v_process USING ERRCODE = '55P03', SCHEMA = 'waybill';
    END IF;
END
$$;
