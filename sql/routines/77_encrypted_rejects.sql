-- Erasure of encrypted rejects, whose text only a function can read.

-- What tells the person with this natural key from others in a text: the parts of the key, and the
-- personal values of the row. Merges of the dataset wait until the transaction ends.
CREATE OR REPLACE FUNCTION waybill.find_person(p_dataset text, p_key jsonb, OUT words text[],
    OUT personal_values text[])
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
SET timezone = 'UTC'
SET lock_timeout = '3s'
AS $$
DECLARE
    v_person record;
    v_dataset waybill.datasets;
    v_row jsonb;
BEGIN
    v_person := waybill.lock_person(p_dataset, p_key);
    v_dataset := v_person.dataset;
    words := v_person.texts;
    EXECUTE format('SELECT to_jsonb(t.*) FROM %s AS t WHERE %s', v_dataset.target,
        waybill.conditions(v_dataset.target, v_person.key))
    INTO v_row;
    personal_values := waybill.personal_values(v_dataset, v_row);
END
$$;

-- Encrypted rejects of a dataset without a readable key, by job, line and id, cut where their text
-- passes `p_bytes`. The others are found by their key.
CREATE OR REPLACE FUNCTION waybill.list_unreadable(p_dataset text, p_job uuid, p_line bigint,
    p_reject_id uuid, p_bytes bigint)
RETURNS TABLE (job_id uuid, line bigint, reject_id uuid, raw bytea, data_key uuid,
    encrypted bytea)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
SET timezone = 'UTC'
AS $$
DECLARE
    v_dataset waybill.datasets;
BEGIN
    SELECT * INTO v_dataset FROM waybill.datasets AS d WHERE d.name = p_dataset;
    RETURN QUERY EXECUTE format(
        $q$
        SELECT cut.job_id, cut.line, cut.reject_id, cut.raw, cut.data_key, cut.encrypted
        FROM (
            SELECT page.*, sum(octet_length(page.raw)) OVER (
                    ORDER BY page.job_id, page.line, page.reject_id)
                - octet_length(page.raw) AS earlier
            FROM (
                SELECT v.job_id, v.line, v.reject_id, v.raw, v.data_key, k.encrypted
                FROM waybill.validation_errors AS v
                JOIN waybill.data_keys AS k ON k.data_key = v.data_key
                WHERE k.dataset = $1
                    AND ($2 IS NULL OR (v.job_id, v.line, v.reject_id) > ($2, $3, $4))
                    AND (%s) IS NULL
                ORDER BY v.job_id, v.line, v.reject_id
                LIMIT 1000
            ) AS page
        ) AS cut
        WHERE cut.earlier < $5
        ORDER BY cut.job_id, cut.line, cut.reject_id
        $q$,
        waybill.stored_key(v_dataset.target, v_dataset.natural_key, 'v."values"'))
    USING p_dataset, p_job, p_line, p_reject_id, p_bytes;
END
$$;

-- Delete these rejects, which hold a person; `erase_person`, next in the transaction, counts them.
CREATE OR REPLACE FUNCTION waybill.erase_encrypted(p_dataset text, p_reject_ids uuid[])
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_jobs uuid[];
BEGIN
    WITH gone AS (
        DELETE FROM waybill.validation_errors AS v
        USING waybill.data_keys AS k
        WHERE k.data_key = v.data_key AND k.dataset = p_dataset
            AND v.reject_id = ANY (p_reject_ids)
        RETURNING v.job_id
    )
    SELECT array_agg(g.job_id) INTO v_jobs FROM gone AS g;
    PERFORM waybill.count_as_erased(coalesce(v_jobs, '{}'), 'rejected');
    PERFORM set_config('waybill.erased_encrypted', coalesce(cardinality(v_jobs), 0)::text, true);
END
$$;
