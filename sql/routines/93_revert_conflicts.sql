-- What keeps a load from being taken back: whatever touched its rows later.

-- revert_conflicts: one row for each, `row_key` of the row concerned ({column: text}).
CREATE OR REPLACE FUNCTION waybill.find_conflicts(p_plan waybill.merge_plan,
    p_job waybill.ingestion_jobs)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    PERFORM waybill.fill_for_revert('revert_conflicts',
        'SELECT NULL::text AS code, NULL::jsonb AS row_key, NULL::uuid AS job_id,'
        ' NULL::text AS message WHERE false');
    PERFORM waybill.find_archived(p_plan, p_job);
    PERFORM waybill.find_changed_later(p_plan, p_job);
    PERFORM waybill.find_repeated(p_plan, p_job);
    PERFORM waybill.find_superseded(p_plan, p_job);
    PERFORM waybill.find_references_to(p_plan, c), waybill.find_unkept_followers(p_plan, p_job, c)
    FROM pg_constraint AS c
    WHERE c.contype = 'f' AND c.confrelid = p_plan.target AND c.conparentid = 0;
    IF NOT EXISTS (SELECT FROM pg_temp.revert_conflicts) THEN
        PERFORM waybill.find_missing(p_plan, p_job);
    END IF;
END
$$;

-- Jobs that are in the way as a whole; the message names each.
CREATE OR REPLACE FUNCTION waybill.add_conflicts(p_code text, p_message text, p_jobs uuid[])
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO pg_temp.revert_conflicts (code, job_id, message)
    SELECT p_code, x.job_id, format(p_message, x.job_id)
    FROM unnest(p_jobs) AS x (job_id)
    LIMIT 21;
END
$$;

-- Rows that had the load's stamp when something else changed them: another load, or a statement.
-- Their images tell, since they are kept from before the load on.
CREATE OR REPLACE FUNCTION waybill.find_changed_later(p_plan waybill.merge_plan,
    p_job waybill.ingestion_jobs)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    PERFORM waybill.run_sql(format(
        $q$
        INSERT INTO pg_temp.revert_conflicts
        SELECT 'row-changed', %1$s, i.job_id,
            CASE WHEN i.job_id IS NULL THEN 'was changed by a statement outside of Waybill'
                ELSE format('was changed by job %%s', i.job_id) END
        FROM waybill.row_images AS i
        WHERE i.dataset = %2$L AND i.landed = %3$s AND i.record IS NOT NULL
            AND i.job_id IS DISTINCT FROM %4$L
        ORDER BY i.image_id LIMIT 21
        $q$,
        waybill.named_key(p_plan, 'i.record ->> %L'),
        p_job.dataset, p_plan.effective_order, p_job.job_id));
    -- One that the load deleted, and a later one has written again.
    PERFORM waybill.run_sql(format(
        $q$
        INSERT INTO pg_temp.revert_conflicts
        SELECT 'row-changed', %1$s, NULL, 'was written again after the load'
        FROM pg_temp.revert_images AS i JOIN %2$s AS h ON %3$s
        WHERE h._landed <> %4$s
        LIMIT 21
        $q$,
        waybill.named_key(p_plan, '(i.%2$I)::text'), p_plan.target,
        waybill.equal_on(p_plan.natural_key, 'h', 'i'), p_plan.effective_order));
    -- The value of a column that was added since is not in the image.
    INSERT INTO pg_temp.revert_conflicts
    SELECT 'columns-changed', NULL, NULL, 'The table has columns that it did not have then'
    WHERE EXISTS (
        SELECT FROM waybill.row_images AS i
        WHERE i.job_id = p_job.job_id AND i.dataset = p_job.dataset
            AND i.record IS NOT NULL AND NOT i.record ?& p_plan.columns);
    INSERT INTO pg_temp.revert_conflicts
    SELECT DISTINCT 'other-table', NULL::jsonb, p_job.job_id,
        format('The load changed rows of %s through a foreign key', i.dataset)
    FROM waybill.row_images AS i
    WHERE i.job_id = p_job.job_id AND i.dataset <> p_job.dataset;
    PERFORM waybill.add_conflicts('same-place', 'Job %s has the same place in the order', ARRAY(
        SELECT b.job_id FROM pg_temp.revert_beside AS b
        WHERE b.has_written AND b.place = p_plan.effective_order));
END
$$;

-- Rows that a later-landed file has as they are, without having stamped them: they are its rows,
-- too. Where its keys are not known it is named itself.
CREATE OR REPLACE FUNCTION waybill.find_repeated(p_plan waybill.merge_plan,
    p_job waybill.ingestion_jobs)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_later uuid[] := ARRAY(
        SELECT b.job_id FROM pg_temp.revert_beside AS b
        WHERE b.has_repeated AND b.landing_order > p_plan.effective_order);
BEGIN
    IF v_later = '{}' OR NOT EXISTS (SELECT FROM pg_temp.revert_removed)
        AND NOT EXISTS (SELECT FROM pg_temp.revert_images)
    THEN
        RETURN;
    END IF;
    PERFORM waybill.add_conflicts('row-repeated',
        'Job %s landed later and has, or may have, rows of the load', ARRAY(
            SELECT x.job_id FROM unnest(v_later) AS x (job_id)
            WHERE NOT EXISTS (
                SELECT FROM waybill.unchanged_keys AS u WHERE u.job_id = x.job_id)));
    PERFORM waybill.find_hashed(p_plan, 'row-repeated', 'is in the later job %s, too', format(
        'SELECT u.job_id, unnest(u.hashes) FROM waybill.unchanged_keys AS u'
        ' WHERE u.job_id = ANY (%L)', v_later));
END
$$;

-- Rows whose keys are among those of a query (job, hash).
CREATE OR REPLACE FUNCTION waybill.find_hashed(p_plan waybill.merge_plan, p_code text,
    p_message text, p_keys text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_key CONSTANT text := waybill.ident_list(p_plan.natural_key);
BEGIN
    IF waybill.key_hash(p_plan, 's') IS NULL THEN
        RETURN;
    END IF;
    PERFORM waybill.run_sql(format(
        $q$
        INSERT INTO pg_temp.revert_conflicts
        SELECT %1$L, %2$s, k.job_id, format(%3$L, k.job_id)
        FROM (
            SELECT %4$s FROM pg_temp.revert_removed
            UNION ALL
            SELECT %4$s FROM pg_temp.revert_images
        ) AS s
        JOIN (%5$s) AS k (job_id, hash) ON k.hash = %6$s
        LIMIT 21
        $q$,
        p_code, waybill.named_key(p_plan, '(s.%2$I)::text'), p_message, v_key, p_keys,
        waybill.key_hash(p_plan, 's')));
END
$$;

-- Records of earlier-landed files that came later and lost to the load's rows: without it they
-- would have been written.
CREATE OR REPLACE FUNCTION waybill.find_superseded(p_plan waybill.merge_plan,
    p_job waybill.ingestion_jobs)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_earlier uuid[] := ARRAY(
        SELECT b.job_id FROM pg_temp.revert_beside AS b
        WHERE b.place < p_plan.effective_order
            AND (b.has_deleted AND b.finished_at >= p_job.finished_at
                    AND p_job.replaced IS NOT NULL
                OR b.has_superseded AND EXISTS (SELECT FROM waybill.superseded_keys AS s
                    WHERE s.job_id = b.job_id AND s.noted_at >= p_job.finished_at)));
BEGIN
    IF v_earlier = '{}' THEN
        RETURN;
    END IF;
    PERFORM waybill.add_conflicts('row-superseded',
        'Job %s landed earlier and was loaded later; records of it were left out', ARRAY(
            SELECT x.job_id FROM unnest(v_earlier) AS x (job_id)
            WHERE p_job.replaced IS NOT NULL
                OR EXISTS (SELECT FROM waybill.superseded_keys AS s WHERE s.job_id = x.job_id
                    AND s.noted_at >= p_job.finished_at AND s.hashes IS NULL)));
    PERFORM waybill.find_hashed(p_plan, 'row-superseded',
        'has an earlier record in job %s that was left out for it', format(
            'SELECT s.job_id, unnest(s.hashes) FROM waybill.superseded_keys AS s'
            ' WHERE s.job_id = ANY (%L) AND s.noted_at >= %L', v_earlier, p_job.finished_at));
END
$$;

-- Rows of other tables, or of this one, that refer to rows which would be gone or changed.
CREATE OR REPLACE FUNCTION waybill.find_references_to(p_plan waybill.merge_plan,
    p_reference pg_constraint)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_from CONSTANT text[] := waybill.column_names(p_reference.conrelid, p_reference.conkey);
    v_to CONSTANT text[] := waybill.column_names(p_reference.confrelid, p_reference.confkey);
    v_names CONSTANT text := waybill.ident_list(v_to, 'h.');
BEGIN
    PERFORM waybill.run_sql(format(
        $q$
        INSERT INTO pg_temp.revert_conflicts
        SELECT DISTINCT ON (%1$s) 'row-referenced', to_jsonb(g.*), NULL::uuid,
            'is referred to by %2$s'
        FROM (SELECT %3$s FROM pg_temp.revert_removed AS h %4$s) AS g
        JOIN %5$s AS r ON %6$s
        %7$s
        LIMIT 21
        $q$,
        waybill.ident_list(v_to, 'g.'),
        replace(p_reference.conrelid::regclass::text, '''', ''''''),
        v_names,
        CASE
            WHEN v_to <@ p_plan.natural_key THEN ''
            -- An image has no generated columns; they may be others if anything is.
            WHEN NOT v_to <@ p_plan.columns THEN format(
                'UNION SELECT %s FROM pg_temp.revert_present AS h WHERE h._waybill_differs',
                v_names)
            ELSE format(
                'UNION SELECT %1$s FROM pg_temp.revert_present AS h JOIN pg_temp.revert_images AS i'
                ' ON %2$s WHERE ROW(%1$s) IS DISTINCT FROM ROW(%3$s)',
                v_names, waybill.equal_on(p_plan.natural_key, 'h', 'i'),
                waybill.ident_list(v_to, 'i.'))
        END,
        p_reference.conrelid::regclass,
        (SELECT string_agg(format('r.%I = g.%I', x.source, x.target), ' AND ')
            FROM unnest(v_from, v_to) AS x (source, target)),
        -- Rows of the load itself are taken back with it.
        CASE WHEN p_reference.conrelid = p_plan.target
            THEN format('WHERE r._landed <> %s', p_plan.effective_order) END));
END
$$;
