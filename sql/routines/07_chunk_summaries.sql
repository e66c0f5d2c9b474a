-- What the loaders say of a job's staged records, which spares a merge of new records three scans
-- of them: {keys: [first, last], partitions: {start: records}, parents: {column: [value]}}. What a
-- loader does not know is not in it; then the records are read.

-- The summaries of a job's chunks with records. None if one lacks it, or of other records than
-- those that the loaders staged.
CREATE OR REPLACE FUNCTION waybill.chunk_summaries(p_plan waybill.merge_plan,
    OUT staged bigint, OUT summary jsonb)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    IF p_plan.source <> format('staging.%I', waybill.stage_name(p_plan.job_id)) OR EXISTS (
        SELECT FROM waybill.chunks AS c
        WHERE c.job_id = p_plan.job_id AND c.staged > 0 AND c.summary IS NULL)
    THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT c.staged, c.summary FROM waybill.chunks AS c
    WHERE c.job_id = p_plan.job_id AND c.staged > 0;
END
$$;

-- The lowest key of the staged records, if it is known that each has a key of its own: they ascend
-- within every chunk, and the chunks do not overlap. Null otherwise.
CREATE OR REPLACE FUNCTION waybill.first_of_distinct_keys(p_plan waybill.merge_plan)
RETURNS bigint
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT min(k.first)
        FROM (
            SELECT x.first, lag(x.last) OVER (ORDER BY x.first) AS before
            FROM waybill.chunk_summaries(p_plan) AS c
            CROSS JOIN LATERAL (
                SELECT (c.summary -> 'keys' ->> 0)::bigint, (c.summary -> 'keys' ->> 1)::bigint
            ) AS x (first, last)
        ) AS k
        HAVING bool_and(k.first IS NOT NULL AND coalesce(k.before < k.first, true))
    );
END
$$;

-- Whether the merge inserts the staged records as they are, each of them.
CREATE OR REPLACE FUNCTION waybill.inserts_all(p_plan waybill.merge_plan) RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    RETURN waybill.is_view('pg_temp.merge_records') AND p_plan.replaced_later = '{}';
END
$$;

-- The parents' keys that the staged records name, as a table expression; null if they are not known.
CREATE OR REPLACE FUNCTION waybill.staged_parents(p_plan waybill.merge_plan, p_reference jsonb)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_column CONSTANT text := p_reference -> 'columns' ->> 0;
    v_type CONSTANT text := (
        SELECT format_type(a.atttypid, a.atttypmod)
        FROM pg_attribute AS a
        WHERE a.attrelid = p_plan.target AND a.attname = v_column
    );
    v_values jsonb;
BEGIN
    IF jsonb_array_length(p_reference -> 'columns') > 1
        OR v_column <> ALL (p_plan.columns)
        OR NOT waybill.inserts_all(p_plan)
    THEN
        RETURN NULL;
    END IF;
    SELECT jsonb_agg(c.summary -> 'parents' -> v_column) INTO v_values
    FROM waybill.chunk_summaries(p_plan) AS c
    HAVING bool_and(coalesce(c.summary -> 'parents' ? v_column, false));
    IF v_values IS NULL THEN
        RETURN NULL;
    END IF;
    RETURN format(
        $q$(
        SELECT p.key::%1$s AS %2$I
        FROM jsonb_array_elements(%3$L::jsonb) AS c (keys), jsonb_array_elements_text(c.keys) AS p (key)
        )$q$, v_type, v_column, v_values);
END
$$;

-- The staged records, counted as `count_records` does; null if that is not known.
CREATE OR REPLACE FUNCTION waybill.staged_totals(p_plan waybill.merge_plan)
RETURNS waybill.record_total[]
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    IF p_plan.partition_unit IS NULL OR NOT waybill.inserts_all(p_plan) OR NOT coalesce((
        SELECT bool_and(c.staged = (
            SELECT sum(p.value::bigint) FROM jsonb_each_text(c.summary -> 'partitions') AS p))
        FROM waybill.chunk_summaries(p_plan) AS c
    ), false) THEN
        RETURN NULL;
    END IF;
    RETURN ARRAY(
        SELECT ROW('insert', p.key::timestamp, NULL, sum(p.value::bigint))::waybill.record_total
        FROM waybill.chunk_summaries(p_plan) AS c, jsonb_each_text(c.summary -> 'partitions') AS p
        GROUP BY p.key
    );
END
$$;
