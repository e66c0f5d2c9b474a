-- Erase one person of a dataset everywhere: rows, rejects, pending records, and by a tombstone the
-- records of files that have landed.

-- Delete rejects without a readable key whose text has a personal value of the person, or all parts
-- of the key as words: rather one reject too many than one that still holds the person.
CREATE OR REPLACE FUNCTION waybill.erase_unreadable(p_dataset waybill.datasets, p_words text[],
    p_values text[])
RETURNS TABLE (job_id uuid)
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    RETURN QUERY EXECUTE format(
        $q$
        DELETE FROM waybill.validation_errors AS v
        USING waybill.ingestion_jobs AS j
        WHERE j.job_id = v.job_id
            AND j.dataset = $1
            AND (%s) IS NULL
            -- What is encrypted is found by `erase_encrypted`.
            AND v.data_key IS NULL
            AND (
                EXISTS (
                    SELECT FROM unnest($3) AS x (value)
                    WHERE position(convert_to(x.value, 'UTF8') IN v.raw) > 0
                )
                OR NOT EXISTS (
                    SELECT FROM unnest($2) AS w (word)
                    WHERE encode(v.raw, 'escape') !~ ('(^|[^[:alnum:]])'
                        || regexp_replace(encode(convert_to(w.word, 'UTF8'), 'escape'),
                            '([].*+?^${}()|\\[])', '\\\1', 'g')
                        || '($|[^[:alnum:]])')
                )
            )
        RETURNING v.job_id
        $q$,
        waybill.stored_key(p_dataset.target, p_dataset.natural_key, 'v."values"'))
    USING p_dataset.name, p_words, p_values;
END
$$;

-- Move records that are gone to `erased`, job by job: `p_jobs` has the job of each record.
CREATE OR REPLACE FUNCTION waybill.count_as_erased(p_jobs uuid[], p_class text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    UPDATE waybill.ingestion_jobs AS j
    SET rejected = j.rejected - CASE WHEN p_class = 'rejected' THEN x.n ELSE 0 END,
        pending_reference = j.pending_reference
            - CASE WHEN p_class = 'pending_reference' THEN x.n ELSE 0 END,
        erased = j.erased + x.n,
        state = CASE
            WHEN p_class = 'rejected' AND j.state = 'COMPLETED_WITH_REJECTS' AND j.rejected = x.n
                THEN 'COMPLETED'
            ELSE j.state
        END
    FROM (SELECT u.job, count(*) AS n FROM unnest(p_jobs) AS u (job) GROUP BY u.job) AS x
    WHERE j.job_id = x.job AND j.read IS NOT NULL;
END
$$;

-- The personal values of a row, of a length at which they tell one person from another.
CREATE OR REPLACE FUNCTION waybill.personal_values(p_dataset waybill.datasets, p_row jsonb)
RETURNS text[]
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN ARRAY(
    SELECT p_row ->> c.name
    FROM unnest(p_dataset.personal) AS c (name)
    WHERE length(p_row ->> c.name) >= 4
);

-- Delete the row of a key. Returns it; null if there is none.
CREATE OR REPLACE FUNCTION waybill.delete_by_key(p_dataset waybill.datasets, p_key jsonb)
RETURNS jsonb
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_row jsonb;
    v_table text;
BEGIN
    EXECUTE format('DELETE FROM %s AS t WHERE %s RETURNING to_jsonb(t.*)', p_dataset.target,
        waybill.conditions(p_dataset.target, p_key))
    INTO v_row;
    SET CONSTRAINTS ALL IMMEDIATE;
    RETURN v_row;
EXCEPTION
    WHEN foreign_key_violation OR restrict_violation THEN
        GET STACKED DIAGNOSTICS v_table = TABLE_NAME;
        RAISE EXCEPTION 'Rows of % refer to the person; erase those first.', v_table
            USING ERRCODE = 'WB017';
END
$$;

-- Resolve the natural key of a person ([value, …]) and keep merges of the dataset waiting until the
-- transaction ends. `texts` is the key as equal keys have it in common.
CREATE OR REPLACE FUNCTION waybill.lock_person(p_dataset text, p_key jsonb,
    OUT dataset waybill.datasets, OUT key jsonb, OUT texts text[])
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    SELECT * INTO dataset FROM waybill.datasets AS d WHERE d.name = p_dataset;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'There is no dataset %.', p_dataset USING ERRCODE = 'WB001';
    ELSIF (dataset).natural_key = '{}'
        OR jsonb_array_length(p_key) <> cardinality((dataset).natural_key)
    THEN
        RAISE EXCEPTION 'A key of % has the columns (%).', p_dataset,
            array_to_string((dataset).natural_key, ', ') USING ERRCODE = 'WB018';
    END IF;
    key := (
        SELECT jsonb_object_agg(k.name, p_key ->> (k.place - 1)::integer)
        FROM unnest((dataset).natural_key) WITH ORDINALITY AS k (name, place));
    -- OFFSET 0: as a constant, an invalid value would fail when the query is planned.
    EXECUTE format('SELECT %s FROM (SELECT $1 AS record OFFSET 0) AS r',
        waybill.stored_key((dataset).target, (dataset).natural_key, 'r.record'))
    INTO texts USING key;
    IF texts IS NULL THEN
        RAISE EXCEPTION 'A value of the key is not one of its column''s type.'
            USING ERRCODE = 'WB018';
    END IF;
    -- A merge that is running writes the person after the rows were looked at; the next one finds
    -- the tombstone.
    PERFORM pg_advisory_xact_lock(hashtextextended('waybill.merge.' || p_dataset, 0));
END
$$;

-- Erase the person with this natural key ([value, …]). Returns how many rows, rejects and pending
-- records were deleted.
CREATE OR REPLACE FUNCTION waybill.erase_person(p_dataset text, p_key jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
SET timezone = 'UTC'
SET lock_timeout = '3s'
AS $$
DECLARE
    v_person record;
    v_dataset waybill.datasets;
    v_values jsonb;
    v_texts text[];
    v_salt uuid;
    v_row jsonb;
    v_rejects uuid[];
    v_unreadable uuid[];
    v_pending uuid[];
    v_found jsonb;
BEGIN
    v_person := waybill.lock_person(p_dataset, p_key);
    PERFORM waybill.assert_not_archived(p_dataset);
    v_dataset := v_person.dataset;
    v_values := v_person.key;
    v_texts := v_person.texts;
    INSERT INTO waybill.erasure_salts (dataset) VALUES (p_dataset) ON CONFLICT DO NOTHING;
    SELECT s.salt INTO v_salt FROM waybill.erasure_salts AS s WHERE s.dataset = p_dataset;
    INSERT INTO waybill.erasures (dataset, key_hash, erased_at)
    VALUES (p_dataset, waybill.key_hash(v_salt, v_texts), clock_timestamp())
    ON CONFLICT ON CONSTRAINT erasures_pkey DO UPDATE SET erased_at = excluded.erased_at;
    PERFORM waybill.drop_folds(p_dataset);
    -- Rows that refer to the person's are as in a merge that deletes parents.
    PERFORM waybill.lock_for_merge(v_dataset.target, p_dataset, 'replace');
    PERFORM set_config('waybill.images', 'off', true);
    v_row := waybill.delete_by_key(v_dataset, v_values);
    PERFORM set_config('waybill.images', 'on', true);
    PERFORM waybill.erase_images(v_dataset, v_texts, (v_row ->> '_landed')::bigint);
    EXECUTE format(
        $q$
        WITH gone AS (
            DELETE FROM waybill.validation_errors AS v
            USING waybill.ingestion_jobs AS j
            WHERE j.job_id = v.job_id AND j.dataset = $1 AND waybill.is_final(j.state)
                AND (%s) = $2
            RETURNING v.job_id
        )
        SELECT array_agg(job_id) FROM gone
        $q$, waybill.stored_key(v_dataset.target, v_dataset.natural_key, 'v."values"'))
    INTO v_rejects USING p_dataset, v_texts;
    v_unreadable := ARRAY(SELECT waybill.erase_unreadable(v_dataset,
        v_texts, waybill.personal_values(v_dataset, v_row)));
    EXECUTE format(
        $q$
        WITH gone AS (
            DELETE FROM waybill.pending_references AS v
            USING waybill.ingestion_jobs AS j
            WHERE j.job_id = v.job_id AND j.dataset = $1 AND (%s) = $2
            RETURNING v.job_id
        )
        SELECT array_agg(job_id) FROM gone
        $q$, waybill.stored_key(v_dataset.target, v_dataset.natural_key, 'v.record'))
    INTO v_pending USING p_dataset, v_texts;
    v_rejects := coalesce(v_rejects, '{}') || v_unreadable;
    PERFORM waybill.count_as_erased(v_rejects, 'rejected');
    PERFORM waybill.count_as_erased(coalesce(v_pending, '{}'), 'pending_reference');
    PERFORM waybill.mark_erased(v_dataset, v_row);
    PERFORM waybill.erase_extremes(v_dataset, v_texts);
    v_found := jsonb_build_object('rows', CASE WHEN v_row IS NULL THEN 0 ELSE 1 END,
        'rejects', cardinality(v_rejects)
            + coalesce(nullif(current_setting('waybill.erased_encrypted', true), ''), '0')::integer,
        'pending', coalesce(cardinality(v_pending), 0));
    -- Without the key: it may be personal itself.
    PERFORM waybill.record_audit('personal.erased', p_dataset => p_dataset, p_detail => v_found);
    RETURN v_found;
END
$$;

-- Caches and views with the row are stale.
CREATE OR REPLACE FUNCTION waybill.mark_erased(p_dataset waybill.datasets, p_row jsonb)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_column CONSTANT text := waybill.partitioning(p_dataset) ->> 'column';
    v_job CONSTANT uuid := uuidv7();
BEGIN
    IF p_row IS NULL THEN
        RETURN;
    END IF;
    PERFORM waybill.begin_generation(p_dataset.name);
    INSERT INTO waybill.stale_parts (dataset, part, job_id)
    VALUES (p_dataset.name,
        coalesce(waybill.partition_label(p_dataset.partition_unit,
            date_trunc(p_dataset.partition_unit, (p_row ->> v_column)::timestamptz
                AT TIME ZONE 'UTC')), ''),
        v_job);
    PERFORM waybill.mark_followers_stale(p_dataset.name, v_job);
END
$$;
