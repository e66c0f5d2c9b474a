-- Tables that several transactions filled may be attached to one that is read: whoever has an older
-- snapshot, as of REPEATABLE READ, would not see their rows, and would miss those of the partitions
-- whose place they take.

-- Virtual IDs of the transactions that may have a snapshot of before now: of those that run, or of
-- these, where `p_known` is not null. Whether one has a snapshot is not shown of every role.
CREATE OR REPLACE FUNCTION waybill.older_transactions(p_known text[]) RETURNS text[]
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- The view shows what it showed before in this transaction.
    PERFORM pg_stat_clear_snapshot();
    RETURN ARRAY(
        SELECT l.virtualtransaction
        FROM pg_locks AS l
        JOIN pg_stat_activity AS a USING (pid)
        WHERE l.locktype = 'virtualxid' AND l.mode = 'ExclusiveLock'
            AND l.pid <> pg_backend_pid()
            AND a.datname = current_database()
            AND a.backend_type IS DISTINCT FROM 'autovacuum worker'
            AND (a.backend_xmin IS NOT NULL
                OR coalesce(a.state, '') NOT LIKE 'idle in transaction%')
            AND (p_known IS NULL OR l.virtualtransaction = ANY (p_known)));
END
$$;

-- Whether a table, which nobody can write to, has no row that any transaction sees.
CREATE OR REPLACE FUNCTION waybill.is_empty_for_all(p_table regclass) RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_is_empty boolean;
BEGIN
    EXECUTE format('SELECT NOT EXISTS (SELECT FROM %s)', p_table) INTO v_is_empty;
    RETURN v_is_empty AND (
        waybill.is_without_pages(p_table) OR waybill.older_transactions(NULL) = '{}');
END
$$;
