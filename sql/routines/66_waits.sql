-- Requests that wait for a job hold a function and a connection for up to half a minute. At most
-- so many wait at once, of a client and in all; the others are answered at once.

-- Take a place to wait; false if there is none. Places are advisory locks of the session, so that
-- those of a function that is killed are free again once its connection is closed.
CREATE OR REPLACE FUNCTION waybill.begin_wait(p_kind text, p_client text, p_per_client integer,
    p_total integer)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_client bigint;
BEGIN
    SELECT k.key INTO v_client
    FROM generate_series(1, p_per_client) AS n,
        hashtextextended(format('waybill.wait.%s.%s.%s', p_kind, n, p_client), 0) AS k (key)
    WHERE pg_try_advisory_lock(k.key)
    LIMIT 1;
    IF v_client IS NULL THEN
        RETURN false;
    END IF;
    PERFORM 1
    FROM generate_series(1, p_total) AS n
    WHERE pg_try_advisory_lock(hashtextextended(format('waybill.wait.%s.%s', p_kind, n), 0))
    LIMIT 1;
    IF NOT FOUND THEN
        PERFORM pg_advisory_unlock(v_client);
        RETURN false;
    END IF;
    RETURN true;
END
$$;

-- Release the place. The sessions that wait have no other session-level locks.
CREATE OR REPLACE FUNCTION waybill.end_wait() RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
RETURN pg_advisory_unlock_all();
