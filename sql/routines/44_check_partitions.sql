-- Which partitions the records of a merge need.

-- Starts of the partitions that records need and that are not there, with the reason why one
-- cannot be made: its time is not plausible by the dataset's registration, or the table has as
-- many as it may have. Those with the most records are made first.
CREATE OR REPLACE FUNCTION waybill.needed_partitions(p_plan waybill.merge_plan,
    OUT start timestamp, OUT refusal text)
RETURNS SETOF record
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_range daterange;
    v_room CONSTANT bigint := waybill.max_partitions(p_plan.target) - (
        SELECT count(*) FROM pg_inherits AS i WHERE i.inhparent = p_plan.target
    );
BEGIN
    SELECT d.partition_range INTO STRICT v_range
    FROM waybill.datasets AS d
    WHERE d.target = p_plan.target;
    RETURN QUERY
    WITH needed AS (
        SELECT t.partition_start AS start, sum(t.records) AS records
        FROM unnest(p_plan.totals) AS t
        WHERE t.class IN ('insert', 'update') AND t.partition_start IS NOT NULL
        GROUP BY 1
    ), missing AS (
        SELECT n.start,
            n.records,
            isfinite(n.start) AND n.start::date <@ v_range AS is_plausible
        FROM needed AS n
        WHERE NOT EXISTS (
            SELECT FROM waybill.partition_ranges(p_plan) AS r
            WHERE n.start >= r.lower AND n.start < r.upper
        )
    )
    SELECT m.start,
        CASE
            WHEN NOT m.is_plausible
                THEN format('is not between %s and %s', lower(v_range), upper(v_range))
            WHEN row_number() OVER (
                    PARTITION BY m.is_plausible ORDER BY m.records DESC, m.start
                ) > v_room
                THEN format('needs a new partition, but the table may have only %s',
                    waybill.max_partitions(p_plan.target))
        END
    FROM missing AS m
    ORDER BY m.start;
END
$$;

-- Reject the records whose partition cannot be made; how many they were.
CREATE OR REPLACE FUNCTION waybill.check_partitions(p_plan waybill.merge_plan) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_rejected bigint;
BEGIN
    IF p_plan.partition_unit IS NULL OR NOT EXISTS (
        SELECT FROM waybill.needed_partitions(p_plan) AS n WHERE n.refusal IS NOT NULL
    ) THEN
        RETURN 0;
    END IF;
    PERFORM waybill.store_records();
    WITH refused AS (
        SELECT n.start, n.refusal
        FROM waybill.needed_partitions(p_plan) AS n
        WHERE n.refusal IS NOT NULL
    ), rejected AS (
        UPDATE pg_temp.merge_records AS s
        SET _waybill_class = 'rejected'
        FROM refused AS r
        WHERE s._waybill_partition = r.start
            AND s._waybill_class IN ('insert', 'update')
        RETURNING s._waybill_line, r.refusal
    )
    INSERT INTO pg_temp.merge_rejects
    SELECT _waybill_line, p_plan.partition_column, 'no_partition', refusal
    FROM rejected;
    GET DIAGNOSTICS v_rejected = ROW_COUNT;
    RETURN v_rejected;
END
$$;

-- Add the partitions that records need.
CREATE OR REPLACE FUNCTION waybill.add_needed_partitions(p_plan waybill.merge_plan)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_start timestamp;
BEGIN
    FOR v_start IN SELECT n.start FROM waybill.needed_partitions(p_plan) AS n LOOP
        PERFORM waybill.add_partition(p_plan, v_start);
    END LOOP;
END
$$;
