-- The counts of a merge.

-- The classified records, counted once: what is asked about them later is answered from this.
CREATE OR REPLACE FUNCTION waybill.count_records() RETURNS waybill.record_total[]
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    RETURN ARRAY(
        SELECT ROW(_waybill_class, _waybill_partition, _waybill_old_partition, count(*))
            ::waybill.record_total
        FROM pg_temp.merge_records
        GROUP BY _waybill_class, _waybill_partition, _waybill_old_partition
    );
END
$$;

-- The same with the records that the merge has left out of them.
CREATE OR REPLACE FUNCTION waybill.totals_of_records(p_plan waybill.merge_plan)
RETURNS waybill.record_total[]
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    RETURN waybill.count_records() || CASE WHEN p_plan.left_out > 0
        THEN ROW('unchanged', NULL, NULL, p_plan.left_out)::waybill.record_total END;
END
$$;

-- How many records are of a class.
CREATE OR REPLACE FUNCTION waybill.total_of(p_plan waybill.merge_plan,
    p_class waybill.record_class)
RETURNS bigint
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, waybill, pg_temp
RETURN (
    SELECT coalesce(sum(t.records), 0)::bigint
    FROM unnest((p_plan).totals) AS t
    WHERE t.class = p_class
);

-- The reasons for which records are rejected, but for that of another record with the key.
CREATE OR REPLACE FUNCTION waybill.count_refusals() RETURNS bigint
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT count(*) FROM pg_temp.merge_rejects AS r
        WHERE r.code IS NOT NULL AND r.code <> 'duplicate_key');
END
$$;

-- The number of records of each class; the numbers add up to `p_staged`.
CREATE OR REPLACE FUNCTION waybill.count_classes(p_plan waybill.merge_plan, p_staged bigint,
    p_rejected bigint)
RETURNS waybill.merge_counts
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_counts waybill.merge_counts;
BEGIN
    SELECT coalesce(sum(t.records) FILTER (WHERE t.class = 'insert'), 0),
        coalesce(sum(t.records) FILTER (WHERE t.class = 'update'), 0),
        coalesce(sum(t.records) FILTER (WHERE t.class = 'unchanged'), 0),
        coalesce(sum(t.records) FILTER (WHERE t.class = 'pending'), 0)
    INTO v_counts.inserted, v_counts.updated, v_counts.unchanged, v_counts.pending_reference
    FROM unnest(p_plan.totals) AS t;
    v_counts.rejected := p_rejected;
    v_counts.superseded := p_staged - p_rejected - v_counts.inserted - v_counts.updated
        - v_counts.unchanged - v_counts.pending_reference;
    RETURN v_counts;
END
$$;

CREATE OR REPLACE FUNCTION waybill.no_counts() RETURNS waybill.merge_counts
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN ROW(0, 0, 0, 0, 0, 0, 0, 0, false, NULL, 0, 0)::waybill.merge_counts;

-- The counts of two passes over records of one job.
CREATE OR REPLACE FUNCTION waybill.add_counts(p_a waybill.merge_counts,
    p_b waybill.merge_counts)
RETURNS waybill.merge_counts
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    p_a.inserted := p_a.inserted + p_b.inserted;
    p_a.updated := p_a.updated + p_b.updated;
    p_a.unchanged := p_a.unchanged + p_b.unchanged;
    p_a.superseded := p_a.superseded + p_b.superseded;
    p_a.rejected := p_a.rejected + p_b.rejected;
    p_a.filtered := p_a.filtered + coalesce(p_b.filtered, 0);
    p_a.erased := coalesce(p_a.erased, 0) + coalesce(p_b.erased, 0);
    p_a.pending_reference := p_a.pending_reference + p_b.pending_reference;
    p_a.deleted := p_a.deleted + p_b.deleted;
    p_a.row_by_row := p_a.row_by_row OR p_b.row_by_row;
    p_a.replaced := coalesce(p_a.replaced || p_b.replaced, p_a.replaced, p_b.replaced);
    RETURN p_a;
END
$$;
