-- The landing order of the objects of a dataset: event time, then key by code point, then, for
-- one key, S3's sequencer.

-- One registration at a time in each dataset. Without this lock two objects of one second could
-- take the same place in the landing order, or one object two jobs.
CREATE OR REPLACE FUNCTION waybill.lock_registration(p_dataset text) RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
RETURN pg_advisory_xact_lock(hashtextextended('waybill.landing.' || p_dataset, 0));

-- Compared from the left, sequencers of different length are padded with zeros (S3's rule).
CREATE OR REPLACE FUNCTION waybill.padded_sequencer(p_sequencer text) RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN CASE WHEN coalesce(p_sequencer, '') = '' THEN ''
    ELSE rpad(upper(p_sequencer), greatest(64, length(p_sequencer)), '0') END;

-- The bounds of the numbers that a second has: 2^30, of which neither bound is one.
CREATE OR REPLACE FUNCTION waybill.second_bounds(p_landed_at timestamptz, OUT lower bigint,
    OUT upper bigint)
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT (s << 30) - 1, (s + 1) << 30
    FROM (SELECT floor(extract(epoch FROM p_landed_at))::bigint) AS x (s);
END;

-- A number between two neighbours (null where there is none), within the object's second; null
-- when there is none left. The first of a second goes to the middle and later ones beside it, in
-- steps, so that rising, falling and mixed arrivals all find room.
CREATE OR REPLACE FUNCTION waybill.order_between(p_landed_at timestamptz, p_before bigint,
    p_after bigint)
RETURNS bigint
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_second record := waybill.second_bounds(p_landed_at);
    v_lower CONSTANT bigint := greatest(v_second.lower, p_before);
    v_upper CONSTANT bigint := least(v_second.upper, p_after);
    v_step CONSTANT bigint := least(1 << 18, (v_upper - v_lower) / 2);
    v_fraction CONSTANT numeric := extract(epoch FROM p_landed_at) % 1;
    v_ideal CONSTANT bigint :=
        v_second.lower + (1 << 28) + floor(v_fraction * (1 << 29))::bigint;
BEGIN
    RETURN CASE
        WHEN v_upper - v_lower < 2 THEN NULL
        WHEN v_ideal > v_lower AND v_ideal < v_upper THEN v_ideal
        WHEN v_lower = p_before AND v_upper = p_after THEN (v_lower + v_upper) / 2
        WHEN v_lower = p_before THEN v_lower + v_step
        ELSE v_upper - v_step END;
END
$$;

-- Makes room between two neighbours: the open jobs around the gap are spread over the middle
-- half of the numbers between those whose numbers are fixed, since rows carry them. Returns the
-- number for the new job; null when even that leaves no room.
CREATE OR REPLACE FUNCTION waybill.spread_open_jobs(p_dataset text, p_landed_at timestamptz,
    p_before bigint, p_after bigint)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_second record := waybill.second_bounds(p_landed_at);
    v_movable bigint[];
    v_lower bigint;
    v_upper bigint;
    v_left bigint[];
    v_right bigint[];
    v_step bigint;
    v_first bigint;
BEGIN
    -- A job whose row is locked may be writing its number into rows: it is not moved.
    v_movable := ARRAY(SELECT j.landing_order FROM waybill.ingestion_jobs AS j
        WHERE j.dataset = p_dataset AND waybill.is_open(j.state)
            AND j.landing_order > v_second.lower AND j.landing_order < v_second.upper
        FOR UPDATE SKIP LOCKED);
    -- A replay counts right after its file, which is fixed: what follows stays behind it.
    SELECT greatest(v_second.lower, max(x.n)) INTO v_lower FROM (
        SELECT j.landing_order FROM waybill.ingestion_jobs AS j WHERE j.dataset = p_dataset
            AND j.landing_order <= p_before AND j.landing_order <> ALL (v_movable)
        UNION ALL
        SELECT j.effective_order FROM waybill.ingestion_jobs AS j WHERE j.dataset = p_dataset
            AND j.effective_order < p_after) AS x (n);
    SELECT least(v_second.upper, min(j.landing_order)) INTO v_upper
    FROM waybill.ingestion_jobs AS j WHERE j.dataset = p_dataset
        AND j.landing_order >= p_after AND j.landing_order <> ALL (v_movable);
    v_left := ARRAY(SELECT n FROM unnest(v_movable) AS n
        WHERE n > v_lower AND n <= p_before ORDER BY n);
    v_right := ARRAY(SELECT n FROM unnest(v_movable) AS n
        WHERE n >= p_after AND n < v_upper ORDER BY n);
    v_step := (v_upper - v_lower) / 2 / (cardinality(v_left) + cardinality(v_right) + 1);
    -- Files that once found no room have numbers out of order: nothing is moved across them.
    IF v_step < 1 OR EXISTS (SELECT FROM waybill.ingestion_jobs AS j
        WHERE j.dataset = p_dataset AND j.landing_order > v_lower AND j.landing_order < v_upper
            AND j.landing_order <> ALL (v_movable))
    THEN
        RETURN NULL;
    END IF;
    v_first := v_lower + (v_upper - v_lower) / 4 + 1;
    -- In two steps, since the numbers are unique at every moment.
    UPDATE waybill.ingestion_jobs AS j SET landing_order = -j.landing_order
    WHERE j.dataset = p_dataset AND j.landing_order = ANY (v_left || v_right);
    UPDATE waybill.ingestion_jobs AS j
    SET landing_order = v_first + v_step * (x.place - 1
        + (x.place > cardinality(v_left))::integer)
    FROM unnest(v_left || v_right) WITH ORDINALITY AS x (n, place)
    WHERE j.dataset = p_dataset AND j.landing_order = -x.n;
    RETURN v_first + v_step * cardinality(v_left);
END
$$;

-- The number of an object among those of its dataset, which sorts as (landed_at, key,
-- sequencer, version) do, whatever order the events arrive in. The caller holds the dataset's
-- registration lock.
CREATE OR REPLACE FUNCTION waybill.landing_order(p_dataset text, p_landed_at timestamptz,
    p_key text, p_version text, p_sequencer text DEFAULT '')
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_before bigint;
    v_after bigint;
    v_order bigint;
BEGIN
    SELECT j.landing_order INTO v_before FROM waybill.ingestion_jobs AS j
    WHERE j.dataset = p_dataset AND j.landing_order IS NOT NULL
        AND (j.landed_at, j.object_key, j.sequencer, j.version_id)
            < (p_landed_at, p_key, p_sequencer, p_version)
    ORDER BY j.landed_at DESC, j.object_key DESC, j.sequencer DESC, j.version_id DESC LIMIT 1;
    SELECT j.landing_order INTO v_after FROM waybill.ingestion_jobs AS j
    WHERE j.dataset = p_dataset AND j.landing_order IS NOT NULL
        AND (j.landed_at, j.object_key, j.sequencer, j.version_id)
            > (p_landed_at, p_key, p_sequencer, p_version)
    ORDER BY j.landed_at, j.object_key, j.sequencer, j.version_id LIMIT 1;
    v_order := coalesce(waybill.order_between(p_landed_at, v_before, v_after),
        waybill.spread_open_jobs(p_dataset, p_landed_at, v_before, v_after));
    -- No room beside rows that are written already: a file is not refused for that, so it takes
    -- the next free number.
    v_order := coalesce(v_order, v_before + 1, (waybill.second_bounds(p_landed_at)).lower + 1);
    WHILE EXISTS (SELECT FROM waybill.ingestion_jobs AS j
        WHERE j.dataset = p_dataset AND j.landing_order = v_order)
    LOOP
        v_order := v_order + 1;
    END LOOP;
    RETURN v_order;
END
$$;
