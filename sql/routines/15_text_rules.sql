-- Rules for the text of fields, each checked when it is declared: its problem, or null.

-- Columns that a rule may name: those that files fill, with kind and staging type.
CREATE OR REPLACE FUNCTION waybill.rule_columns(p_dataset waybill.datasets)
RETURNS TABLE (name text, kind text, stage text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT c.col ->> 'name', c.col ->> 'kind', c.col ->> 'stage'
    FROM jsonb_array_elements(waybill.contract_columns(p_dataset)) AS c (col);
END;

-- Whether upper and lower case mean the same column value only for text: a rule would damage JSON.
CREATE OR REPLACE FUNCTION waybill.has_letter_case(p_kind text, p_stage text) RETURNS boolean
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN p_stage = 'text' AND p_kind NOT IN ('json', 'jsonb', 'bytea', 'xml', 'numeric');

-- The problem of a list of column names, or null. `*` stands for every column that the rule fits.
CREATE OR REPLACE FUNCTION waybill.name_list_problem(p_dataset waybill.datasets, p_rule text,
    p_names jsonb)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN CASE
    WHEN jsonb_typeof(p_names) <> 'array' OR p_names @? '$[*] ? (@.type() != "string")'
        THEN format('%s: a list of column names is needed', p_rule)
    ELSE (
        SELECT min(CASE
            WHEN c.name IS NULL THEN format('%s, %s: there is no such column', p_rule, n.name)
            WHEN p_rule IN ('lower', 'upper') AND NOT waybill.has_letter_case(c.kind, c.stage)
                THEN format('%s, %s: a column of type %s has no letter case', p_rule, n.name, c.kind)
            WHEN p_rule = 'trim' AND c.kind IN ('json', 'jsonb')
                THEN format('%s, %s: JSON is not trimmed', p_rule, n.name)
        END)
        FROM jsonb_array_elements_text(p_names) AS n (name)
        LEFT JOIN waybill.rule_columns(p_dataset) AS c ON c.name = n.name
        WHERE n.name <> '*'
    )
END;

CREATE OR REPLACE FUNCTION waybill.is_word_list(p_words jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN coalesce(jsonb_typeof(p_words) = 'array' AND p_words <> '[]'
    AND NOT p_words @? '$[*] ? (@.type() != "string")', false);

-- The problem of the words for null of each column, or null.
CREATE OR REPLACE FUNCTION waybill.null_words_problem(p_dataset waybill.datasets, p_words jsonb)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN CASE
    WHEN jsonb_typeof(p_words) <> 'object'
        THEN 'null_words: a JSON object is needed, with a list of words for each column'
    ELSE (
        SELECT min(CASE
            WHEN c.name IS NULL AND w.key <> '*'
                THEN format('null_words, %s: there is no such column', w.key)
            WHEN NOT waybill.is_word_list(w.value)
                THEN format('null_words, %s: a list of texts is needed', w.key)
        END)
        FROM jsonb_each(p_words) AS w
        LEFT JOIN waybill.rule_columns(p_dataset) AS c ON c.name = w.key
    )
END;

-- The problem of a new name for a column of files, or null. The name of another column is refused:
-- a replay and a batch name their columns as the table does.
CREATE OR REPLACE FUNCTION waybill.rename_problem(p_dataset waybill.datasets, p_rename jsonb)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN CASE
    WHEN jsonb_typeof(p_rename) <> 'object' OR p_rename @? '$.* ? (@.type() != "string")'
        THEN 'rename: a JSON object is needed that names a column for each header name'
    ELSE (
        SELECT min(CASE
            WHEN c.name IS NULL
                THEN format('rename, %s: there is no column %s', r.key, r.value)
            WHEN o.name IS NOT NULL
                THEN format('rename, %s: this is the name of another column', r.key)
        END)
        FROM jsonb_each_text(p_rename) AS r
        LEFT JOIN waybill.rule_columns(p_dataset) AS c ON c.name = r.value
        LEFT JOIN waybill.rule_columns(p_dataset) AS o
            ON lower(o.name) = lower(r.key) AND o.name <> r.value
    )
END;

-- The problem of one condition of a filter, or null.
CREATE OR REPLACE FUNCTION waybill.condition_problem(p_dataset waybill.datasets, p_condition jsonb)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN CASE
    WHEN jsonb_typeof(p_condition) <> 'object'
        THEN 'a condition is a JSON object'
    WHEN NOT EXISTS (
        SELECT FROM waybill.rule_columns(p_dataset) AS c WHERE c.name = p_condition ->> 'column')
        THEN format('there is no column %s', coalesce(p_condition -> 'column', '""'))
    WHEN (SELECT count(*) FROM jsonb_object_keys(p_condition)) <> 2
        OR NOT p_condition ?| '{in,not_in,like,not_like,filled}'
        THEN 'a condition has a column and one of in, not_in, like, not_like, filled'
    WHEN p_condition ?| '{in,not_in}'
        AND NOT waybill.is_word_list(coalesce(p_condition -> 'in', p_condition -> 'not_in'))
        THEN 'in and not_in need a list of texts'
    WHEN p_condition ?| '{like,not_like}'
        AND jsonb_typeof(coalesce(p_condition -> 'like', p_condition -> 'not_like')) <> 'string'
        THEN 'like and not_like need a pattern'
    WHEN coalesce(p_condition ->> 'like', p_condition ->> 'not_like') ~ '^([^\\]|\\.)*\\$'
        THEN 'the pattern ends with an escape character'
    WHEN p_condition ? 'filled' AND jsonb_typeof(p_condition -> 'filled') <> 'boolean'
        THEN 'filled is true or false'
END;

CREATE OR REPLACE FUNCTION waybill.filter_problem(p_dataset waybill.datasets, p_filter jsonb)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN CASE
    WHEN jsonb_typeof(p_filter) <> 'array'
        THEN 'filter: a list of conditions is needed'
    ELSE (
        SELECT format('filter, condition %s: %s', f.n, waybill.condition_problem(p_dataset, f.condition))
        FROM jsonb_array_elements(p_filter) WITH ORDINALITY AS f (condition, n)
        WHERE waybill.condition_problem(p_dataset, f.condition) IS NOT NULL
        ORDER BY f.n
        LIMIT 1
    )
END;
