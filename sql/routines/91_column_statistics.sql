-- Statistics of the columns of a file, from those of its chunks.

-- The distinct values of each column, from the smallest fingerprints of its chunks. Fingerprints are
-- spread evenly below 2^53, so how close they are tells how many there are. Below the limit none was
-- left out, and the count is exact.
CREATE OR REPLACE FUNCTION waybill.distinct_values(p_job uuid)
RETURNS TABLE (place bigint, estimate bigint, is_exact boolean)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    -- Only the values are sorted, not the column's JSON beside each of them.
    WITH parts AS MATERIALIZED (
        SELECT x.place,
            (x.value -> 'limit')::integer AS most,
            x.value -> 'fingerprints' AS fingerprints
        FROM waybill.chunks AS c,
            jsonb_array_elements(c.columns) WITH ORDINALITY AS x (value, place)
        WHERE c.job_id = p_job
    ), bounds AS (
        -- A chunk with as many as it may keep has left out those larger than its last.
        SELECT p.place,
            min(p.most) AS most,
            min((p.fingerprints -> -1)::bigint)
                FILTER (WHERE jsonb_array_length(p.fingerprints) >= p.most) AS largest
        FROM parts AS p
        GROUP BY p.place
    ), fingerprints AS (
        SELECT DISTINCT b.place, b.most, f.value::bigint AS fingerprint
        FROM parts AS p
        JOIN bounds AS b ON b.place = p.place
        CROSS JOIN jsonb_array_elements(p.fingerprints) AS f (value)
        WHERE b.largest IS NULL OR f.value::bigint <= b.largest
    ), ranked AS (
        SELECT f.*, row_number() OVER (PARTITION BY f.place ORDER BY f.fingerprint) AS rank
        FROM fingerprints AS f
    )
    SELECT r.place,
        CASE
            WHEN count(*) < max(r.most) THEN count(*)
            ELSE round((max(r.most) - 1) * 2 ^ 53 / max(r.fingerprint))::bigint
        END,
        count(*) < max(r.most)
    FROM ranked AS r
    WHERE r.rank <= r.most
    GROUP BY r.place;
END;

-- Keep the statistics of a job, in the transaction of its merge; those of its chunks go.
CREATE OR REPLACE FUNCTION waybill.keep_column_statistics(p_job uuid) RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, waybill, pg_temp
BEGIN ATOMIC
    INSERT INTO waybill.column_statistics (job_id, place, column_name, records, nulls,
        distinct_values, is_exact, lowest, highest)
    SELECT p_job, a.place, a.name, a.records, a.nulls,
        CASE
            -- A chunk that is the whole file has counted them.
            WHEN a.chunks = 1 THEN a.distinct_values
            ELSE least(coalesce(d.estimate, 0), a.records - a.nulls)
        END,
        CASE WHEN a.chunks = 1 THEN a.is_exact ELSE coalesce(d.is_exact, true) END,
        CASE WHEN a.is_number THEN a.lowest_number ELSE a.lowest_text END,
        CASE WHEN a.is_number THEN a.highest_number ELSE a.highest_text END
    FROM (
        SELECT x.place,
            min(x.value ->> 'name') AS name,
            bool_and(x.value ->> 'order' = 'number') AS is_number,
            count(*) AS chunks,
            sum(c.staged)::bigint AS records,
            sum((x.value -> 'nulls')::bigint)::bigint AS nulls,
            min((x.value -> 'distinct')::bigint) AS distinct_values,
            bool_and((x.value -> 'exact')::boolean) AS is_exact,
            -- The text of the least one: as numeric a float may have hundreds of digits.
            (array_agg(x.value ->> 'min'
                ORDER BY CASE x.value ->> 'order'
                    WHEN 'number' THEN (x.value ->> 'min')::numeric END))[1] AS lowest_number,
            (array_agg(x.value ->> 'max'
                ORDER BY CASE x.value ->> 'order'
                    WHEN 'number' THEN (x.value ->> 'max')::numeric END DESC NULLS LAST))[1]
                AS highest_number,
            min((x.value ->> 'min') COLLATE "C") FILTER (WHERE x.value ->> 'order' = 'text')
                AS lowest_text,
            max((x.value ->> 'max') COLLATE "C") FILTER (WHERE x.value ->> 'order' = 'text')
                AS highest_text
        FROM waybill.chunks AS c,
            jsonb_array_elements(c.columns) WITH ORDINALITY AS x (value, place)
        WHERE c.job_id = p_job
        GROUP BY x.place
    ) AS a
    LEFT JOIN waybill.distinct_values(p_job) AS d ON d.place = a.place AND a.chunks > 1
    ON CONFLICT DO NOTHING;
    -- A person who was erased since the file landed may be in it.
    UPDATE waybill.column_statistics AS s
    SET lowest = NULL, highest = NULL
    FROM waybill.ingestion_jobs AS j
    JOIN waybill.datasets AS d ON d.name = j.dataset
    WHERE s.job_id = p_job
        AND j.job_id = p_job
        AND s.column_name = ANY (d.natural_key)
        AND waybill.may_hold_erased(j);
    UPDATE waybill.chunks SET columns = NULL, summary = NULL
    WHERE job_id = p_job AND (columns IS NOT NULL OR summary IS NOT NULL);
END;

-- Whether the text of an extreme stands for a value, whose text PostgreSQL wrote.
CREATE OR REPLACE FUNCTION waybill.is_extreme(p_extreme text, p_value text) RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- Not one expression: as constants, both would be cast when it is planned.
    IF p_extreme = left(p_value, 100) THEN
        -- A long text is cut.
        RETURN true;
    ELSIF pg_input_is_valid(p_extreme, 'numeric') AND pg_input_is_valid(p_value, 'numeric') THEN
        -- 1.50 and 1.5 are equal.
        RETURN p_extreme::numeric = p_value::numeric;
    ELSIF pg_input_is_valid(p_extreme, 'timestamptz')
        AND pg_input_is_valid(p_value, 'timestamptz')
    THEN
        -- 2026-01-01T00:00:00Z and 2026-01-01 00:00:00+00, too.
        RETURN p_extreme::timestamptz = p_value::timestamptz;
    END IF;
    RETURN false;
END
$$;

-- Forget extremes that are the key of an erased person.
CREATE OR REPLACE FUNCTION waybill.erase_extremes(p_dataset waybill.datasets, p_key text[])
RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    UPDATE waybill.column_statistics AS s
    SET lowest = CASE WHEN NOT e.is_lowest THEN s.lowest END,
        highest = CASE WHEN NOT e.is_highest THEN s.highest END
    FROM waybill.column_statistics AS c
    JOIN waybill.ingestion_jobs AS j USING (job_id)
    CROSS JOIN LATERAL (
        SELECT coalesce(bool_or(waybill.is_extreme(c.lowest, k.value)), false) AS is_lowest,
            coalesce(bool_or(waybill.is_extreme(c.highest, k.value)), false) AS is_highest
        FROM unnest(p_key) AS k (value)
    ) AS e
    WHERE s.job_id = c.job_id
        AND s.place = c.place
        AND j.dataset = p_dataset.name
        AND c.column_name = ANY (p_dataset.natural_key)
        AND (e.is_lowest OR e.is_highest);
END;

-- The load of the same kind before this one; null if there is none.
CREATE OR REPLACE FUNCTION waybill.load_before(p_job waybill.ingestion_jobs) RETURNS uuid
LANGUAGE sql STABLE
SET search_path = pg_catalog, waybill, pg_temp
BEGIN ATOMIC
    SELECT j.job_id
    FROM waybill.ingestion_jobs AS j
    WHERE j.dataset = p_job.dataset
        AND j.job_id < p_job.job_id
        AND j.kind = p_job.kind
        AND j.state IN ('COMPLETED', 'COMPLETED_WITH_REJECTS')
        AND NOT waybill.is_dry(j)
    ORDER BY j.job_id DESC
    LIMIT 1;
END;

-- The statistics of a job by column, without the extremes of what is personal now.
CREATE OR REPLACE FUNCTION waybill.statistics_of(p_job uuid, p_personal text[])
RETURNS TABLE (place integer, "column" text, document jsonb)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT s.place, s.column_name, jsonb_build_object(
        'records', s.records,
        'nulls', s.nulls,
        'distinct', s.distinct_values,
        'distinct_is_exact', s.is_exact,
        'min', CASE WHEN s.column_name <> ALL (p_personal) THEN s.lowest END,
        'max', CASE WHEN s.column_name <> ALL (p_personal) THEN s.highest END)
    FROM waybill.column_statistics AS s
    WHERE s.job_id = p_job;
END;

-- The columns of a job's file beside those of the load before it, as the API shows them. Null without
-- a job.
CREATE OR REPLACE FUNCTION waybill.compare_columns(p_job uuid) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_job waybill.ingestion_jobs;
    v_before uuid;
    v_personal text[];
BEGIN
    SELECT * INTO v_job FROM waybill.ingestion_jobs WHERE job_id = p_job;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    v_before := waybill.load_before(v_job);
    v_personal := waybill.personal_columns_of(v_job.dataset);
    RETURN jsonb_build_object('compared_with', v_before, 'items', (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
                'column', "column",
                'personal', "column" = ANY (v_personal),
                'current', c.document,
                'previous', b.document)
            ORDER BY coalesce(c.place, b.place), "column"), '[]')
        -- Those of a duplicate are of the file that it repeats.
        FROM waybill.statistics_of(coalesce(v_job.duplicate_of, p_job), v_personal) AS c
        FULL JOIN waybill.statistics_of(v_before, v_personal) AS b USING ("column")));
END
$$;
