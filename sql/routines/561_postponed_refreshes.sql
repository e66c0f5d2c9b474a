-- Refreshes that are put off while further files of their dataset are merged: each would repeat the
-- one before, beside the merges and on the same cores.

-- Datasets of which the next job is about to be merged, and the seconds that their refresh is put off
-- at most: so long that refreshes take a tenth of the time, by how long the views took last, and never
-- more than 30 s. Views of parts that are new take no time yet, so they are made at once.
CREATE OR REPLACE FUNCTION waybill.postponed_refreshes(OUT dataset text, OUT seconds numeric)
RETURNS SETOF record
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT m.dataset, t.seconds
    FROM (
        SELECT s.dataset, min(s.marked_at) AS since, array_agg(DISTINCT s.part) AS parts
        FROM waybill.stale_parts AS s
        GROUP BY s.dataset
    ) AS m
    CROSS JOIN LATERAL (
        SELECT extract(epoch FROM m.since - clock_timestamp() + least(
            interval '30 seconds',
            10 * coalesce(sum(p.took), interval '0'))) AS seconds
        FROM (
            -- All views of a part are as of the beginning of their refresh; the last was ready last.
            SELECT max(v.refreshed_at - v.as_of) AS took
            FROM waybill.view_families AS f
            JOIN waybill.family_views AS v USING (family)
            WHERE f.dataset = m.dataset AND v.part = ANY (m.parts)
            GROUP BY v.part
        ) AS p
    ) AS t
    WHERE t.seconds > 0 AND waybill.next_to_merge(m.dataset, NULL) IS NOT NULL;
END;

-- Wait until a refresh that is put off is due; false if none is, or if another session waits.
-- Usually the next merge ends before, and has its own refresh.
CREATE OR REPLACE FUNCTION waybill.wait_for_postponed() RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_seconds CONSTANT numeric := (SELECT min(p.seconds) FROM waybill.postponed_refreshes() AS p);
BEGIN
    -- One session waits: each of a thousand ends would keep a function and a connection else.
    IF v_seconds IS NULL
        OR NOT pg_try_advisory_xact_lock(hashtextextended('waybill.refresh.wait', 0))
    THEN
        RETURN false;
    END IF;
    PERFORM pg_sleep(v_seconds);
    RETURN true;
END
$$;
