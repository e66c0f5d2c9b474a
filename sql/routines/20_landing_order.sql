-- The order of landing: event time, then key, then version.

-- The place of an object among those of its dataset, as one number that sorts as
-- (landed_at, key, version) do. A second holds 2^30 places, and a newcomer between two
-- neighbours takes the middle, so places once given never move. S3 tells time in whole
-- seconds and in any order: the steps at both ends are wide, so that thousands of objects of
-- one second find room between them. Where they spill over into the next second, the places
-- of that one follow.
CREATE OR REPLACE FUNCTION waybill.landing_order(p_dataset text, p_landed_at timestamptz,
    p_key text, p_version text)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
DECLARE
    second bigint := floor(extract(epoch FROM p_landed_at));
    fraction double precision := extract(epoch FROM p_landed_at) - second;
    -- Room is left before and after the places that the fraction of the second gives.
    place bigint := (second << 30) + (1 << 28) + floor(fraction * (1 << 29))::bigint;
    step CONSTANT bigint := 1 << 26;
    before bigint;
    after bigint;
BEGIN
    SELECT landed_seq INTO before FROM waybill.ingestion_jobs
    WHERE dataset = p_dataset AND landed_seq IS NOT NULL
        AND (landed_at, object_key, version_id) < (p_landed_at, p_key, p_version)
    ORDER BY landed_at DESC, object_key DESC, version_id DESC LIMIT 1;
    SELECT landed_seq INTO after FROM waybill.ingestion_jobs
    WHERE dataset = p_dataset AND landed_seq IS NOT NULL
        AND (landed_at, object_key, version_id) > (p_landed_at, p_key, p_version)
    ORDER BY landed_at, object_key, version_id LIMIT 1;
    IF place <= before THEN
        place := least(before + step, (before + after) / 2);
    END IF;
    IF place >= after THEN
        place := greatest(after - step, (before + after) / 2);
    END IF;
    -- No room between the two: a file must not be refused for that, so it takes the next
    -- place that is free, among files of its own second.
    WHILE place <= before OR EXISTS (SELECT FROM waybill.ingestion_jobs
        WHERE dataset = p_dataset AND landed_seq = place)
    LOOP
        place := greatest(place, before) + 1;
    END LOOP;
    RETURN place;
END
$$;
