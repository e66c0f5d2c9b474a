-- Whether a partition has nothing of its own, so that a new table may take its place.

-- What a table has besides its name, indexes, foreign keys and place in another table, a line for each.
CREATE OR REPLACE FUNCTION waybill.own_properties(p_table regclass) RETURNS text[]
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN ARRAY(
    WITH objects (catalog, id) AS (
        SELECT 'pg_class'::regclass, p_table::oid
        UNION ALL
        SELECT 'pg_class'::regclass, i.indexrelid FROM pg_index AS i WHERE i.indrelid = p_table
        UNION ALL
        SELECT 'pg_constraint'::regclass, c.oid FROM pg_constraint AS c WHERE c.conrelid = p_table
        UNION ALL
        SELECT 'pg_attrdef'::regclass, d.oid FROM pg_attrdef AS d WHERE d.adrelid = p_table
        UNION ALL
        SELECT 'pg_type'::regclass, unnest(ARRAY[t.oid, t.typarray])
        FROM pg_type AS t WHERE t.typrelid = p_table
    )
    SELECT x.line
    FROM (
        SELECT ROW(c.relnamespace, c.relkind, c.relpersistence, c.relowner, c.relacl, c.reloptions,
            t.reloptions, c.reltablespace, c.relam, c.relreplident, c.relrowsecurity,
            c.relforcerowsecurity, c.reloftype, y.typacl)::text
        FROM pg_class AS c
        JOIN pg_type AS y ON y.oid = c.reltype
        LEFT JOIN pg_class AS t ON t.oid = c.reltoastrelid
        WHERE c.oid = p_table
        UNION ALL
        SELECT ROW(row_number() OVER (ORDER BY a.attnum), a.attname, a.atttypid, a.atttypmod,
            a.attcollation, a.attnotnull, a.attgenerated, a.attstorage, a.attcompression,
            a.attstattarget, a.attoptions, a.attacl, pg_get_expr(d.adbin, d.adrelid))::text
        FROM pg_attribute AS a
        LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attrelid = p_table AND a.attnum > 0 AND NOT a.attisdropped
        UNION ALL
        SELECT ROW(c.contype, c.conname, c.convalidated, c.connoinherit, pg_get_constraintdef(c.oid))::text
        FROM pg_constraint AS c
        WHERE c.conrelid = p_table AND c.contype IN ('c', 'n', 't') AND c.conname <> '_waybill_range'
        UNION ALL
        SELECT 'trigger ' || t.tgname FROM pg_trigger AS t
        WHERE t.tgrelid = p_table AND (NOT t.tgisinternal OR t.tgenabled <> 'O')
        UNION ALL
        SELECT 'rule ' || r.rulename FROM pg_rewrite AS r WHERE r.ev_class = p_table
        UNION ALL
        SELECT 'policy ' || p.polname FROM pg_policy AS p WHERE p.polrelid = p_table
        UNION ALL
        SELECT 'statistics ' || s.stxname FROM pg_statistic_ext AS s WHERE s.stxrelid = p_table
        UNION ALL
        SELECT 'publication ' || p.prpubid FROM pg_publication_rel AS p WHERE p.prrelid = p_table
        UNION ALL
        SELECT 'subscription ' || s.srsubid FROM pg_subscription_rel AS s WHERE s.srrelid = p_table
        UNION ALL
        SELECT 'comment ' || d.description FROM pg_description AS d
        JOIN objects AS o ON o.catalog = d.classoid AND o.id = d.objoid
        UNION ALL
        SELECT 'label ' || l.label FROM pg_seclabel AS l
        JOIN objects AS o ON o.catalog = l.classoid AND o.id = l.objoid
        UNION ALL
        -- Views, functions, columns of its type, and sequences that it owns.
        SELECT 'dependent ' || d.objid
        FROM pg_depend AS d
        JOIN objects AS o ON o.catalog = d.refclassid AND o.id = d.refobjid
        LEFT JOIN pg_class AS c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
        WHERE (d.deptype = 'n' OR c.relkind = 'S')
            AND (d.classid, d.objid) NOT IN (SELECT o.catalog, o.id FROM objects AS o)
        UNION ALL
        SELECT 'extension ' || d.refobjid FROM pg_depend AS d
        JOIN objects AS o ON o.catalog = d.classid AND o.id = d.objid
        WHERE d.deptype IN ('e', 'x')
    ) AS x (line)
    ORDER BY x.line COLLATE "C"
);

-- Whether a partition is as one that Waybill makes, of which `p_copy` is an example without indexes.
CREATE OR REPLACE FUNCTION waybill.is_plain_partition(p_target regclass, p_partition regclass,
    p_copy regclass)
RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN waybill.own_properties(p_partition) = waybill.own_properties(p_copy)
    -- Its keys, unique values and references are those of the table, by the names that a new one has.
    -- What is its own, too, would stay if the table lost it.
    AND NOT EXISTS (
        SELECT FROM pg_constraint AS c
        LEFT JOIN pg_constraint AS r ON r.oid = c.conparentid AND r.conrelid = p_target
        WHERE c.conrelid = p_partition AND (
            c.conislocal
            OR c.contype IN ('f', 'p', 'u', 'x')
                AND (r.oid IS NULL OR NOT c.convalidated OR c.contype = 'f' AND c.conname <> r.conname))
    )
    AND NOT EXISTS (
        SELECT FROM pg_index AS i
        JOIN pg_class AS c ON c.oid = i.indexrelid
        LEFT JOIN pg_inherits AS h ON h.inhrelid = i.indexrelid
        LEFT JOIN pg_index AS r ON r.indexrelid = h.inhparent AND r.indrelid = p_target
        WHERE i.indrelid = p_partition AND (
            r.indexrelid IS NULL
            OR substring(pg_get_indexdef(i.indexrelid) FROM ' (USING .*)$')
                <> substring(pg_get_indexdef(r.indexrelid) FROM ' (USING .*)$')
            OR NOT i.indisvalid OR i.indisclustered OR i.indisreplident OR c.reltablespace <> 0
            OR EXISTS (SELECT FROM pg_attribute AS a
                WHERE a.attrelid = i.indexrelid AND a.attstattarget IS NOT NULL))
    )
    AND (SELECT count(*) FROM pg_index AS i WHERE i.indrelid = p_partition)
        = (SELECT count(*) FROM pg_index AS i WHERE i.indrelid = p_target);
