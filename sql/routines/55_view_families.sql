-- Families of materialised views: one for each part of a dataset, made when the part appears.
-- No column of a dataset is named here; the source function defines the columns.

-- The time range of a part: `2021`, `2021-03`, `2021-03-05`, or empty for a whole table.
CREATE OR REPLACE FUNCTION waybill.part_bounds(p_part text, OUT lower timestamptz,
    OUT upper timestamptz)
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_fields CONSTANT integer[] := string_to_array(p_part, '-')::integer[];
    v_start timestamp;
BEGIN
    IF p_part = '' THEN
        lower := '-infinity';
        upper := 'infinity';
        RETURN;
    END IF;
    -- Steps are taken without a zone: a day of 23 hours in the session's zone must not move a
    -- bound.
    v_start := make_timestamp(
        v_fields[1], coalesce(v_fields[2], 1), coalesce(v_fields[3], 1), 0, 0, 0);
    lower := v_start AT TIME ZONE 'UTC';
    upper := (v_start + CASE cardinality(v_fields)
        WHEN 1 THEN interval '1 year'
        WHEN 2 THEN interval '1 month'
        ELSE interval '1 day'
    END) AT TIME ZONE 'UTC';
END
$$;

CREATE OR REPLACE FUNCTION waybill.view_name(p_family text, p_part text) RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN concat(p_family, '_', CASE p_part WHEN '' THEN 'all' ELSE replace(p_part, '-', '_') END);

-- Makes the view of one part, filled. REFRESH CONCURRENTLY needs its unique index; nulls are not
-- distinct in it, since a key column may be null in one row of the view.
CREATE OR REPLACE FUNCTION waybill.create_family_view(p_family waybill.view_families,
    p_part text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_name CONSTANT text := waybill.view_name(p_family.family, p_part);
    v_bounds record := waybill.part_bounds(p_part);
BEGIN
    PERFORM waybill.run_sql(format(
        $q$
        CREATE MATERIALIZED VIEW public.%I AS
        SELECT * FROM %s(%L, %L)
        $q$, v_name, p_family.source, v_bounds.lower, v_bounds.upper));
    PERFORM waybill.run_sql(format(
        'CREATE UNIQUE INDEX ON public.%I (%s) NULLS NOT DISTINCT',
        v_name, waybill.ident_list(p_family.row_key)));
    -- It is queried at once, long before autovacuum analyses it.
    PERFORM waybill.run_sql(format('ANALYZE public.%I', v_name));
END
$$;

-- Makes or replaces the view that unites a family. The part is a literal in every branch, so a
-- query for one part reads one view. CREATE OR REPLACE locks readers out until the commit: call
-- this last in a transaction.
CREATE OR REPLACE FUNCTION waybill.rebuild_union_view(p_family waybill.view_families)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_unit CONSTANT text := (
        SELECT d.partition_unit FROM waybill.datasets AS d WHERE d.name = p_family.dataset
    );
    v_type CONSTANT text := CASE v_unit WHEN 'year' THEN 'integer' ELSE 'text' END;
    v_branches text;
BEGIN
    SELECT string_agg(
        format('SELECT CAST(%L AS %s) AS %I, v.* FROM public.%I AS v',
            v.part, v_type, coalesce(v_unit, 'part'), waybill.view_name(v.family, v.part)),
        ' UNION ALL ' ORDER BY v.part)
    INTO v_branches
    FROM waybill.family_views AS v
    WHERE v.family = p_family.family;
    PERFORM waybill.run_sql(format('CREATE OR REPLACE VIEW public.%I AS %s', p_family.family,
        coalesce(v_branches, format(
            'SELECT CAST(NULL AS %s) AS %I, v.* FROM %s(NULL, NULL) AS v WHERE false',
            v_type, coalesce(v_unit, 'part'), p_family.source))));
END
$$;

-- One refresh, or one migration, of a dataset at a time; the `try` form returns at once. Without
-- it a second refresh would wait for the first one's REFRESH with an open connection and then
-- compute the same again; and two that each make a view would each leave out the other's.
CREATE OR REPLACE FUNCTION waybill.try_lock_refresh(p_dataset text) RETURNS boolean
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
RETURN pg_try_advisory_xact_lock(hashtextextended('waybill.refresh ' || p_dataset, 0));

CREATE OR REPLACE FUNCTION waybill.lock_refresh(p_dataset text) RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
RETURN pg_advisory_xact_lock(hashtextextended('waybill.refresh ' || p_dataset, 0));

-- Declares a family; called by the file that holds its source, each time it is applied. A source
-- that changed makes every part stale, also of a table that was filled before the family was
-- declared.
CREATE OR REPLACE FUNCTION waybill.register_view_family(p_family text, p_dataset text,
    p_source text, p_row_key text[])
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_definition CONSTANT text := pg_get_functiondef(
        format('%s(timestamptz, timestamptz)', p_source)::regprocedure);
    v_known waybill.view_families;
    v_declared CONSTANT waybill.view_families :=
        (p_family, p_dataset, p_source, p_row_key, v_definition);
BEGIN
    -- A refresh that is making a view would not be seen, and its part left out.
    PERFORM waybill.lock_refresh(p_dataset);
    SELECT * INTO v_known FROM waybill.view_families AS f WHERE f.family = p_family;
    INSERT INTO waybill.view_families
    SELECT v_declared.*
    ON CONFLICT (family) DO UPDATE
    SET dataset = excluded.dataset,
        source = excluded.source,
        row_key = excluded.row_key,
        definition = excluded.definition;
    PERFORM waybill.rebuild_union_view(v_declared);
    IF v_known.definition IS DISTINCT FROM v_definition THEN
        -- No job did this, hence the nil UUID; and what is missing may be as old as it gets.
        INSERT INTO waybill.stale_parts (dataset, part, job_id, marked_at)
        SELECT p_dataset, p.part, '00000000-0000-0000-0000-000000000000', '-infinity'
        FROM waybill.parts_of(p_dataset) AS p (part);
    END IF;
END
$$;

-- The parts that a dataset has, by the bounds of its partitions.
CREATE OR REPLACE FUNCTION waybill.parts_of(p_dataset text) RETURNS SETOF text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
BEGIN ATOMIC
    SELECT waybill.partition_label(d.partition_unit, s.start)
    FROM waybill.datasets AS d
    JOIN pg_inherits AS i ON i.inhparent = d.target
    JOIN pg_class AS c ON c.oid = i.inhrelid
    CROSS JOIN regexp_matches(pg_get_expr(c.relpartbound, c.oid),
        $r$FROM \('([^']+)'\) TO \('([^']+)'\)$r$) AS b (bounds)
    CROSS JOIN generate_series(
        b.bounds[1]::timestamptz AT TIME ZONE 'UTC',
        b.bounds[2]::timestamptz AT TIME ZONE 'UTC' - interval '1 day',
        ('1 ' || d.partition_unit)::interval) AS s (start)
    WHERE d.name = p_dataset AND d.partition_unit IS NOT NULL
    UNION ALL
    SELECT ''
    FROM waybill.datasets AS d
    WHERE d.name = p_dataset AND d.partition_unit IS NULL;
END;

-- For a migration that gives a family other columns: the views go, with what stands on them,
-- and the files in `views/`, which are applied after every migration, make them again.
CREATE OR REPLACE FUNCTION waybill.drop_view_family(p_family text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET client_min_messages = warning
AS $$
DECLARE
    v_known waybill.view_families;
    v_part text;
BEGIN
    SELECT * INTO STRICT v_known FROM waybill.view_families AS f WHERE f.family = p_family;
    PERFORM waybill.lock_refresh(v_known.dataset);
    PERFORM waybill.run_sql(format('DROP VIEW public.%I CASCADE', v_known.family));
    FOR v_part IN
        DELETE FROM waybill.family_views AS v
        WHERE v.family = v_known.family
        RETURNING v.part
    LOOP
        PERFORM waybill.run_sql(format('DROP MATERIALIZED VIEW public.%I',
            waybill.view_name(v_known.family, v_part)));
    END LOOP;
    PERFORM waybill.run_sql(format('DROP FUNCTION %s(timestamptz, timestamptz)', v_known.source));
    DELETE FROM waybill.view_families AS f WHERE f.family = v_known.family;
END
$$;
