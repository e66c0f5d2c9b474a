-- The order of landing: event time, then key, then version.

-- The place of an object among those of its dataset, as one number that sorts as
-- (landed_at, key, version) do. A second holds 2^30 places, and a newcomer between two
-- neighbours takes the middle, so places once given never move.
CREATE OR REPLACE FUNCTION waybill.landing_place(p_dataset text, p_landed_at timestamptz,
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
    step CONSTANT bigint := 1 << 16;
    before bigint;
    after bigint;
BEGIN
    SELECT max(landed_seq) INTO before FROM waybill.ingestion_jobs
    WHERE dataset = p_dataset AND landed_seq IS NOT NULL
        AND (landed_at, object_key, version_id) < (p_landed_at, p_key, p_version);
    SELECT min(landed_seq) INTO after FROM waybill.ingestion_jobs
    WHERE dataset = p_dataset AND landed_seq IS NOT NULL
        AND (landed_at, object_key, version_id) > (p_landed_at, p_key, p_version);
    IF place <= before THEN
        place := least(before + step, (before + after) / 2);
    END IF;
    IF place >= after THEN
        place := greatest(after - step, (before + after) / 2);
    END IF;
    IF place <= before OR place >= after THEN
        RAISE EXCEPTION 'No place is left in the order of landing between % and %.',
            before, after USING ERRCODE = 'WB006';
    END IF;
    RETURN place;
END
$$;
