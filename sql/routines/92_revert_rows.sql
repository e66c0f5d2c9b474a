-- The rows that a revert works on.

-- Record the keys of records that lose to the row of a later-landed file: if that file is taken
-- back, its rows are not what they would be without it. Hashed, and not more than can be searched.
CREATE OR REPLACE FUNCTION waybill.keep_superseded_keys(p_plan waybill.merge_plan) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_hash CONSTANT text := coalesce(waybill.key_hash(p_plan, 's'), 'NULL::bigint');
BEGIN
    IF waybill.total_of(p_plan, 'superseded') = 0 THEN
        RETURN;
    END IF;
    PERFORM waybill.run_sql(format(
        $q$
        INSERT INTO waybill.superseded_keys (job_id, hashes)
        SELECT %1$L, CASE WHEN count(*) = count(%2$s) AND count(*) <= waybill.most_kept_keys()
            THEN array_agg(%2$s) END
        FROM pg_temp.merge_records AS s
        WHERE s._waybill_class = 'superseded'
        $q$, p_plan.job_id, v_hash));
END
$$;

-- The table, its key and its partitions, as they are now, and the stamp of the job's rows.
CREATE OR REPLACE FUNCTION waybill.plan_revert(p_job waybill.ingestion_jobs)
RETURNS waybill.merge_plan
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_plan waybill.merge_plan;
    v_dataset waybill.datasets;
BEGIN
    SELECT * INTO v_dataset FROM waybill.datasets AS d WHERE d.name = p_job.dataset;
    v_plan.job_id := p_job.job_id;
    v_plan.effective_order := coalesce(p_job.effective_order, p_job.landing_order);
    v_plan.target := v_dataset.target;
    v_plan.natural_key := v_dataset.natural_key;
    v_plan.partition_column := waybill.partitioning(v_dataset) ->> 'column';
    v_plan.partition_unit := waybill.partitioning(v_dataset) ->> 'unit';
    v_plan.columns := ARRAY(
        SELECT a.attname::text FROM pg_attribute AS a
        WHERE a.attrelid = v_dataset.target AND a.attnum > 0 AND NOT a.attisdropped
            AND a.attgenerated = ''
        ORDER BY a.attnum);
    RETURN v_plan;
END
$$;

-- Fill a table for one load with the rows of a query. It is made for the first load of a revert and
-- emptied for the next ones: each table would be locked until the commit, and locks are limited.
CREATE OR REPLACE FUNCTION waybill.fill_for_revert(p_table text, p_query text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_rows bigint;
BEGIN
    IF to_regclass('pg_temp.' || p_table) IS NULL THEN
        PERFORM waybill.run_sql(format(
            'CREATE TEMP TABLE %s ON COMMIT DROP AS %s WITH NO DATA', p_table, p_query));
    ELSE
        PERFORM waybill.run_sql('TRUNCATE pg_temp.' || p_table);
    END IF;
    v_rows := waybill.run_sql(format('INSERT INTO pg_temp.%s %s', p_table, p_query));
    -- A new table counts as larger than it is, and for each small load the table would be scanned. Of
    -- few rows their number suffices: statistics of every column would pile up until the commit.
    PERFORM waybill.run_sql(format('ANALYZE pg_temp.%s %s', p_table, CASE WHEN v_rows <= 1000 THEN (
        SELECT format('(%I)', a.attname) FROM pg_attribute AS a
        WHERE a.attrelid = to_regclass('pg_temp.' || p_table) AND a.attnum = 1) END));
END
$$;

-- revert_images: the rows that the job updated, stamped or deleted, as they were before, in the
-- table's types. What it changed twice is in the first image; a row of its own has none.
CREATE OR REPLACE FUNCTION waybill.collect_images(p_plan waybill.merge_plan, p_dataset text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_key CONSTANT text := coalesce(waybill.ident_list(p_plan.natural_key), '_waybill_image');
BEGIN
    PERFORM waybill.fill_for_revert('revert_images', format(
        $q$
        SELECT %1$s x.*
        FROM (
            SELECT i.image_id AS _waybill_image, %2$s
            FROM waybill.row_images AS i
            WHERE i.job_id = %3$L AND i.dataset = %4$L AND i.landed <> %5$s
                AND i.record IS NOT NULL
        ) AS x
        %6$s
        $q$,
        -- Without a key nothing is updated: each image is a row that was deleted.
        'DISTINCT ON (' || v_key || ')',
        (
            SELECT string_agg(format('(i.record ->> %1$L)::%2$s AS %1$I', a.attname,
                format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum)
            FROM pg_attribute AS a
            WHERE a.attrelid = p_plan.target AND a.attname = ANY (p_plan.columns)
        ),
        p_plan.job_id, p_dataset, p_plan.effective_order,
        'ORDER BY ' || v_key || ', _waybill_image'));
END
$$;

-- How many rows with the load's stamp were deleted since their persons were erased.
CREATE OR REPLACE FUNCTION waybill.erased_rows(p_plan waybill.merge_plan,
    p_job waybill.ingestion_jobs)
RETURNS bigint
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT count(*) FROM waybill.row_images AS i
    WHERE i.dataset = p_job.dataset AND i.landed = p_plan.effective_order
        AND i.record IS NULL AND i.job_id IS DISTINCT FROM p_job.job_id
);

-- Views with the rows are stale; so are those of rows that moved, on both sides.
CREATE OR REPLACE FUNCTION waybill.mark_reverted(p_plan waybill.merge_plan, p_dataset text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    PERFORM waybill.run_sql(format(
        $q$
        INSERT INTO waybill.stale_parts (dataset, part, job_id)
        SELECT DISTINCT %1$L, coalesce(waybill.partition_label(%2$L, x.start), ''), %3$L::uuid
        FROM (
            SELECT _waybill_partition FROM pg_temp.revert_removed
            UNION SELECT _waybill_partition FROM pg_temp.revert_present
            UNION SELECT %4$s FROM pg_temp.revert_images AS i
        ) AS x (start)
        $q$,
        p_dataset, p_plan.partition_unit, p_plan.job_id,
        waybill.partition_start_of(p_plan, 'i')));
END
$$;

-- The key of a row, as an expression, for the message.
CREATE OR REPLACE FUNCTION waybill.named_key(p_plan waybill.merge_plan, p_template text)
RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN coalesce((
    SELECT format('jsonb_build_object(%s)',
        string_agg(format('%L, ' || p_template, k.name, k.name), ', '))
    FROM unnest((p_plan).natural_key[1:50]) AS k (name)
), 'NULL::jsonb');

-- Rows that are gone without a trace, as with a truncated or detached partition, or that others
-- inserted with the load's stamp: the rows that are there must be as many as the load wrote.
CREATE OR REPLACE FUNCTION waybill.find_missing(p_plan waybill.merge_plan,
    p_job waybill.ingestion_jobs)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_taken bigint;
    v_found bigint;
BEGIN
    SELECT p_job.inserted
        + (SELECT count(*) FROM pg_temp.revert_images)
        + (SELECT count(*) FROM waybill.row_images AS i
            WHERE i.job_id = p_job.job_id AND i.dataset = p_job.dataset AND i.record IS NULL
                AND i.landed <> p_plan.effective_order),
        (SELECT count(*) FROM pg_temp.revert_removed)
        + (SELECT count(*) FROM pg_temp.revert_present)
        + waybill.erased_rows(p_plan, p_job)
        + p_job.deleted
    INTO v_taken, v_found;
    IF v_taken <> v_found THEN
        INSERT INTO pg_temp.revert_conflicts VALUES ('rows-missing', NULL, NULL, format(
            'The load wrote %s rows, and %s are accounted for', v_taken, v_found));
    END IF;
END
$$;
