-- Texts that functions encrypted: `waybill-encrypted:<data key>:<base64>` on their way through
-- staging tables and batches.

CREATE OR REPLACE FUNCTION waybill.is_encrypted(p_text text) RETURNS boolean
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN coalesce(p_text LIKE 'waybill-encrypted:%', false);

-- The text of a refused record as it is stored. Where a dataset has personal columns it is
-- encrypted, or not kept.
CREATE OR REPLACE FUNCTION waybill.stored_text(p_text text, p_is_personal boolean) RETURNS bytea
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN CASE
    WHEN NOT p_is_personal THEN convert_to(p_text, 'UTF8')
    WHEN waybill.is_encrypted(p_text) THEN decode(split_part(p_text, ':', 3), 'base64')
    ELSE convert_to('[masked]', 'UTF8')
END;

-- What it is encrypted with; null for a text that is not.
CREATE OR REPLACE FUNCTION waybill.data_key_of(p_text text, p_is_personal boolean) RETURNS uuid
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN CASE
    WHEN p_is_personal AND waybill.is_encrypted(p_text) THEN split_part(p_text, ':', 2)::uuid
END;

-- Whether a contract has personal columns.
CREATE OR REPLACE FUNCTION waybill.has_personal(p_contract jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN coalesce(jsonb_array_length(p_contract -> 'personal') > 0, false);

-- Keep the data key of a job's texts, in the transaction that stores them.
CREATE OR REPLACE FUNCTION waybill.add_data_key(p_data_key uuid, p_job uuid, p_dataset text,
    p_encrypted bytea)
RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    INSERT INTO waybill.data_keys (data_key, job_id, dataset, encrypted)
    VALUES (p_data_key, p_job, p_dataset, p_encrypted);
END;

-- The encrypted ones among rejects of a job, with their data keys, which are encrypted too.
CREATE OR REPLACE FUNCTION waybill.data_keys_of(p_job uuid, p_reject_ids uuid[])
RETURNS TABLE (reject_id uuid, data_key uuid, job_id uuid, dataset text, encrypted bytea)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT v.reject_id, k.data_key, k.job_id, k.dataset, k.encrypted
    FROM waybill.validation_errors AS v
    JOIN waybill.data_keys AS k ON k.data_key = v.data_key
    WHERE v.job_id = p_job AND v.reject_id = ANY (p_reject_ids);
END;
