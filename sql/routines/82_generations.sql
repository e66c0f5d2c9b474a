-- Generations: how often the rows of a dataset have changed, for whoever caches them.
--
-- A process may serve cached rows of a generation while it holds a lease of it. No change becomes
-- visible before every lease of the earlier generation has ended, and none is given while a change
-- is on its way. So nobody serves rows from before a commit after it, whatever a cache does with
-- its entries: they carry their generation, and no message has to arrive.

-- The least time of a lease; the longest is twice that, and so is the longest wait of a change.
CREATE OR REPLACE FUNCTION waybill.lease_time() RETURNS interval
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN interval '1 second';

CREATE OR REPLACE FUNCTION waybill.generation_lock_key(p_dataset text) RETURNS bigint
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN hashtextextended('waybill.generation.' || p_dataset, 0);

-- The datasets whose rows change with those of a dataset: itself, and those that a foreign key with
-- CASCADE, SET NULL or SET DEFAULT leads to, through whatever tables.
CREATE OR REPLACE FUNCTION waybill.datasets_changed_with(p_dataset text) RETURNS SETOF text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH RECURSIVE changed (relation) AS (
        SELECT d.target::oid FROM waybill.datasets AS d WHERE d.name = p_dataset
        UNION
        SELECT coalesce(pg_partition_root(k.conrelid), k.conrelid)::oid
        FROM changed AS c
        JOIN pg_constraint AS k ON k.confrelid = c.relation AND k.contype = 'f'
        WHERE k.confdeltype IN ('c', 'n', 'd') OR k.confupdtype IN ('c', 'n', 'd')
    )
    SELECT d.name
    FROM changed AS c
    JOIN waybill.datasets AS d ON d.target = c.relation;
END;

-- The transaction has changed rows of the dataset. Called before the commit, once or more often.
CREATE OR REPLACE FUNCTION waybill.begin_generation(p_dataset text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    -- In the order of their names: two changes that lead to each other's datasets would otherwise
    -- wait for each other.
    v_datasets CONSTANT text[] := CASE
        WHEN EXISTS (
            SELECT FROM waybill.datasets AS d
            JOIN pg_constraint AS k ON k.confrelid = d.target AND k.contype = 'f'
            WHERE d.name = p_dataset)
            THEN ARRAY(
                SELECT c.name FROM waybill.datasets_changed_with(p_dataset) AS c (name)
                ORDER BY c.name)
        ELSE ARRAY(SELECT d.name FROM waybill.datasets AS d WHERE d.name = p_dataset)
    END;
    v_dataset text;
    v_generation bigint;
BEGIN
    DELETE FROM waybill.current_contents WHERE dataset = p_dataset;
    FOREACH v_dataset IN ARRAY v_datasets LOOP
        -- Held until the commit: without it a lease could be given between the wait for the last
        -- one and the commit. It waits for leases being given, which takes milliseconds.
        PERFORM pg_advisory_xact_lock(waybill.generation_lock_key(v_dataset));
        INSERT INTO waybill.data_generations AS g (dataset, generation) VALUES (v_dataset, 1)
        ON CONFLICT (dataset) DO UPDATE
        SET generation = g.generation + 1, generation_id = gen_random_uuid()
        RETURNING g.generation INTO v_generation;
        INSERT INTO waybill.data_changes (dataset, generation) VALUES (v_dataset, v_generation);
        DELETE FROM waybill.data_changes
        WHERE dataset = v_dataset AND changed_at < clock_timestamp() - interval '1 minute';
    END LOOP;
END
$$;

-- The transaction has stored rows of the dataset again with the values that they had: what is cached
-- is as good as before, so nothing is waited for, but whoever reads the table page by page begins
-- again. Called before the commit.
CREATE OR REPLACE FUNCTION waybill.note_moved_rows(p_dataset text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- As in begin_generation: a lease that is asked for meanwhile would wait for the row.
    PERFORM pg_advisory_xact_lock(waybill.generation_lock_key(p_dataset));
    INSERT INTO waybill.data_generations AS g (dataset) VALUES (p_dataset)
    ON CONFLICT (dataset) DO UPDATE SET generation_id = gen_random_uuid();
END
$$;

-- Runs at the commit of a change: waits until the last lease has ended. Without readers that
-- cache there is none, and nothing is waited for.
CREATE OR REPLACE FUNCTION waybill.await_leases() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_until CONSTANT timestamptz := (
        SELECT g.leased_until FROM waybill.data_generations AS g WHERE g.dataset = NEW.dataset);
BEGIN
    IF v_until > clock_timestamp() THEN
        -- No lease is longer than twice the lease time: if the clock was set back meanwhile, that
        -- is enough.
        PERFORM pg_sleep_for(least(v_until - clock_timestamp(), 2 * waybill.lease_time()));
    END IF;
    RETURN NULL;
END
$$;

-- Whether the dataset changes so often that every lease would keep a change waiting.
CREATE OR REPLACE FUNCTION waybill.changes_often(p_dataset text) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT count(*) > 3
    FROM waybill.data_changes AS c
    WHERE c.dataset = p_dataset AND c.changed_at > clock_timestamp() - interval '10 seconds'
);

-- Lease the current generation, by its id, for so many seconds; null while rows are being changed and
-- for datasets that change often. The lease of one process is everybody's: it is extended at most
-- once in a lease time, however many ask.
CREATE OR REPLACE FUNCTION waybill.lease_generation(p_dataset text, OUT generation uuid,
    OUT seconds float8)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_until timestamptz;
BEGIN
    -- Shared, and only if it is free: a change holds it from before its wait to its commit. The
    -- generation is read in a later snapshot, which has the commit of every change before.
    IF NOT pg_try_advisory_xact_lock_shared(waybill.generation_lock_key(p_dataset)) THEN
        RETURN;
    END IF;
    IF waybill.changes_often(p_dataset) THEN
        RETURN;
    END IF;
    SELECT g.generation_id, g.leased_until INTO generation, v_until
    FROM waybill.data_generations AS g
    WHERE g.dataset = p_dataset;
    IF v_until IS NULL OR v_until < clock_timestamp() + waybill.lease_time() THEN
        INSERT INTO waybill.data_generations AS g (dataset, leased_until)
        SELECT d.name, clock_timestamp() + 2 * waybill.lease_time()
        FROM waybill.datasets AS d
        WHERE d.name = p_dataset
        ON CONFLICT (dataset) DO UPDATE
        SET leased_until = greatest(g.leased_until, excluded.leased_until)
        RETURNING g.generation_id, g.leased_until INTO generation, v_until;
    END IF;
    seconds := extract(epoch FROM v_until - clock_timestamp());
END
$$;
