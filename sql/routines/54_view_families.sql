-- Families of materialised views: one per part of a dataset, made when the part appears.
-- Nothing here knows a column of a dataset; that is the source function's business.

-- The time range of a part: `2021`, `2021-03`, `2021-03-05`, or empty for a whole table.
CREATE OR REPLACE FUNCTION waybill.part_bounds(
    part text, OUT lower timestamptz, OUT upper timestamptz)
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    fields integer[] := string_to_array(part, '-')::integer[];
    first_day timestamp;
BEGIN
    IF part = '' THEN
        lower := '-infinity';
        upper := 'infinity';
        RETURN;
    END IF;
    -- Steps are taken without a zone: a day that a session's zone makes 23 hours long, or a
    -- year that it begins elsewhere, must not move a bound.
    first_day := make_timestamp(
        fields[1], coalesce(fields[2], 1), coalesce(fields[3], 1), 0, 0, 0);
    lower := first_day AT TIME ZONE 'UTC';
    upper := (first_day + CASE cardinality(fields)
        WHEN 1 THEN interval '1 year'
        WHEN 2 THEN interval '1 month'
        ELSE interval '1 day' END) AT TIME ZONE 'UTC';
END
$$;

CREATE OR REPLACE FUNCTION waybill.view_name(family text, part text) RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN family || '_' || CASE part WHEN '' THEN 'all' ELSE replace(part, '-', '_') END;

-- Makes the view of one part, filled. Its unique index is what REFRESH CONCURRENTLY needs;
-- nulls are not distinct in it, since a key column may be null in one row of the view.
CREATE OR REPLACE FUNCTION waybill.create_family_view(family waybill.view_families, part text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    bounds record := waybill.part_bounds(part);
    name text := waybill.view_name(family.family, part);
    keys text;
BEGIN
    SELECT string_agg(format('%I', k), ', ') INTO STRICT keys FROM unnest(family.row_key) AS k;
    EXECUTE format('CREATE MATERIALIZED VIEW public.%I AS SELECT * FROM %s(%L, %L)',
        name, family.source, bounds.lower, bounds.upper);
    EXECUTE format('CREATE UNIQUE INDEX ON public.%I (%s) NULLS NOT DISTINCT', name, keys);
    -- Questions are asked at once, long before autovacuum has looked at the view.
    EXECUTE format('ANALYZE public.%I', name);
END
$$;

-- (Re)makes the view that unites a family. The part is a literal in every branch, so a query
-- for one part reads one view. CREATE OR REPLACE locks readers out until the commit: call
-- this last in a transaction.
CREATE OR REPLACE FUNCTION waybill.rebuild_union_view(family waybill.view_families) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    unit text := (SELECT d.partition_unit FROM waybill.datasets AS d
        WHERE d.name = family.dataset);
    kind text := CASE unit WHEN 'year' THEN 'integer' ELSE 'text' END;
    branches text;
BEGIN
    SELECT string_agg(
        format('SELECT CAST(%L AS %s) AS %I, v.* FROM public.%I AS v',
            v.part, kind, coalesce(unit, 'part'), waybill.view_name(v.family, v.part)),
        ' UNION ALL ' ORDER BY v.part)
    INTO branches
    FROM waybill.family_views AS v WHERE v.family = rebuild_union_view.family.family;
    EXECUTE format('CREATE OR REPLACE VIEW public.%I AS %s', family.family, coalesce(branches,
        format('SELECT CAST(NULL AS %s) AS %I, v.* FROM %s(NULL, NULL) AS v WHERE false',
            kind, coalesce(unit, 'part'), family.source)));
END
$$;

-- One refresher, or one migration, at a time per dataset; `try` answers at once. Without it a
-- second refresher would wait for the first one's REFRESH with a connection in its hand, and
-- then compute the same again; and two that make a view at once would each unite the family
-- without the other's.
CREATE OR REPLACE FUNCTION waybill.try_lock_refresh(dataset text) RETURNS boolean
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
RETURN pg_try_advisory_xact_lock(hashtextextended('waybill.refresh ' || dataset, 0));

CREATE OR REPLACE FUNCTION waybill.lock_refresh(dataset text) RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
RETURN pg_advisory_xact_lock(hashtextextended('waybill.refresh ' || dataset, 0));

-- Declares a family, again and again: called by the file that holds its source. A source
-- that changed makes every part stale, also of a table that was filled before the family
-- came.
CREATE OR REPLACE FUNCTION waybill.register_view_family(
    family text, dataset text, source text, row_key text[])
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    definition text := pg_get_functiondef(
        format('%s(timestamptz, timestamptz)', source)::regprocedure);
    known waybill.view_families;
    declared waybill.view_families := (family, dataset, source, row_key, definition);
BEGIN
    -- A refresh that is making a year's view would not be seen, and its year left out.
    PERFORM waybill.lock_refresh(dataset);
    SELECT * INTO known FROM waybill.view_families AS f
    WHERE f.family = register_view_family.family;
    INSERT INTO waybill.view_families SELECT declared.*
    ON CONFLICT ON CONSTRAINT view_families_pkey DO UPDATE SET dataset = excluded.dataset,
        source = excluded.source, row_key = excluded.row_key, definition = excluded.definition;
    PERFORM waybill.rebuild_union_view(declared);
    IF known.definition IS DISTINCT FROM definition THEN
        -- No job did this, hence the nil UUID; and what is missing may be as old as it gets.
        INSERT INTO waybill.stale_parts (dataset, part, job_id, marked_at)
        SELECT register_view_family.dataset, p.part, '00000000-0000-0000-0000-000000000000',
            '-infinity'
        FROM waybill.parts_of(register_view_family.dataset) AS p (part);
    END IF;
END
$$;

-- The parts that a dataset has: partitions that we made end in `_2021`, `_2021_03` …
CREATE OR REPLACE FUNCTION waybill.parts_of(dataset text) RETURNS SETOF text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT replace(label.found[1], '_', '-')
    FROM waybill.datasets AS d
    JOIN pg_inherits AS i ON i.inhparent = d.target
    JOIN pg_class AS part ON part.oid = i.inhrelid
    CROSS JOIN regexp_matches(part.relname, '_(\d{4}(?:_\d\d){0,2})$') AS label (found)
    WHERE d.name = parts_of.dataset AND d.partition_unit IS NOT NULL
    UNION ALL
    SELECT '' FROM waybill.datasets AS d
    WHERE d.name = parts_of.dataset AND d.partition_unit IS NULL;
END;

-- For a migration that gives a family other columns: the views go, with what stands on them,
-- and the files in `views/`, which are applied after every migration, make them again.
CREATE OR REPLACE FUNCTION waybill.drop_view_family(family text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET client_min_messages = warning
AS $$
DECLARE
    known waybill.view_families;
    part text;
BEGIN
    SELECT * INTO STRICT known FROM waybill.view_families AS f
    WHERE f.family = drop_view_family.family;
    PERFORM waybill.lock_refresh(known.dataset);
    EXECUTE format('DROP VIEW public.%I CASCADE', known.family);
    FOR part IN DELETE FROM waybill.family_views AS v WHERE v.family = known.family
        RETURNING v.part
    LOOP
        EXECUTE format('DROP MATERIALIZED VIEW public.%I',
            waybill.view_name(known.family, part));
    END LOOP;
    EXECUTE format('DROP FUNCTION %s(timestamptz, timestamptz)', known.source);
    DELETE FROM waybill.view_families AS f WHERE f.family = known.family;
END
$$;
